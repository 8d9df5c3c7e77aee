//! Looks at everything from time to time: the machine, this process, jobs, services.
//!
//! A task of its own looks, so that the ring only takes what was found. A look costs one walk
//! through `/proc` while programs run, which the watch of jobs shares, and a few small files; between
//! two looks it costs nothing, however many jobs begin and end.

use std::sync::Arc;
use std::time::Duration;

use apex_core::resource::{HostUse, ResourceSample, Use};
use procfs::process::Process;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::groups::{GroupWatch, Owner, cpu_time, rounded};
use super::{LoadMeter, host};
use crate::services::ContainerGauges;

/// Samples that wait for the reader; a look that finds no room is left out.
const WAITING: usize = 1;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// Kibibytes of a mebibyte.
const KIBIBYTES: f64 = 1024.0;

/// Who is looked at.
pub(crate) struct Sampled {
    /// Jobs, and services that are programs.
    pub(crate) groups: Arc<GroupWatch>,
    /// Services that are containers.
    pub(crate) containers: ContainerGauges,
}

/// Looks every so often until the reader is gone. Must be called inside a tokio runtime.
pub(crate) fn start(sampled: Sampled, distance: Duration) -> mpsc::Receiver<ResourceSample> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(look_on(Sampler::of(sampled), distance, sender));
    receiver
}

async fn look_on(mut sampler: Sampler, distance: Duration, to: mpsc::Sender<ResourceSample>) {
    // The first sample has something to compare with.
    sampler.begin();
    let mut rhythm = interval_at(Instant::now() + distance, distance);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = to.closed() => return,
            _ = rhythm.tick() => {}
        }
        let sample = sampler.look().await;
        // The next sample says what is missed here.
        let _ = to.try_send(sample);
    }
}

/// Compares each look with the one before it.
struct Sampler {
    sampled: Sampled,
    load: LoadMeter,
    own: Option<(Instant, Duration)>,
    disks: Option<DiskReading>,
}

/// What went from and to the disks of the machine since it was started, in kibibytes.
#[derive(Clone, Copy)]
struct DiskReading {
    at: Instant,
    read: i64,
    written: i64,
}

impl Sampler {
    fn of(sampled: Sampled) -> Self {
        Self { sampled, load: LoadMeter::default(), own: None, disks: None }
    }

    fn begin(&mut self) {
        self.load.look();
        self.disks = disks();
        self.own_use();
    }

    async fn look(&mut self) -> ResourceSample {
        let mut sample = ResourceSample {
            host: self.host_use(),
            apex: self.own_use(),
            jobs: Vec::new(),
            services: Vec::new(),
        };
        for (owner, used) in self.sampled.groups.sample() {
            match owner {
                Owner::Job(job) => sample.jobs.push((job, used)),
                Owner::Service(service) => sample.services.push((service, used)),
            }
        }
        sample.services.extend(self.sampled.containers.look().await);
        sample.jobs.sort_by_key(|(job, _)| *job);
        sample.services.sort_by_key(|(service, _)| *service);
        sample
    }

    fn host_use(&mut self) -> HostUse {
        let now = host();
        let disks = disks();
        let before = std::mem::replace(&mut self.disks, disks);
        let between = before.zip(disks);
        HostUse {
            cpu: self.load.look().and_then(|load| rounded(load.busy)),
            memory_mb: now.memory_mb,
            memory_available_mb: now.memory_available_mb,
            read_mb_per_second: between
                .and_then(|(old, new)| rate(old.at, new.at, new.read - old.read)),
            written_mb_per_second: between
                .and_then(|(old, new)| rate(old.at, new.at, new.written - old.written)),
            pressure: now.pressure,
        }
    }

    /// What this process uses, without its children: those are the jobs. What it reads and writes
    /// is not told, because the system adds that of children that have ended.
    fn own_use(&mut self) -> Use {
        let Ok(stat) = Process::myself().and_then(|own| own.stat()) else { return Use::default() };
        let (now, spent) = (Instant::now(), cpu_time(stat.utime + stat.stime));
        let before = self.own.replace((now, spent));
        Use {
            cpus: before.and_then(|(at, before)| {
                let worked = spent.saturating_sub(before).as_secs_f64();
                rounded(worked / now.duration_since(at).as_secs_f64())
            }),
            cpu_time: Some(spent),
            memory_mb: u32::try_from((stat.rss * procfs::page_size()).div_ceil(MEBIBYTE)).ok(),
            read_mb: None,
            written_mb: None,
        }
    }
}

fn disks() -> Option<DiskReading> {
    let counters = procfs::vmstat().ok()?;
    let of = |name: &str| counters.get(name).copied();
    Some(DiskReading { at: Instant::now(), read: of("pgpgin")?, written: of("pgpgout")? })
}

/// Mebibytes a second.
#[expect(clippy::cast_precision_loss, reason = "differences of a moment are far below 2^53")]
fn rate(before: Instant, now: Instant, kibibytes: i64) -> Option<f64> {
    rounded(kibibytes.max(0) as f64 / KIBIBYTES / now.duration_since(before).as_secs_f64())
}
