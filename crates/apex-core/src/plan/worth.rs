//! What running a test is worth: the chance that it shows a fault, and whether a budget may
//! leave it out at all.
//!
//! The chance is that of a fault since its last run: with `p` the chance in one run, estimated
//! from its recent failures, `1 - (1 - p)^k` for the `k` runs since then. Failures that came and
//! went without a change say little about faults: the rate at which a test is flaky is taken off.

use std::sync::Arc;
use std::time::Duration;

use crate::flakiness::Flakiness;
use crate::history::TestHistory;
use crate::outcome::Outcome;

/// How much of its weight a sample keeps for each run that is newer.
const FADES: f64 = 0.8;

/// Failures in so many runs that are believed before a test ever ran: one in fifty. Of the runs
/// of a large suite that found a fault, most tests found none; a few found many.
const BELIEVED: (f64, f64) = (0.02, 1.0);

/// The chance of a fault in one run that every test keeps.
const LEAST: f64 = 0.001;

/// What decides that a test has waited long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Runs after which it must run again.
    pub runs: u32,
    /// Time after which it must run again.
    pub time: Duration,
    /// The present, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
}

/// Why a budget may not leave a test out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Must {
    /// It is marked as critical.
    Critical(Arc<str>),
    /// It failed when it was last run.
    Failed(Arc<str>),
    /// It waited for its runs or days.
    Waited(Arc<str>),
    /// No run knows it.
    New,
}

impl Must {
    /// The reason, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Critical(id) => format!("{id} is critical"),
            Self::Failed(id) => format!("{id} failed in its last run"),
            Self::Waited(id) => format!("{id} did not run for too long"),
            Self::New => "some of its tests are new".to_owned(),
        }
    }
}

/// The chance that a test shows a fault when it runs now, 0 to 1.
#[must_use]
pub fn chance(test: &TestHistory) -> f64 {
    let latest = test.samples.first().map_or(0, |sample| sample.runs_ago);
    let (mut bad, mut all) = BELIEVED;
    for sample in test.samples.iter().filter(|sample| sample.attempt == 1) {
        let weight = FADES.powi((sample.runs_ago - latest).min(50).cast_signed());
        let is_bad = sample.outcome.is_bad() || sample.outcome == Outcome::Flaky;
        bad += if is_bad { weight } else { 0.0 };
        all += weight;
    }
    let unsteady = Flakiness::of(&test.samples).filter(Flakiness::is_flaky);
    let unsteady = unsteady.map_or(0.0, |flakiness| flakiness.rate);
    let once = (bad / all - unsteady).clamp(LEAST, 0.99);
    1.0 - (1.0 - once).powi((latest + 1).min(1000).cast_signed())
}

/// Why a test must run, if it must.
#[must_use]
pub fn must(id: &Arc<str>, test: &TestHistory, patience: &Patience) -> Option<Must> {
    let Some(latest) = test.samples.first() else { return Some(Must::New) };
    if test.critical {
        return Some(Must::Critical(Arc::clone(id)));
    }
    if latest.outcome.is_bad() {
        return Some(Must::Failed(Arc::clone(id)));
    }
    // The run that is planned is one more: it waits for the last time at one less. Up to half
    // of its patience is taken off by the name of a test, so that those which were left out
    // together do not all come back together, when they would not fit.
    let early = spread(id);
    let runs = f64::from(patience.runs) * (1.0 - early);
    let by_runs = f64::from(latest.runs_ago.saturating_add(1)) >= runs;
    let age = Duration::from_millis(patience.unix_millis.saturating_sub(latest.unix_millis));
    let is_old = age.as_secs_f64() >= patience.time.as_secs_f64() * (1.0 - early);
    (by_runs || is_old).then(|| Must::Waited(Arc::clone(id)))
}

/// A number from 0 to one half that the text decides (FNV-1a, its high bits).
fn spread(id: &str) -> f64 {
    let hash = id.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let high = u32::try_from(hash >> 32).unwrap_or(u32::MAX);
    f64::from(high) / f64::from(u32::MAX) / 2.0
}
