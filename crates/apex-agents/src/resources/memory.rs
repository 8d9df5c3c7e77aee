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
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Time between two looks.
pub(crate) const RHYTHM: Duration = Duration::from_millis(250);

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// Watches process groups; one entry for each running attempt.
#[derive(Debug, Default)]
pub(crate) struct MemoryWatch {
    groups: Mutex<HashMap<i32, Book>>,
}

/// What is known of a group.
#[derive(Debug)]
struct Book {
    /// The largest sum so far, in bytes; none until the first look that found it.
    peak: Option<u64>,
    ceiling: Option<Ceiling>,
    is_over: bool,
    /// Told when it is over.
    over: Option<Arc<Notify>>,
}

/// What all watched groups of a layer may use together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ceiling {
    /// The layer.
    pub(crate) layer: Arc<str>,
    /// Mebibytes.
    pub(crate) limit_mb: u32,
}

/// A group that is being watched until this is dropped.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    watch: &'a MemoryWatch,
    group: i32,
    over: Option<Arc<Notify>>,
}

impl MemoryWatch {
    /// Watches a group from now on. When all groups under the same ceiling use more than it
    /// allows, the one that uses most is told.
    pub(crate) fn watch(&self, group: i32, ceiling: Option<Ceiling>) -> Watched<'_> {
        let over = ceiling.is_some().then(Arc::default);
        let book = Book { peak: None, ceiling, is_over: false, over: over.clone() };
        self.groups().insert(group, book);
        Watched { watch: self, group, over }
    }

    /// Looks from time to time until nobody else holds the watch. Must be called inside a tokio
    /// runtime.
    pub(crate) fn start(watch: &Arc<Self>) {
        tokio::spawn(look_on(Arc::downgrade(watch)));
    }

    /// A look at a map of numbers is never left half done, so a panic elsewhere spoils nothing.
    fn groups(&self) -> MutexGuard<'_, HashMap<i32, Book>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        if !self.has_lasting() {
            return;
        }
        let mut sums: HashMap<i32, u64> = HashMap::new();
        for (group, bytes) in resident() {
            *sums.entry(group).or_default() += bytes;
        }
        let mut groups = self.groups();
        for (group, book) in groups.iter_mut() {
            book.peak = book.peak.max(sums.get(group).copied());
        }
        for group in over_ceilings(&groups, &sums) {
            if let Some(book) = groups.get_mut(&group) {
                book.is_over = true;
                if let Some(over) = &book.over {
                    over.notify_one();
                }
            }
        }
    }

    /// Whether some group was there at the look before: for programs that end between two looks,
    /// a walk through all processes of the machine would cost more than they do.
    fn has_lasting(&self) -> bool {
        let mut groups = self.groups();
        let has_lasting = groups.values().any(|book| book.peak.is_some());
        groups.values_mut().for_each(|book| book.peak = book.peak.or(Some(0)));
        has_lasting
    }
}

/// Of each layer that uses more than its ceiling, the group that uses most.
fn over_ceilings(groups: &HashMap<i32, Book>, sums: &HashMap<i32, u64>) -> Vec<i32> {
    let mut layers: HashMap<&Ceiling, Vec<(u64, i32)>> = HashMap::new();
    for (group, book) in groups.iter().filter(|(_, book)| !book.is_over) {
        if let (Some(ceiling), Some(&bytes)) = (&book.ceiling, sums.get(group)) {
            layers.entry(ceiling).or_default().push((bytes, *group));
        }
    }
    let is_over = |ceiling: &Ceiling, used: &[(u64, i32)]| {
        used.iter().map(|(bytes, _)| bytes).sum::<u64>() > u64::from(ceiling.limit_mb) * MEBIBYTE
    };
    let over = layers.iter().filter(|(ceiling, used)| is_over(ceiling, used));
    over.filter_map(|(_, used)| used.iter().max().map(|(_, group)| *group)).collect()
}

impl Watched<'_> {
    /// The largest memory so far in mebibytes, rounded up; none when it was never seen.
    pub(crate) fn peak_mb(&self) -> Option<u32> {
        let peak = self.watch.groups().get(&self.group)?.peak.filter(|&peak| peak > 0)?;
        u32::try_from(peak.div_ceil(MEBIBYTE)).ok()
    }

    /// Whether it was told that it is over its ceiling.
    pub(crate) fn is_over(&self) -> bool {
        self.watch.groups().get(&self.group).is_some_and(|book| book.is_over)
    }

    /// Waits until it is over its ceiling; for ever, when it has none.
    pub(crate) async fn over(&self) {
        match &self.over {
            Some(over) => over.notified().await,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.groups().remove(&self.group);
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
