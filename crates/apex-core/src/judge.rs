//! What outcomes amount to: of a job, a category, a layer. Pure functions; the worst wins, and
//! the reason is said.

mod criteria;

use apex_config::model::{CategoryName, SuccessCriteria};

use crate::event::{ProcessEnd, StopCause};
use crate::outcome::{Outcome, Verdict};
use crate::report::OutOfMemory;

/// Numbers of tests by outcome, indexed like [`Outcome::ALL`].
pub type Counts = [u32; Outcome::ALL.len()];

/// What is known when a job has ended.
#[derive(Clone, Debug)]
pub struct JobFacts<'a> {
    /// How its last process ended.
    pub end: &'a ProcessEnd,
    /// What the runner found wrong beyond failed tests.
    pub problem: Option<&'a str>,
    /// Whether its framework said that there was nothing to run.
    pub nothing_to_run: bool,
    /// Whether memory that it may not have ended it.
    pub out_of_memory: Option<OutOfMemory>,
    /// Why it was ended, if it was.
    pub stop: Option<StopCause>,
    /// Its tests by outcome.
    pub counts: &'a Counts,
    /// Tests that were announced and about which nothing was said.
    pub unreported: u32,
}

/// What a job amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its outcome.
    pub outcome: Outcome,
    /// Why, for people; empty when it passed.
    pub reason: String,
    /// Whether the environment is to blame, not a test.
    pub environment: bool,
    /// Whether exit status and structured result do not fit together, so that the tests that
    /// passed prove nothing about the rest.
    pub contradiction: bool,
}

impl Judged {
    fn by_tests(outcome: Outcome, reason: String) -> Self {
        Self { outcome, reason, environment: false, contradiction: false }
    }

    fn contradiction(bad: u32, reason: String) -> Self {
        let outcome = if bad > 0 { Outcome::Failed } else { Outcome::Errored };
        Self { outcome, reason, environment: false, contradiction: true }
    }
}

/// Judges a job by its exit status and its structured result together.
#[must_use]
pub fn job(facts: &JobFacts<'_>) -> Judged {
    let count = |outcome: Outcome| facts.counts[outcome as usize];
    let errored = match facts.stop {
        // What the loss of a service ended did not fail by itself.
        Some(StopCause::ServiceLost) => 0,
        _ => count(Outcome::Errored),
    };
    let bad = count(Outcome::Failed) + errored;
    // Before a stop: the failure that memory caused may be what stopped the layer.
    if let Some(out) = &facts.out_of_memory {
        return Judged::by_tests(Outcome::Errored, describe_out_of_memory(out));
    }
    if let Some(cause) = facts.stop {
        let outcome = if bad > 0 && !cause.is_time_limit() {
            Outcome::Failed
        } else {
            cause.outcome_of_running()
        };
        return Judged::by_tests(outcome, cause.describe().to_owned());
    }
    if let ProcessEnd::NotStarted(reason) = facts.end {
        let reason = reason.clone();
        return Judged { environment: true, ..Judged::by_tests(Outcome::Errored, reason) };
    }
    if let Some(problem) = facts.problem {
        return Judged::contradiction(bad, problem.to_owned());
    }
    if facts.unreported > 0 {
        let reason = match facts.unreported {
            1 => "1 test was announced and not reported".to_owned(),
            many => format!("{many} tests were announced and not reported"),
        };
        return Judged::contradiction(bad, reason);
    }
    by_counts(facts, bad)
}

/// Judges a job that ended by itself and about whose tests everything is known.
fn by_counts(facts: &JobFacts<'_>, bad: u32) -> Judged {
    let count = |outcome: Outcome| facts.counts[outcome as usize];
    if bad > 0 {
        let outcome = if count(Outcome::Failed) > 0 { Outcome::Failed } else { Outcome::Errored };
        return Judged::by_tests(outcome, tests(bad, "did not pass"));
    }
    if count(Outcome::TimedOut) > 0 {
        let reason = tests(count(Outcome::TimedOut), "timed out");
        return Judged::by_tests(Outcome::TimedOut, reason);
    }
    // A test in quarantine explains a bad end of the process as well as any other.
    let is_explained = count(Outcome::Quarantined) > 0;
    match facts.end {
        ProcessEnd::Signalled(_) if !is_explained => {
            return Judged::contradiction(0, describe_end(facts.end));
        }
        ProcessEnd::Exited(code) if *code != 0 && !facts.nothing_to_run && !is_explained => {
            let reason = format!("{}, and no test failed", describe_end(facts.end));
            return Judged::contradiction(0, reason);
        }
        _ => {}
    }
    let (outcome, reason) = if facts.counts.iter().all(|&count| count == 0) {
        (Outcome::Empty, "it has no tests".to_owned())
    } else if count(Outcome::Flaky) > 0 {
        (Outcome::Flaky, tests(count(Outcome::Flaky), "passed only when tried again"))
    } else if count(Outcome::Passed) > 0 {
        (Outcome::Passed, String::new())
    } else if is_explained {
        (Outcome::Quarantined, "every test that ran failed in quarantine".to_owned())
    } else {
        (Outcome::Skipped, "every test was skipped".to_owned())
    };
    Judged::by_tests(outcome, reason)
}

