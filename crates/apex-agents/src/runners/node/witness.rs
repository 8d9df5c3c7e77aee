//! What the processes of test files say themselves: which test begins, and that it ended.
//!
//! Node reports files in order and only once they have ended, and says nothing of the tests in
//! one that was killed. From this book follows what hangs, who ended a process, and what had
//! ended before that.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use apex_core::test_case::TestCase;

use super::NESTED;

/// A test that its process has told about, and that Node has not reported.
#[derive(Clone, Debug)]
pub(super) struct Witnessed {
    pub(super) case: TestCase,
    pub(super) state: State,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Passed,
    /// With the message.
    Failed(String),
    /// It ended, and this version of Node does not say how.
    Ended,
}

/// The book of all files.
#[derive(Debug, Default)]
pub(super) struct Witness {
    tests: HashMap<Arc<str>, Witnessed>,
    /// Files whose processes have told something.
    files: HashSet<Arc<str>>,
    /// Exit codes of files whose process ended by itself.
    exits: HashMap<Arc<str>, i32>,
    /// Names of tests that Node reported for a file without a process: it defines tests for
    /// others, which Node names after it and their processes after themselves.
    foreign: HashSet<Arc<str>>,
}

impl Witness {
    /// A test begins.
    pub(super) fn begin(&mut self, case: TestCase) {
        self.files.insert(Arc::clone(&case.suite));
        self.tests.insert(Arc::clone(&case.id), Witnessed { case, state: State::Running });
    }

    /// A test ended.
    pub(super) fn end(&mut self, id: &str, state: State) {
        if let Some(test) = self.tests.get_mut(id) {
            test.state = state;
        }
    }

    /// A process ended by itself.
    pub(super) fn exit(&mut self, file: Arc<str>, code: i32) {
        self.exits.insert(file, code);
    }

    /// The exit code of the process of a file.
    pub(super) fn exit_of(&self, file: &str) -> Option<i32> {
        self.exits.get(file).copied()
    }

    /// Node reported a test, so that its process is not asked any more.
    pub(super) fn reported(&mut self, case: &TestCase) {
        self.tests.remove(&case.id);
        if !self.files.contains(&case.suite) {
            self.foreign.insert(Arc::clone(&case.name));
        }
    }

    /// Files with a test that runs, in the order of their names.
    pub(super) fn files_at_work(&self) -> Vec<Arc<str>> {
        let running = self.tests.values().filter(|test| test.state == State::Running);
        let mut files: Vec<Arc<str>> = running.map(|test| Arc::clone(&test.case.suite)).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Takes what a file has told and Node has not reported, in the order of ids. A test that
    /// holds others that were told about is no test of its own.
    pub(super) fn take(&mut self, file: &str) -> Vec<Witnessed> {
        let of_file = |test: &Witnessed| *test.case.suite == *file;
        let ids: BTreeSet<Arc<str>> =
            self.tests.iter().filter(|(_, test)| of_file(test)).map(|(id, _)| id.clone()).collect();
        let holds_other = |id: &str| {
            let inside = format!("{id}{NESTED}");
            let next =
                ids.range::<str, _>((Bound::Included(inside.as_str()), Bound::Unbounded)).next();
            next.is_some_and(|other| other.starts_with(&inside))
        };
        ids.iter()
            .filter_map(|id| self.tests.remove(id))
            .filter(|test| !holds_other(&test.case.id) && !self.foreign.contains(&test.case.name))
            .collect()
    }

    /// Takes what all files have told and Node has not reported.
    pub(super) fn take_all(&mut self) -> Vec<Witnessed> {
        let mut files: Vec<Arc<str>> = self.files.iter().cloned().collect();
        files.sort();
        files.iter().flat_map(|file| self.take(file)).collect()
    }
}
