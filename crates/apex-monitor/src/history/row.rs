//! A run as the history keeps it: what is written, whether it comes from events, from a journal
//! or from an export. It knows neither the database nor the exchange format.

use std::time::Duration;

use apex_core::event::RunResult;
use apex_core::{Outcome, Verdict};

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow<'a> {
    /// Its id.
    pub run: &'a str,
    /// When it began, milliseconds since 1970-01-01 UTC. With the id, its identity: runs of the
    /// library count their ids from 1 in every process.
    pub unix_millis: u64,
    /// The commit that was checked out.
    pub commit: Option<&'a str>,
    /// The branch that was checked out.
    pub branch: Option<&'a str>,
    /// Whether files differed from the commit.
    pub is_changed: Option<bool>,
    /// The environment.
    pub environment: Option<&'a str>,
    /// Processors of the machine.
    pub cores: Option<u32>,
    /// Jobs at the same time.
    pub slots: u32,
    /// What it amounts to; none for a run that was killed.
    pub verdict: Option<Verdict>,
    /// From its beginning to its last event.
    pub duration: Duration,
    /// What the inputs of its categories amounted to, where that was asked.
    pub inputs: Vec<InputsRow<'a>>,
    /// How those of its categories were cut whose tests share a program.
    pub cuttings: Vec<CuttingRow<'a>>,
}

/// How a category was cut in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CuttingRow<'a> {
    /// The category.
    pub category: &'a str,
    /// Into how many jobs; 0 when it ran whole.
    pub parts: u32,
    /// Whether it passed in one program, where that was tried.
    pub whole: Option<bool>,
    /// What failed in a part and not in the whole.
    pub depends: Option<&'a str>,
}

/// The inputs of a category in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputsRow<'a> {
    /// The category.
    pub category: &'a str,
    /// What they amounted to.
    pub fingerprint: &'a str,
    /// Whether it ran only to check that they are all that concerns it.
    pub is_sample: bool,
    /// Whether all of it passed; else some of it failed.
    pub passed: bool,
}

/// An attempt of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow<'a> {
    /// Its category.
    pub category: &'a str,
    /// The layer it ran in.
    pub layer: &'a str,
    /// The framework that ran it.
    pub runner: &'a str,
    /// Its number in the plan.
    pub job: u32,
    /// Which try, from 1.
    pub attempt: u32,
    /// Whether its process ended by itself: nothing asked it to end, and it had started.
    pub ended_itself: bool,
    /// From the start of the attempt to its end.
    pub duration: Duration,
    /// What its tests took together.
    pub in_tests: Duration,
    /// How many of its tests ran.
    pub tests: u32,
    /// The largest memory of its processes together, in mebibytes, where it was measured.
    pub peak_memory_mb: Option<u32>,
    /// How many jobs ran beside it when it started.
    pub beside: u32,
    /// How it ended, when it was a test by itself: a command without a list of tests. Such a test
    /// has the name of the category, and is not kept apart.
    pub outcome: Option<Outcome>,
}

/// An attempt of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRow<'a> {
    /// Its category.
    pub category: &'a str,
    /// Its id inside the category.
    pub id: &'a str,
    /// Source file relative to the project root.
    pub file: Option<&'a str>,
    /// Whether the framework marks it as critical.
    pub critical: bool,
    /// The number of its job in the plan.
    pub job: u32,
    /// Which try, from 1.
    pub attempt: u32,
    /// How the attempt ended.
    pub outcome: Outcome,
    /// How long it took; none where its framework does not say.
    pub duration: Option<Duration>,
}

/// What a run amounts to, in one word; of several things that were wrong, the one that the exit
/// code tells of.
pub(super) const fn verdict(result: &RunResult) -> Verdict {
    if result.internal_error.is_some() {
        Verdict::Errored
    } else if result.signal.is_some() {
        Verdict::Cancelled
    } else if result.tests_failed {
        Verdict::Failed
    } else if result.environment_failed {
        Verdict::Errored
    } else if result.budget_exceeded {
        Verdict::BudgetExceeded
    } else if result.skipped {
        Verdict::Cancelled
    } else if result.nothing_ran {
        Verdict::Empty
    } else {
        Verdict::Passed
    }
}