fn tests(count: u32, what: &str) -> String {
    if count == 1 { format!("1 test {what}") } else { format!("{count} tests {what}") }
}

/// How a process ended, for people.
#[must_use]
pub fn describe_end(end: &ProcessEnd) -> String {
    match end {
        ProcessEnd::Exited(code) => format!("exit code {code}"),
        ProcessEnd::Signalled(signal) => format!("killed by signal {signal}"),
        ProcessEnd::NotStarted(reason) => reason.clone(),
    }
}

/// That memory was short, for people.
#[must_use]
pub fn describe_out_of_memory(out: &OutOfMemory) -> String {
    let OutOfMemory { limit_mb, peak_mb } = out;
    let peak =
        peak_mb.map_or_else(String::new, |peak| format!(", its processes reached {peak} MB"));
    format!(
        "out of memory: the jobs of its layer may use {limit_mb} MB together{peak}; raise \
         `resource_limits.max_memory_mb` or lower `max_parallel_instances`"
    )
}

/// How much a job weighs that its budget left out by choice: less than whatever happened to others
/// of its category.
pub const LEFT_OUT: u8 = 0;

/// How much an outcome weighs when several jobs make one category.
#[must_use]
pub const fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Empty => 1,
        Outcome::Skipped | Outcome::Cached => 2,
        Outcome::Passed | Outcome::Quarantined => 3,
        Outcome::Flaky => 4,
        Outcome::Blocked => 5,
        Outcome::NotRun => 6,
        Outcome::Deferred => 7,
        Outcome::Cancelled => 8,
        Outcome::TimedOut => 9,
        Outcome::Errored => 10,
        Outcome::Failed => 11,
    }
}

/// What a category amounts to, from the worst of its jobs.
#[must_use]
pub fn category(worst: Outcome, reason: String, timed_out: bool) -> (Outcome, String) {
    if timed_out {
        (Outcome::TimedOut, StopCause::CategoryTimeout.describe().to_owned())
    } else {
        (worst, reason)
    }
}

/// Whether categories that depend on one with this outcome may run.
#[must_use]
pub const fn lets_dependants_run(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Passed
            | Outcome::Flaky
            | Outcome::Quarantined
            | Outcome::Skipped
            | Outcome::Cached
            | Outcome::Empty
    )
}

/// What is known when a layer has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerFacts {
    /// Its tests by outcome.
    pub counts: Counts,
    /// Tests among the timed-out ones that a budget of layer or run cut, not a limit of their own.
    pub cut_tests: u32,
    /// Tests among the errored ones that ran when a service they need was lost.
    pub lost_tests: u32,
    /// Flaky tests that count as failures.
    pub flaky_failures: u32,
    /// Failed tests that are critical.
    pub critical_failures: u32,
    /// Whether something of the environment failed.
    pub environment: bool,
    /// Whether its budget or the run's cut it.
    pub cut: bool,
    /// Whether the user skipped the rest of it.
    pub skipped: bool,
    /// Whether it began at all.
    pub began: bool,
    /// Whether a signal stopped the run.
    pub interrupted: bool,
    /// Why a rule stopped or blocked it.
    pub stopped: Option<String>,
    /// Names of categories whose time limit was reached.
    pub timed_out: Vec<CategoryName>,
    /// Names of categories that could not run or could not be judged.
    pub errored: Vec<CategoryName>,
    /// Whether the result of some job contradicts itself.
    pub contradiction: bool,
    /// Jobs that its budget left out, by choice.
    pub deferred: u32,
    /// Number of categories that no change concerned.
    pub spared: u32,
    /// Number of categories that did not come to an end of their own.
    pub unfinished: u32,
}

impl LayerFacts {
    /// Takes the outcome of one category into account. A category that timed out did so by a limit
    /// of its own or of its tests, or because a budget of layer or run cut it.
    pub fn add_category(&mut self, name: &CategoryName, outcome: Outcome, by_its_own_limit: bool) {
        match outcome {
            Outcome::TimedOut if by_its_own_limit => self.timed_out.push(name.clone()),
            Outcome::TimedOut => self.unfinished += 1,
            Outcome::Errored => self.errored.push(name.clone()),
            Outcome::Cancelled | Outcome::NotRun | Outcome::Deferred | Outcome::Blocked => {
                self.unfinished += 1;
            }
            _ => {}
        }
    }

