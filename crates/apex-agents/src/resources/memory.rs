//! The largest memory that each process group was seen to use.
//!
//! Every look walks `/proc` once and sums the resident memory of the processes of each watched
//! group. Two errors remain: pages that processes share are counted once for each of them, so the
//! sum of a program that forks is too large; and what happens between two looks is not seen, so a
//! short peak is missed and a job shorter than twice [`RHYTHM`] may have no number. A process that
//! leaves its group is not counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use procfs::FromRead as _;
use procfs::process::Stat;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Time between two looks.
pub(crate) const RHYTHM: Duration = Duration::from_millis(250);

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// Watches process groups; one entry for each running attempt.
#[derive(Debug, Default)]
pub(crate) struct MemoryWatch {
    /// The largest sum of each group so far, in bytes; none until the first look that found it.
    peaks: Mutex<HashMap<i32, Option<u64>>>,
}

/// A group that is being watched until this is dropped.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    watch: &'a MemoryWatch,
    group: i32,
}

impl MemoryWatch {
    /// Watches a group from now on.
    pub(crate) fn watch(&self, group: i32) -> Watched<'_> {
        self.peaks().insert(group, None);
        Watched { watch: self, group }
    }

    /// Looks from time to time until nobody else holds the watch. Must be called inside a tokio
    /// runtime.
    pub(crate) fn start(watch: &Arc<Self>) {
        tokio::spawn(look_on(Arc::downgrade(watch)));
    }

    /// A look at a map of numbers is never left half done, so a panic elsewhere spoils nothing.
    fn peaks(&self) -> MutexGuard<'_, HashMap<i32, Option<u64>>> {
        self.peaks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        if !self.has_lasting() {
            return;
        }
        let mut sums: HashMap<i32, u64> = HashMap::new();
        for (group, bytes) in resident() {
            *sums.entry(group).or_default() += bytes;
        }
        for (group, peak) in self.peaks().iter_mut() {
            *peak = (*peak).max(sums.get(group).copied());
        }
    }

    /// Whether some group was there at the look before: for programs that end between two looks,
    /// a walk through all processes of the machine would cost more than they do.
    fn has_lasting(&self) -> bool {
        let mut peaks = self.peaks();
        let has_lasting = peaks.values().any(Option::is_some);
        peaks.values_mut().for_each(|peak| *peak = peak.or(Some(0)));
        has_lasting
    }
}

impl Watched<'_> {
    /// The largest memory so far in mebibytes, rounded up; none when it was never seen.
    pub(crate) fn peak_mb(&self) -> Option<u32> {
        let peak =
            self.watch.peaks().get(&self.group).copied().flatten().filter(|&peak| peak > 0)?;
        u32::try_from(peak.div_ceil(MEBIBYTE)).ok()
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.peaks().remove(&self.group);
    }
}

async fn look_on(watch: Weak<MemoryWatch>) {
    let mut rhythm = interval_at(Instant::now() + RHYTHM, RHYTHM);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        let Some(watch) = watch.upgrade() else { return };
        watch.look();
    }
}

/// Group and resident bytes of every process that can be seen.
fn resident() -> impl Iterator<Item = (i32, u64)> {
    let page = procfs::page_size();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .filter_map(|entry| Stat::from_file(entry.path().join("stat")).ok())
        .map(move |stat| (stat.pgrp, stat.rss * page))
}
