//! What each process group was seen to use: memory, processor time, and reads and writes of disks.
//!
//! Every look walks `/proc` once and sums the processes of each watched group; processor time and
//! disks include children that have ended, as their parents keep it. Two errors remain: pages that
//! processes share are counted once for each of them, so the sum of a program that forks is too
//! large; and what happens between two looks is not seen, so a short peak is missed and a job
//! shorter than twice [`RHYTHM`] may have no number. A process that leaves its group is not counted.
//!
//! It is the only one who looks at jobs: limits, peaks for the planning of later runs and samples
//! of the stream all come from here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use apex_core::resource::Use;
use apex_core::{JobIx, ServiceIx};
use procfs::FromRead as _;
use procfs::process::{Io, Stat};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Time between two looks.
pub(crate) const RHYTHM: Duration = Duration::from_millis(250);

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// Watches process groups; one entry for each running attempt and each service that is a program.
#[derive(Debug, Default)]
pub(crate) struct GroupWatch {
    groups: Mutex<BTreeMap<i32, Book>>,
}

/// Whose a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// An attempt of a job.
    Job(JobIx),
    /// A service.
    Service(ServiceIx),
}

/// A group that is to be watched.
#[derive(Clone, Debug)]
pub(crate) struct Watching {
    /// Its number.
    pub(crate) group: i32,
    /// Whose it is.
    pub(crate) owner: Owner,
    /// Whether it began for this owner; what another one did before it counts only from the first
    /// look on.
    pub(crate) is_new: bool,
    /// When all groups under the same ceiling use more than it allows, the one that uses most is
    /// told.
    pub(crate) ceiling: Option<Ceiling>,
}

/// What is known of a group.
#[derive(Debug)]
struct Book {
    owner: Owner,
    /// Processor time that was used before its owner had it, in ticks; none before the first look
    /// at a group that others had before.
    ticks_before: Option<u64>,
    /// The most processor time that was seen, in ticks.
    ticks: Option<u64>,
    /// When it was sampled last, or began, and its processor time then.
    sampled: Option<(Instant, u64)>,
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
    watch: &'a GroupWatch,
    group: i32,
    over: Option<Arc<Notify>>,
}

impl GroupWatch {
    /// Watches a group from now on.
    pub(crate) fn watch(&self, watching: Watching) -> Watched<'_> {
        let Watching { group, owner, is_new, ceiling } = watching;
        let over = ceiling.is_some().then(Arc::default);
        let book = Book {
            owner,
            ticks_before: is_new.then_some(0),
            ticks: None,
            sampled: is_new.then(|| (Instant::now(), 0)),
            peak: None,
            ceiling,
            is_over: false,
            over: over.clone(),
        };
        self.groups().insert(group, book);
        Watched { watch: self, group, over }
    }

    /// Looks from time to time until nobody else holds the watch. Must be called inside a tokio
    /// runtime.
    pub(crate) fn start(watch: &Arc<Self>) {
        tokio::spawn(look_on(Arc::downgrade(watch)));
    }

    /// A look at a map of numbers is never left half done, so a panic elsewhere spoils nothing.
    fn groups(&self) -> MutexGuard<'_, BTreeMap<i32, Book>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        if !self.has_lasting() {
            return;
        }
        let sums = sums(|_| false);
        let mut groups = self.groups();
        for (group, book) in groups.iter_mut() {
            book.take(sums.get(group));
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

    /// What every group uses that can be seen; the rate is that since the sample before. Walks
    /// through all processes, unless nobody is watched.
    pub(crate) fn sample(&self) -> Vec<(Owner, Use)> {
        let watched: Vec<i32> = self.groups().keys().copied().collect();
        if watched.is_empty() {
            return Vec::new();
        }
        let sums = sums(|group| watched.contains(&group));
        let disks: HashMap<i32, Disks> =
            watched.iter().filter_map(|group| Some((*group, sums.get(group)?.disks()?))).collect();
        let now = Instant::now();
        let mut groups = self.groups();
        let seen = groups.iter_mut().filter_map(|(group, book)| {
            let seen = sums.get(group)?;
            book.take(Some(seen));
            Some((book.owner, book.sample(seen, disks.get(group), now)))
        });
        seen.collect()
    }

    /// Whether some group was there at the look before: for programs that end between two looks,
    /// a walk through all processes of the machine would cost more than they do.
    fn has_lasting(&self) -> bool {
        let mut groups = self.groups();
        // A service lasts as long as the run; its samples look for themselves.
        let is_job = |book: &&mut Book| matches!(book.owner, Owner::Job(_));
        let has_lasting = groups.values_mut().filter(is_job).any(|book| book.peak.is_some());
        groups.values_mut().for_each(|book| book.peak = book.peak.or(Some(0)));
        has_lasting
    }
}