    /// Takes what another part of the layer amounts to into account.
    pub fn add_part(&mut self, other: &Self) {
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
        self.cut_tests += other.cut_tests;
        self.lost_tests += other.lost_tests;
        self.flaky_failures += other.flaky_failures;
        self.critical_failures += other.critical_failures;
        self.environment |= other.environment;
        self.cut |= other.cut;
        self.skipped |= other.skipped;
        self.began |= other.began;
        self.interrupted |= other.interrupted;
        self.stopped = self.stopped.take().or_else(|| other.stopped.clone());
        add_names(&mut self.timed_out, &other.timed_out);
        add_names(&mut self.errored, &other.errored);
        self.contradiction |= other.contradiction;
        self.deferred += other.deferred;
        self.spared += other.spared;
        self.unfinished += other.unfinished;
    }

    fn count(&self, outcome: Outcome) -> u32 {
        self.counts[outcome as usize]
    }

    /// Tests that count against the layer.
    fn failures(&self) -> u32 {
        let timed_out = self.count(Outcome::TimedOut).saturating_sub(self.cut_tests);
        let errored = self.count(Outcome::Errored).saturating_sub(self.lost_tests);
        self.count(Outcome::Failed) + errored + timed_out + self.flaky_failures
    }

    fn passed(&self) -> u32 {
        self.count(Outcome::Passed) + self.count(Outcome::Flaky) - self.flaky_failures
    }
}

fn add_names(names: &mut Vec<CategoryName>, more: &[CategoryName]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

/// What a layer amounts to, and why.
#[must_use]
pub fn layer(facts: &LayerFacts, criteria: &SuccessCriteria) -> (Verdict, String) {
    if !facts.began {
        let verdict = match (&facts.stopped, facts.cut, facts.interrupted) {
            (Some(_), ..) => Verdict::Blocked,
            (None, true, _) => Verdict::BudgetExceeded,
            (None, false, true) => Verdict::Cancelled,
            (None, false, false) => Verdict::Empty,
        };
        let reason = facts.stopped.clone().unwrap_or_else(|| "it never began".to_owned());
        return (verdict, reason);
    }
    let failures = facts.failures();
    if !facts.timed_out.is_empty() {
        return (Verdict::Failed, format!("timed out: {}", names(&facts.timed_out)));
    }
    if let Some(reason) = criteria::broken(facts, criteria, failures) {
        return (Verdict::Failed, reason);
    }
    // A contradiction that no failed test shows (a report missing, a collection error) is a
    // failure all the same.
    if facts.contradiction {
        return (Verdict::Failed, could_not_run(facts).1);
    }
    if facts.environment {
        return could_not_run(facts);
    }
    if facts.interrupted && facts.unfinished > 0 {
        return (Verdict::Cancelled, "a signal stopped it".to_owned());
    }
    if facts.skipped && facts.unfinished > 0 {
        return (Verdict::Cancelled, "the user skipped the rest of it".to_owned());
    }
    if facts.cut {
        return (Verdict::BudgetExceeded, "its time budget was used up".to_owned());
    }
    if facts.unfinished > 0 {
        let verdict = if failures > 0 { Verdict::Failed } else { Verdict::Blocked };
        return (verdict, stopped_because(facts));
    }
    let left_out = if facts.deferred > 0 { jobs_left_out(facts.deferred) } else { String::new() };
    if failures > 0 {
        let mut reason = criteria::kept(facts, criteria, failures);
        if !left_out.is_empty() {
            reason.push_str("; ");
            reason.push_str(&left_out);
        }
        return (Verdict::Partial, reason);
    }
    let is_empty =
        [Outcome::Skipped, Outcome::Quarantined].iter().all(|&one| facts.count(one) == 0);
    if facts.passed() == 0 && is_empty && facts.spared == 0 {
        let reason = if left_out.is_empty() { "it has no tests".to_owned() } else { left_out };
        return (Verdict::Empty, reason);
    }
    (Verdict::Passed, left_out)
}

fn jobs_left_out(count: u32) -> String {
    let jobs = if count == 1 { "1 job was".to_owned() } else { format!("{count} jobs were") };
    format!("{jobs} deferred, which would not have ended within the budget")
}

fn stopped_because(facts: &LayerFacts) -> String {
    facts.stopped.clone().unwrap_or_else(|| "part of it did not run".to_owned())
}

fn could_not_run(facts: &LayerFacts) -> (Verdict, String) {
    let reason = match facts.lost_tests {
        0 => format!("could not run: {}", names(&facts.errored)),
        lost => format!(
            "{} when a service was lost, through no fault of their own: {}",
            tests(lost, "ran"),
            names(&facts.errored)
        ),
    };
    (Verdict::Errored, reason)
}

fn names(categories: &[CategoryName]) -> String {
    categories.iter().map(CategoryName::as_str).collect::<Vec<_>>().join(", ")
}
