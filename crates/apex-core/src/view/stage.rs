//! Layers, categories, jobs and services as a view holds them.

use std::sync::Arc;
use std::time::Duration;

use super::{Counts, Phase};
use crate::event::StopCause;
use crate::id::AttemptNumber;
use crate::outcome::{Outcome, Verdict};
use crate::time::Moment;

/// How far a layer, a category or a job is; `E` is how such a thing ends.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Progress<E> {
    /// It has not started.
    #[default]
    Waiting,
    /// It started and has not ended.
    Running {
        /// When it started.
        since: Moment,
    },
    /// It ended, or never started.
    Finished {
        /// When it started, if it did.
        started: Option<Moment>,
        /// When it ended.
        ended: Moment,
        /// How.
        ending: E,
    },
}

impl<E> Progress<E> {
    /// When it started, if it did.
    #[must_use]
    pub const fn started(&self) -> Option<Moment> {
        match self {
            Self::Waiting => None,
            Self::Running { since } => Some(*since),
            Self::Finished { started, .. } => *started,
        }
    }

    /// How it ended, if it did.
    #[must_use]
    pub const fn ending(&self) -> Option<&E> {
        match self {
            Self::Finished { ending, .. } => Some(ending),
            Self::Waiting | Self::Running { .. } => None,
        }
    }

    /// Whether it runs.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// The time it took, or takes so far at the moment `now`; zero when it never started.
    #[must_use]
    pub fn spent(&self, now: Moment) -> Duration {
        match self {
            Self::Waiting => Duration::ZERO,
            Self::Running { since } => now.since(*since),
            Self::Finished { started, ended, .. } => {
                started.map_or(Duration::ZERO, |started| ended.since(started))
            }
        }
    }

    /// A second start, for example of a retry, keeps the first moment.
    pub(super) fn start(&mut self, at: Moment) {
        if matches!(self, Self::Waiting) {
            *self = Self::Running { since: at };
        }
    }

    pub(super) fn finish(&mut self, ending: E, at: Moment) {
        *self = Self::Finished { started: self.started(), ended: at, ending };
    }
}

/// How a layer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerEnding {
    /// What it amounts to.
    pub verdict: Verdict,
    /// Why, for people; empty when passed.
    pub reason: String,
}

/// How a category or a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub outcome: Outcome,
    /// Why, for people; empty when passed.
    pub reason: String,
}

/// A layer.
#[derive(Clone, Debug, Default)]
pub struct LayerView {
    /// How far it is.
    pub progress: Progress<LayerEnding>,
    /// When its budget was used up, if it was.
    pub budget_exceeded: Option<Moment>,
    /// What it did at that moment.
    pub exceeded_in: Option<Phase>,
    /// Whether the user skipped the rest of it.
    pub skipped: bool,
    /// What its fail-fast rule said, if it stopped the layer.
    pub stopped: Option<String>,
    /// Its tests.
    pub counts: Counts,
}

/// A category.
#[derive(Clone, Debug, Default)]
pub struct CategoryView {
    /// How far it is.
    pub progress: Progress<Ending>,
    /// The time limit it reached, if it did.
    pub timed_out: Option<Duration>,
    /// What failed in parts and not when all of it ran in one program: ids of tests, or names of
    /// parts; the first thousand.
    pub depends_on_order: Vec<Arc<str>>,
    /// Its tests.
    pub counts: Counts,
}

/// A job.
#[derive(Clone, Debug, Default)]
pub struct JobView {
    /// How far it is.
    pub progress: Progress<Ending>,
    /// Its latest attempt, if it started.
    pub attempt: Option<AttemptNumber>,
    /// When that attempt started.
    pub(super) attempt_started: Moment,
    /// Why it was asked to end, if it was.
    pub stopped_by: Option<StopCause>,
    /// Whether it was killed.
    pub killed: bool,
    /// Whether it wrote anything, so that there is captured output.
    pub has_output: bool,
    /// The largest memory of its processes together that was seen, in mebibytes, over all attempts.
    pub peak_memory_mb: Option<u32>,
    /// Processor time of its attempts that have ended, where it was measured.
    pub cpu_time: Option<Duration>,
}

impl JobView {
    /// Every attempt counts: a job that was tried three times used what all of them used.
    pub(super) fn end_attempt_with(&mut self, cpu_time: Option<Duration>) {
        if let Some(used) = cpu_time {
            self.cpu_time = Some(self.cpu_time.unwrap_or_default() + used);
        }
    }
}

/// A service.
#[derive(Clone, Debug, Default)]
pub struct ServiceView {
    /// How far it is.
    pub state: ServiceState,
    /// Whether it answered at some time.
    pub was_ready: bool,
    /// The largest memory that was seen, in mebibytes.
    pub peak_memory_mb: Option<u32>,
    /// Processor time that was seen.
    pub cpu_time: Option<Duration>,
}

/// How far a service is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ServiceState {
    /// It was not asked to start.
    #[default]
    Waiting,
    /// It was asked to start and does not answer yet.
    Starting {
        /// Since when.
        since: Moment,
    },
    /// It answers.
    Ready {
        /// Label → `host:port`.
        addresses: Vec<(String, String)>,
    },
    /// It did not become ready, or stopped by itself.
    Failed {
        /// What happened and what to do.
        reason: String,
    },
    /// It was taken away in order.
    Stopped,
}
