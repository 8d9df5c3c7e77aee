//! What happened to a subject in a run that was recorded.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::LayerId;

use crate::id::RunId;
use crate::outcome::{Outcome, Verdict};
use crate::view::{Ending, RunView, TestState, TestView};

use super::Subject;

/// Most tests of a file or category that are told one by one.
const MOST_TESTS: usize = 5;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct InRun {
    /// The run.
    pub run: RunId,
    /// When it began, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// How its category ended; none when the run did not hold it, or has not come to it.
    pub category: Option<Ending>,
    /// What its layer amounts to, and why.
    pub layer: Option<(LayerId, Verdict, String)>,
    /// Why its layer was stopped by its fail-fast rule, if it was.
    pub stopped: Option<String>,
    /// Why the jobs that hold it were considered when they were; each text once.
    pub why: Vec<Arc<str>>,
    /// How its tests ended: numbers by outcome.
    pub counts: Vec<(Outcome, u32)>,
    /// The test, or the first of those that did not simply pass.
    pub tests: Vec<TestInRun>,
}

/// What happened to a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestInRun {
    /// Its id.
    pub id: Arc<str>,
    /// Its outcome over all attempts; none when the run ended before that was known.
    pub outcome: Option<Outcome>,
    /// Its attempts in order.
    pub attempts: Vec<AttemptInRun>,
    /// How its job ended.
    pub job: Option<Ending>,
}

/// One attempt of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptInRun {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, where somebody could say.
    pub duration: Option<Duration>,
    /// What it said, its first line.
    pub message: Option<String>,
}

pub(super) fn in_run(view: &RunView, subject: &Subject) -> Option<InRun> {
    let identity = view.identity()?;
    let plan = view.plan();
    let mut told = InRun {
        run: identity.run.clone(),
        unix_millis: identity.unix_millis,
        category: None,
        layer: None,
        stopped: None,
        why: Vec::new(),
        counts: Vec::new(),
        tests: Vec::new(),
    };
    let position = plan.categories.iter().position(|planned| planned.name == *subject.category());
    let Some(position) = position else { return Some(told) };
    told.category =
        view.categories().get(position).and_then(|category| category.progress.ending().cloned());
    let layer = plan.categories[position].layer;
    if let Some(seen) = view.layers().get(layer.position()) {
        let ending = seen.progress.ending();
        told.layer = ending
            .map(|ending| (plan.layer(layer).id.clone(), ending.verdict, ending.reason.clone()));
        told.stopped.clone_from(&seen.stopped);
    }
    for test in view.tests() {
        let Some(job) = plan.jobs.get(test.job.position()) else { continue };
        let category = &plan.category(job.category).name;
        if subject.holds(category, &test.case.id, test.case.file.as_deref()) {
            told.add(view, test, matches!(subject, Subject::Test(..)));
        }
    }
    Some(told)
}

impl InRun {
    fn add(&mut self, view: &RunView, test: &TestView, is_subject: bool) {
        if let Some(outcome) = test.outcome() {
            match self.counts.iter_mut().find(|(of, _)| *of == outcome) {
                Some((_, count)) => *count += 1,
                None => self.counts.push((outcome, 1)),
            }
        }
        let why = &view.plan().job(test.job).why;
        if !why.is_empty() && !self.why.contains(why) {
            self.why.push(Arc::clone(why));
        }
        let is_news = test.outcome() != Some(Outcome::Passed);
        if is_subject || (is_news && self.tests.len() < MOST_TESTS) {
            self.tests.push(TestInRun::of(view, test));
        }
    }
}

impl TestInRun {
    fn of(view: &RunView, test: &TestView) -> Self {
        let earlier = test.earlier.iter().map(|attempt| AttemptInRun {
            outcome: attempt.outcome,
            duration: attempt.duration,
            message: attempt.failure.as_ref().map(|failure| first_line(&failure.message)),
        });
        let latest = latest_outcome(test).map(|outcome| AttemptInRun {
            outcome,
            duration: test.duration,
            message: test.failure.as_ref().map(|failure| first_line(&failure.message)),
        });
        let job = view.jobs().get(test.job.position());
        Self {
            id: Arc::clone(&test.case.id),
            outcome: test.outcome(),
            attempts: earlier.chain(latest).collect(),
            job: job.and_then(|job| job.progress.ending().cloned()),
        }
    }
}

/// How the latest attempt of a test ended, if one did.
fn latest_outcome(test: &TestView) -> Option<Outcome> {
    match test.state {
        TestState::Settled(Outcome::Flaky) => Some(Outcome::Passed),
        TestState::Settled(Outcome::Quarantined) => Some(Outcome::Failed),
        TestState::Settled(outcome) if test.attempts > 0 || outcome.has_run() => Some(outcome),
        TestState::Finished(outcome) => Some(outcome),
        TestState::Settled(_) | TestState::Known | TestState::Running { .. } => None,
    }
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
