//! What earlier runs taught about a subject.

use std::time::Duration;

use crate::estimate::{Amount, Durations, seconds, usual_test};
use crate::flakiness::Flakiness;
use crate::history::{TestHistory, TestSample};
use crate::outcome::Outcome;
use crate::plan::worth;

use super::{Known, Subject};

/// What earlier runs taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its tests that earlier runs know.
    pub tests: u32,
    /// The most runs that one of them was part of, of those that are kept.
    pub runs: u32,
    /// What they are expected to take together.
    pub expected: Duration,
    /// They take longer than this with a chance of one in ten.
    pub high: Duration,
    /// The latest attempt of any of them.
    pub latest: Option<Sighting>,
    /// The latest attempt that was bad.
    pub latest_bad: Option<Sighting>,
    /// Those whose latest attempt was bad.
    pub failed_last: u32,
    /// The chance that one of them shows a fault when it runs now, 0 to 1: its value for a budget.
    pub chance: f64,
    /// How flaky the flakiest of them is, and which one that is.
    pub flakiness: Option<(std::sync::Arc<str>, Flakiness)>,
}

/// An attempt of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// How it ended.
    pub outcome: Outcome,
    /// How many runs began after that one.
    pub runs_ago: u32,
    /// When its run began, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
}

impl Sighting {
    fn of(sample: &TestSample) -> Self {
        let TestSample { outcome, runs_ago, unix_millis, .. } = *sample;
        Self { outcome, runs_ago, unix_millis }
    }
}

pub(super) fn past(known: Known<'_>, subject: &Subject) -> Option<Past> {
    let name = subject.category();
    let history = known.history.category(name)?;
    let usual = known
        .config
        .category(name.as_str())
        .map(|category| usual_test(category.kind, !category.services.is_empty()))?;
    let durations = Durations::new(Some(history), usual);
    let mut past: Option<Past> = None;
    let mut sum = Amount::default();
    let mut sound = 1.0;
    for file in durations.files() {
        for test in durations.tests_in(file) {
            if !subject.holds(name, test.id, test.past.file.as_deref()) {
                continue;
            }
            let past = past.get_or_insert_with(Past::nothing);
            past.add(test.id, test.past);
            sum = sum.plus(test.duration.amount());
            sound *= 1.0 - worth::chance(test.past);
        }
    }
    past.map(|past| Past {
        expected: seconds(sum.mean),
        high: seconds(sum.high()),
        chance: 1.0 - sound,
        ..past
    })
}

impl Past {
    fn nothing() -> Self {
        Self {
            tests: 0,
            runs: 0,
            expected: Duration::ZERO,
            high: Duration::ZERO,
            latest: None,
            latest_bad: None,
            failed_last: 0,
            chance: 0.0,
            flakiness: None,
        }
    }

    fn add(&mut self, id: &std::sync::Arc<str>, test: &TestHistory) {
        self.tests += 1;
        let runs = test.samples.iter().filter(|sample| sample.attempt == 1).count();
        self.runs = self.runs.max(u32::try_from(runs).unwrap_or(u32::MAX));
        let mut bad = test.samples.iter().filter(|sample| sample.outcome.is_bad());
        self.latest = later(self.latest, test.samples.first());
        self.latest_bad = later(self.latest_bad, bad.next());
        let is_bad = test.samples.first().is_some_and(|sample| sample.outcome.is_bad());
        self.failed_last += u32::from(is_bad);
        let worst = self.flakiness.as_ref().map_or(-1.0, |(_, flakiness)| flakiness.rate);
        if let Some(flakiness) = Flakiness::of(&test.samples).filter(|seen| seen.rate > worst) {
            self.flakiness = Some((std::sync::Arc::clone(id), flakiness));
        }
    }
}

/// The later of two sightings.
fn later(known: Option<Sighting>, sample: Option<&TestSample>) -> Option<Sighting> {
    let other = sample.map(Sighting::of);
    known.into_iter().chain(other).min_by_key(|sighting| sighting.runs_ago)
}
