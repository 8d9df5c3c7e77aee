//! What the reporter has told of an attempt: its tests, and how far each file is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use super::line::Found;
use crate::runners::channel::place;
use crate::runners::ledger::{End, Ledger, bare_case};

/// The books of an attempt. Files are relative to the folder of the project.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    /// The first error that belongs to no test.
    pub(super) unhandled: Option<String>,
    /// Files that were told about, and whether they have ended.
    files: BTreeMap<String, bool>,
    /// The file that is loaded, or whose test began last.
    at_work: Option<String>,
    broken: BTreeSet<String>,
    /// Tests of each file, in order, wanted or not.
    tests: BTreeMap<String, Vec<TestCase>>,
    /// Whether the running program told anything.
    is_touched: bool,
}

/// What is wrong with a file as a whole.
pub(super) struct Breakage<'a> {
    pub(super) file: &'a str,
    /// Where the file is relative to.
    pub(super) folder: &'a str,
    pub(super) message: String,
    pub(super) details: String,
}

impl Books {
    /// A further program begins; files that had not ended begin anew.
    pub(super) fn begin_program(&mut self) {
        self.is_touched = false;
        self.at_work = None;
        self.files.retain(|_, has_ended| *has_ended);
    }

    pub(super) fn begin_file(&mut self, file: &str) {
        self.is_touched = true;
        self.files.insert(file.to_owned(), false);
        self.at_work = Some(file.to_owned());
    }

    pub(super) fn found(
        &mut self,
        found: &[Found],
        folder: &str,
        is_wanted: impl Fn(&str) -> bool,
        reports: &mut Vec<JobReport>,
    ) {
        self.is_touched = true;
        let mut wanted = Vec::new();
        for one in found {
            self.files.entry(one.file.clone()).or_insert(false);
            let case = one.case(folder);
            // A further program tells of tests that are known already.
            if is_wanted(&case.id) && !self.ledger.knows(&case.id) {
                self.tests.entry(one.file.clone()).or_default().push(case.clone());
                wanted.push(case);
            }
        }
        self.ledger.discover(wanted, reports);
    }

    pub(super) fn start(&mut self, file: &str, case: TestCase, reports: &mut Vec<JobReport>) {
        self.begin_file(file);
        self.ledger.start(case, reports);
    }

    pub(super) fn end(
        &mut self,
        file: &str,
        case: TestCase,
        end: End,
        reports: &mut Vec<JobReport>,
    ) {
        self.is_touched = true;
        self.files.entry(file.to_owned()).or_insert(false);
        self.ledger.end(case, end, reports);
    }

    pub(super) fn end_file(&mut self, file: &str) {
        self.is_touched = true;
        self.files.insert(file.to_owned(), true);
        self.at_work.take_if(|one| one == file);
    }

    /// A file is broken as a whole, whatever its tests did.
    pub(super) fn break_file(&mut self, breakage: Breakage<'_>, reports: &mut Vec<JobReport>) {
        let Breakage { file, folder, message, details } = breakage;
        self.end_file(file);
        self.broken.insert(file.to_owned());
        let id = place(folder, file);
        let case = TestCase { file: Some(Arc::clone(&id)), ..bare_case(&id, &id) };
        let end = End { message, details, ..End::of(Outcome::Errored, None) };
        self.ledger.end(case, end, reports);
    }

    /// Nothing was told by the running program.
    pub(super) const fn is_untouched(&self) -> bool {
        !self.is_touched
    }

    pub(super) fn is_broken(&self, file: &str) -> bool {
        self.broken.contains(file)
    }

    pub(super) fn knows_file(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    pub(super) fn has_ended_file(&self, file: &str) -> bool {
        self.files.get(file) == Some(&true)
    }

    pub(super) fn has_ended_files(&self) -> bool {
        self.files.values().any(|has_ended| *has_ended)
    }

    /// Whether something of a file is still to run.
    pub(super) fn is_open(&self, file: &str) -> bool {
        match self.tests.get(file) {
            _ if self.broken.contains(file) => false,
            Some(tests) => tests.iter().any(|test| self.ledger.is_open(&test.id)),
            None => !self.has_ended_file(file),
        }
    }

    /// Whether a test, or one inside of what an id names, was told.
    pub(super) fn has_told(&self, id: &str) -> bool {
        self.ledger.knows(id) || self.broken.iter().any(|file| id.starts_with(file.as_str()))
    }

    /// The file that was at work when a program died.
    pub(super) const fn file_at_work(&self) -> Option<&String> {
        self.at_work.as_ref()
    }

    /// Tests of a file that have not ended, in order.
    pub(super) fn open_tests(&self, file: &str) -> Vec<Arc<str>> {
        let tests = self.tests.get(file).into_iter().flatten().map(|case| &case.id);
        tests.filter(|id| self.ledger.is_open(id)).cloned().collect()
    }

    /// Files whose tests are known and that did not end.
    pub(super) fn cut_off(&self) -> Vec<String> {
        let files = self.files.iter().filter(|(_, has_ended)| !**has_ended);
        files.map(|(file, _)| file.clone()).filter(|file| self.tests.contains_key(file)).collect()
    }
}