/// Of each layer that uses more than its ceiling, the group that uses most.
fn over_ceilings(groups: &BTreeMap<i32, Book>, sums: &HashMap<i32, Seen>) -> Vec<i32> {
    let mut layers: HashMap<&Ceiling, Vec<(u64, i32)>> = HashMap::new();
    for (group, book) in groups.iter().filter(|(_, book)| !book.is_over) {
        if let (Some(ceiling), Some(seen)) = (&book.ceiling, sums.get(group)) {
            layers.entry(ceiling).or_default().push((seen.bytes, *group));
        }
    }
    let is_over = |ceiling: &Ceiling, used: &[(u64, i32)]| {
        used.iter().map(|(bytes, _)| bytes).sum::<u64>() > u64::from(ceiling.limit_mb) * MEBIBYTE
    };
    let over = layers.iter().filter(|(ceiling, used)| is_over(ceiling, used));
    over.filter_map(|(_, used)| used.iter().max().map(|(_, group)| *group)).collect()
}

impl Book {
    /// Takes what was seen of the group, if it was.
    fn take(&mut self, seen: Option<&Seen>) {
        let Some(seen) = seen else { return };
        self.peak = self.peak.max(Some(seen.bytes));
        let before = *self.ticks_before.get_or_insert(seen.ticks);
        self.ticks = self.ticks.max(Some(seen.ticks.saturating_sub(before)));
    }

    fn sample(&mut self, seen: &Seen, disks: Option<&Disks>, now: Instant) -> Use {
        let ticks = self.ticks.unwrap_or_default();
        let before = self.sampled.replace((now, ticks));
        Use {
            cpus: before.and_then(|(at, before)| {
                let spent = cpu_time(ticks.saturating_sub(before));
                rounded(spent.as_secs_f64() / now.duration_since(at).as_secs_f64())
            }),
            cpu_time: Some(cpu_time(ticks)),
            memory_mb: u32::try_from(seen.bytes.div_ceil(MEBIBYTE)).ok(),
            read_mb: disks.map(|disks| disks.read / MEBIBYTE),
            written_mb: disks.map(|disks| disks.written / MEBIBYTE),
        }
    }
}

impl Watched<'_> {
    /// The processor time that was seen so far; none when it was never seen.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        self.watch.groups().get(&self.group)?.ticks.map(cpu_time)
    }

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

async fn look_on(watch: Weak<GroupWatch>) {
    let mut rhythm = interval_at(Instant::now() + RHYTHM, RHYTHM);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        let Some(watch) = watch.upgrade() else { return };
        watch.look();
    }
}

/// What the processes of a group use together.
#[derive(Debug, Default)]
struct Seen {
    bytes: u64,
    /// Processor time, that of children that ended included.
    ticks: u64,
    /// Its processes, where they were asked for.
    processes: Vec<i32>,
}

/// Bytes that went from and to disks.
#[derive(Clone, Copy, Debug, Default)]
struct Disks {
    read: u64,
    written: u64,
}

impl Seen {
    /// None when not one process could be asked.
    fn disks(&self) -> Option<Disks> {
        let each = self
            .processes
            .iter()
            .filter_map(|process| Io::from_file(format!("/proc/{process}/io")).ok())
            .map(|io| Disks { read: io.read_bytes, written: io.write_bytes });
        each.reduce(|sum, one| Disks {
            read: sum.read + one.read,
            written: sum.written + one.written,
        })
    }
}

/// What every group of processes uses that can be seen; those of some groups are listed.
fn sums(is_listed: impl Fn(i32) -> bool) -> HashMap<i32, Seen> {
    let page = procfs::page_size();
    let mut sums: HashMap<i32, Seen> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        if !entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        let Ok(stat) = Stat::from_file(entry.path().join("stat")) else { continue };
        let seen = sums.entry(stat.pgrp).or_default();
        seen.bytes += stat.rss * page;
        let of_children = [stat.cutime, stat.cstime].map(|ticks| u64::try_from(ticks).unwrap_or(0));
        seen.ticks += stat.utime + stat.stime + of_children.iter().sum::<u64>();
        if is_listed(stat.pgrp) {
            seen.processes.push(stat.pid);
        }
    }
    sums
}

/// Ticks of the system as time.
pub(super) fn cpu_time(ticks: u64) -> Duration {
    let in_a_second = procfs::ticks_per_second().max(1);
    Duration::from_millis(ticks.saturating_mul(1_000) / in_a_second)
}

/// A number that means something, with three digits.
pub(super) fn rounded(number: f64) -> Option<f64> {
    number.is_finite().then(|| (number * 1_000.0).round() / 1_000.0)
}
