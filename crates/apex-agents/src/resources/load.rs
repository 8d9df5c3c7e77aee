//! How busy the processors are and how often work waits for them, from one look to the next.
//!
//! It relies on `/proc/stat` and `/proc/pressure/cpu`, which are those of the whole machine, also
//! inside of a container. Without the first nothing is known; without the second only how busy.

use std::time::Instant;

use apex_core::schedule::MachineLoad;
use procfs::{CpuPressure, Current, CurrentSI, KernelStats};

/// Compares each look with the one before it.
#[derive(Debug, Default)]
pub(crate) struct LoadMeter {
    before: Option<Reading>,
}

/// Counters that only grow.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    /// Ticks in which processors worked, and all their ticks.
    busy: u64,
    all: u64,
    /// Microseconds in which some work waited for a processor.
    waited: Option<u64>,
}

impl LoadMeter {
    /// What the machine did since the last look; none at the first one, and where it does not say.
    pub(crate) fn look(&mut self) -> Option<MachineLoad> {
        let now = read();
        let before = std::mem::replace(&mut self.before, now);
        between(&before?, &now?)
    }

    /// Forgets the last look, so that the next sample begins anew.
    pub(crate) const fn forget(&mut self) {
        self.before = None;
    }
}

fn read() -> Option<Reading> {
    let total = KernelStats::current().ok()?.total;
    let idle = total.idle + total.iowait.unwrap_or(0);
    // Time of guests is part of the user's time already.
    let busy = total.user
        + total.nice
        + total.system
        + total.irq.unwrap_or(0)
        + total.softirq.unwrap_or(0)
        + total.steal.unwrap_or(0);
    let waited = CpuPressure::current().ok().map(|pressure| pressure.some.total);
    Some(Reading { at: Instant::now(), busy, all: busy + idle, waited })
}

#[expect(clippy::cast_precision_loss, reason = "differences of a moment are far below 2^53")]
fn between(before: &Reading, now: &Reading) -> Option<MachineLoad> {
    let all = now.all.checked_sub(before.all).filter(|&ticks| ticks > 0)?;
    let busy = now.busy.checked_sub(before.busy)?;
    let micros = now.at.duration_since(before.at).as_micros() as f64;
    let waited = before.waited.zip(now.waited);
    let pressure = waited.and_then(|(before, now)| now.checked_sub(before));
    Some(MachineLoad {
        busy: busy as f64 / all as f64,
        pressure: pressure.map(|waited| (waited as f64 / micros).min(1.0)),
    })
}
