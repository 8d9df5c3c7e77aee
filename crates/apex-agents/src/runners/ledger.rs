//! The tests of one attempt: their numbers, and which of them run or have ended.
//!
//! It turns what a framework says by id into reports by number, in whatever order the framework
//! speaks: an id that nobody announced is announced, a second end of a test is dropped. When the
//! second end is worse than the first, which was reported already, that is a contradiction which
//! every runner adds to what is wrong with its job; what else exit codes and reports can disagree
//! about is judged in the core.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::{Failure, TestCase, TestReport};

use super::text::bounded;

/// Most tests that one attempt reports; further ones are dropped.
const TEST_LIMIT: usize = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Known,
    /// With the time of the attempt at which it began.
    Running(Duration),
    Ended {
        is_bad: bool,
    },
}

/// The tests of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    numbers: HashMap<Arc<str>, u32>,
    tests: Vec<(Arc<str>, State)>,
    bad: usize,
    /// Whether a test was one too many.
    is_cut: bool,
    now: Duration,
    /// The first test that was told to end well, and badly after that.
    contradiction: Option<String>,
}

impl Ledger {
    /// Takes the time of the attempt.
    pub(crate) const fn clock(&mut self, now: Duration) {
        self.now = now;
    }

    /// Announces the tests that are new.
    pub(crate) fn discover(&mut self, cases: Vec<TestCase>, reports: &mut Vec<JobReport>) {
        let new: Vec<TestCase> = cases.into_iter().filter(|case| self.enter(&case.id)).collect();
        if !new.is_empty() {
            reports.push(JobReport::Discovered(new));
        }
    }

    fn enter(&mut self, id: &Arc<str>) -> bool {
        if self.numbers.contains_key(id) {
            return false;
        }
        self.is_cut |= self.tests.len() >= TEST_LIMIT;
        let number = u32::try_from(self.tests.len()).ok().filter(|_| !self.is_cut);
        let Some(number) = number else { return false };
        self.numbers.insert(Arc::clone(id), number);
        self.tests.push((Arc::clone(id), State::Known));
        true
    }

    /// A test began, or began anew in a further program.
    pub(crate) fn start(&mut self, case: TestCase, reports: &mut Vec<JobReport>) {
        if let Some(number) = self.number_of(case, reports) {
            self.start_number(number, reports);
        }
    }

    /// The test of a number, counted from 0 in the order of discovery, began, or began anew.
    ///
    /// # Panics
    /// When there are not that many tests.
    pub(crate) fn start_number(&mut self, number: u32, reports: &mut Vec<JobReport>) {
        let state = &mut self.tests[number as usize].1;
        match state {
            State::Known => reports.push(JobReport::TestStarted { test: number }),
            State::Running(_) => {}
            State::Ended { .. } => return,
        }
        *state = State::Running(self.now);
    }

    /// A test ended.
    pub(crate) fn end(&mut self, case: TestCase, end: End, reports: &mut Vec<JobReport>) {
        if let Some(number) = self.number_of(case, reports) {
            self.end_number(number, end, reports);
        }
    }

    fn number_of(&mut self, case: TestCase, reports: &mut Vec<JobReport>) -> Option<u32> {
        if let Some(number) = self.numbers.get(&case.id) {
            return Some(*number);
        }
        let id = Arc::clone(&case.id);
        self.discover(vec![case], reports);
        self.numbers.get(&id).copied()
    }

    /// The test of a number, counted from 0 in the order of discovery, ended.
    ///
    /// # Panics
    /// When there are not that many tests.
    pub(crate) fn end_number(&mut self, number: u32, end: End, reports: &mut Vec<JobReport>) {
        let measured = self.running_for(number);
        let state = &mut self.tests[number as usize].1;
        match *state {
            State::Ended { is_bad } => {
                if end.outcome.is_bad() && !is_bad {
                    self.contradict(number, end.outcome);
                }
                return;
            }
            State::Known => reports.push(JobReport::TestStarted { test: number }),
            State::Running(_) => {}
        }
        *state = State::Ended { is_bad: end.outcome.is_bad() };
        let end = End { duration: end.duration.or(measured), ..end };
        self.bad += usize::from(end.outcome.is_bad());
        reports.push(JobReport::TestFinished { test: number, report: end.into_report() });
    }

    fn contradict(&mut self, number: u32, outcome: Outcome) {
        let id = &self.tests[number as usize].0;
        self.contradiction.get_or_insert_with(|| {
            format!("{id} was reported twice: it did not fail, and then it was {outcome}")
        });
    }

    /// What the framework said about one test that cannot both be true.
    pub(crate) fn contradiction(&self) -> Option<String> {
        self.contradiction.clone()
    }

