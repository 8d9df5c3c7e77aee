//! What tests and jobs are expected to take, from what earlier runs taught.
//!
//! A test's duration is log-normal: times of programs are positive and vary by factors, not by
//! amounts. Its level is shrunk towards the level of its file, which is shrunk towards that of
//! its category, which begins at a default of its kind (`durations.rs`). A job adds the start-up
//! of its program, learned from its category's jobs (`startup.rs`), to the sum of its tests.
//!
//! All of it is arithmetic over a [`crate::History`]: no clock, no files, and no history is no
//! obstacle: then the defaults speak, and nobody calls them a forecast.

mod amount;
mod durations;
mod startup;

pub use amount::{Amount, LogNormal};
pub use durations::{Durations, KnownTest};
pub use startup::{Startup, default_startup};

use std::time::Duration;

use apex_config::model::{CategoryKind, RunnerKind};

use crate::history::CategoryHistory;
use crate::plan::Forecast;

/// What is expected of the tests and jobs of one category under one runner.
#[derive(Clone, Debug)]
pub struct CategoryEstimate<'h> {
    /// The durations of its tests.
    pub durations: Durations<'h>,
    /// The cost of a job beyond its tests.
    pub startup: Startup,
    /// The largest memory that one of its jobs was seen with, in mebibytes.
    pub peak_memory_mb: Option<u32>,
}

impl<'h> CategoryEstimate<'h> {
    /// What is expected of a category; `usual` is the mean duration of its tests before
    /// anything was measured, in seconds ([`usual_test`]).
    #[must_use]
    pub fn new(past: Option<&'h CategoryHistory>, usual: f64, runner: RunnerKind) -> Self {
        let jobs = past.map_or(&[][..], |past| &past.jobs);
        Self {
            durations: Durations::new(past, usual),
            startup: Startup::learned(runner, jobs),
            peak_memory_mb: jobs.iter().filter_map(|job| job.peak_memory_mb).max(),
        }
    }

    /// What a job with these tests is expected to take.
    #[must_use]
    pub fn of_job(&self, tests: Amount, count: u32) -> Amount {
        self.startup.job(tests, count)
    }

    /// A job's forecast; none where no run taught anything about it.
    #[must_use]
    pub fn forecast(&self, job: Amount, runs: u32) -> Option<Forecast> {
        (runs > 0).then(|| Forecast {
            expected: seconds(job.mean),
            high: seconds(job.high()),
            runs,
            peak_memory_mb: self.peak_memory_mb,
        })
    }
}

/// The mean duration of a test of a category before anything was measured, in seconds: by its
/// kind, and whether it speaks to services. Low on purpose: what is cut into too few jobs costs
/// one run some time, what is cut into too many costs every core.
#[must_use]
pub const fn usual_test(kind: CategoryKind, has_services: bool) -> f64 {
    match kind {
        CategoryKind::Functional | CategoryKind::Quality if !has_services => 0.02,
        CategoryKind::Functional
        | CategoryKind::Quality
        | CategoryKind::Security
        | CategoryKind::Technical => 0.1,
        CategoryKind::Integration => 0.3,
        CategoryKind::Performance | CategoryKind::E2e => 3.0,
    }
}

/// Seconds as a duration; senseless numbers are zero.
pub(crate) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or_default()
}
