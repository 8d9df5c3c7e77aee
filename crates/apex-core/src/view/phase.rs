//! What a layer was doing at one moment: the answer to where its time went.

use super::{RunView, ServiceState};
use crate::id::LayerIx;

/// What a layer does. Where several things go on, the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Tests run.
    Testing {
        /// How many.
        tests: u32,
    },
    /// Programs run, and no test of them has begun: they build, or look for their tests.
    Preparing {
        /// How many jobs.
        jobs: u32,
    },
    /// Programs run, and none of their tests does: between two of them, or after the last.
    Closing {
        /// How many jobs.
        jobs: u32,
    },
    /// No program runs; services that were asked to start do not answer yet.
    Services {
        /// How many.
        services: u32,
    },
    /// Nothing of it runs: its jobs wait for their turn.
    Waiting,
}

impl Phase {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Testing { .. } => "testing",
            Self::Preparing { .. } => "preparing",
            Self::Closing { .. } => "closing",
            Self::Services { .. } => "services",
            Self::Waiting => "waiting",
        }
    }

    /// What happened in it, for people: behind "while".
    #[must_use]
    pub fn describe(self) -> String {
        let of = |count: u32, one: &str, several: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {several}"),
        };
        match self {
            Self::Testing { tests } => of(tests, "test ran", "tests ran"),
            Self::Preparing { jobs } => {
                of(jobs, "job was built or collected", "jobs were built or collected")
            }
            Self::Closing { jobs } => of(
                jobs,
                "job was between its tests or at its end",
                "jobs were between their tests or at their end",
            ),
            Self::Services { services } => of(services, "service started", "services started"),
            Self::Waiting => "its jobs waited for their turn".to_owned(),
        }
    }
}

impl RunView {
    /// What a layer does now.
    pub(super) fn phase_of(&self, layer: LayerIx) -> Phase {
        let is_of_layer = |job| {
            let category = self.category_of(job);
            let planned = category.and_then(|one| self.plan.categories.get(one.position()));
            planned.is_some_and(|planned| planned.layer == layer)
        };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let running = self.running_tests.iter().filter_map(|(_, test)| self.test(*test));
        let tests = running.filter(|test| is_of_layer(test.job)).count();
        if tests > 0 {
            return Phase::Testing { tests: count(tests) };
        }
        let jobs: Vec<_> =
            self.running_jobs.iter().map(|(_, job)| *job).filter(|job| is_of_layer(*job)).collect();
        if !jobs.is_empty() {
            let has_begun =
                self.tests.iter().any(|test| test.attempts > 0 && jobs.contains(&test.job));
            let jobs = count(jobs.len());
            return if has_begun { Phase::Closing { jobs } } else { Phase::Preparing { jobs } };
        }
        let starts =
            |service: &&super::ServiceView| matches!(service.state, ServiceState::Starting { .. });
        match count(self.services.iter().filter(starts).count()) {
            0 => Phase::Waiting,
            services => Phase::Services { services },
        }
    }
}