    /// Ends every test that runs, and says how many these were.
    pub(crate) fn end_running(&mut self, end: &End, reports: &mut Vec<JobReport>) -> usize {
        let running: Vec<u32> = (0..)
            .zip(&self.tests)
            .filter(|(_, (_, state))| matches!(state, State::Running(_)))
            .map(|(number, _)| number)
            .collect();
        for number in &running {
            self.end_number(*number, end.clone(), reports);
        }
        running.len()
    }

    /// How long a test has been running; `None` when it does not run, or began and ended between
    /// two looks at the program.
    pub(crate) fn time_of(&self, id: &str) -> Option<Duration> {
        self.running_for(*self.numbers.get(id)?)
    }

    /// Whether a test runs.
    pub(crate) fn is_running(&self, id: &str) -> bool {
        matches!(self.state_of(id), Some(State::Running(_)))
    }

    /// Whether any test runs.
    pub(crate) fn is_any_running(&self) -> bool {
        self.tests.iter().any(|(_, state)| matches!(state, State::Running(_)))
    }

    /// Whether a test is known and has not ended.
    pub(crate) fn is_open(&self, id: &str) -> bool {
        self.state_of(id).is_some_and(|state| !matches!(state, State::Ended { .. }))
    }

    /// The id of a test by its number, counted from 0 in the order of discovery.
    pub(crate) fn id(&self, number: u32) -> Option<&Arc<str>> {
        self.tests.get(number as usize).map(|(id, _)| id)
    }

    fn state_of(&self, id: &str) -> Option<State> {
        self.numbers.get(id).map(|number| self.tests[*number as usize].1)
    }

    fn running_for(&self, number: u32) -> Option<Duration> {
        match self.tests[number as usize].1 {
            State::Running(since) => self.now.checked_sub(since).filter(|time| !time.is_zero()),
            State::Known | State::Ended { .. } => None,
        }
    }

    /// Ids of the tests that have not ended, in the order of discovery.
    pub(crate) fn unfinished(&self) -> Vec<Arc<str>> {
        let open = self.tests.iter().filter(|(_, state)| !matches!(state, State::Ended { .. }));
        open.map(|(id, _)| Arc::clone(id)).collect()
    }

    /// Ids of the tests that have ended, in the order of discovery.
    pub(crate) fn ended(&self) -> Vec<Arc<str>> {
        let ended = self.tests.iter().filter(|(_, state)| matches!(state, State::Ended { .. }));
        ended.map(|(id, _)| Arc::clone(id)).collect()
    }

    /// Whether a test of this id is known.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.numbers.contains_key(id)
    }

    /// What is wrong when there were more tests than one attempt can have.
    pub(crate) fn excess(&self) -> Option<String> {
        self.is_cut.then(|| {
            format!("it has more than {TEST_LIMIT} tests, and the others were not run; cut it with `shards`")
        })
    }

    /// How many tests are known.
    pub(crate) fn len(&self) -> usize {
        self.tests.len()
    }

    /// How many tests ended badly.
    pub(crate) fn bad(&self) -> usize {
        self.bad
    }
}

/// How a test ended, before its texts were bounded.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// How long it took, when the framework says; the ledger measures what began before.
    pub(crate) duration: Option<Duration>,
    /// What is wrong, or why it was skipped; empty for nothing to say.
    pub(crate) message: String,
    /// Traceback or diff.
    pub(crate) details: String,
    /// Output of the test.
    pub(crate) output: String,
}

impl End {
    /// An end with nothing to say.
    pub(crate) const fn of(outcome: Outcome, duration: Option<Duration>) -> Self {
        Self {
            outcome,
            duration,
            message: String::new(),
            details: String::new(),
            output: String::new(),
        }
    }

    /// The same with a message.
    pub(crate) fn because(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The same as a report, its texts bounded.
    pub(crate) fn into_report(self) -> TestReport {
        let says = !(self.message.is_empty() && self.details.is_empty() && self.output.is_empty());
        let failure = says.then(|| {
            Box::new(Failure {
                message: self.message,
                details: bounded(self.details),
                output: bounded(self.output),
            })
        });
        TestReport { outcome: self.outcome, duration: self.duration, failure }
    }
}

/// A test of which only its id is known.
pub(crate) fn bare_case(id: &str, suite: &str) -> TestCase {
    let id: Arc<str> = id.into();
    let suite = if suite == &*id { Arc::clone(&id) } else { suite.into() };
    TestCase { name: Arc::clone(&id), id, suite, file: None, line: None, critical: false }
}

/// A duration from seconds that a framework wrote; nonsense says nothing.
pub(crate) fn seconds(value: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(value).ok()
}
