//! From lines to a database.

use std::io::{self, BufRead, Read as _};
use std::path::Path;

use rusqlite::Connection;

use super::FORM;
use super::line::{JobLine, Line, RunLine, TestLine};
use crate::history::database::open_to_write;
use crate::history::row::{JobRow, RunRow};
use crate::history::trouble::HistoryError;
use crate::history::write::add;

/// Bytes of a line at most: nothing in one is longer than the id of a test.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Attempts of a run at most: what is read of a run is in memory until it is whole.
const MOST_ATTEMPTS: u64 = 5_000_000;

/// What became of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Imported {
    /// Runs that were added.
    pub added: u32,
    /// Runs that were there.
    pub known: u32,
    /// Runs that were not whole, because the file was cut off.
    pub torn: u32,
}

/// Adds the runs of an export that are not there.
pub(in crate::history) fn import(
    path: &Path,
    reader: &mut dyn BufRead,
) -> Result<Imported, HistoryError> {
    let mut connection = open_to_write(path)?;
    let mut lines = Lines { reader, number: 0, buffer: Vec::new() };
    let mut imported = Imported::default();
    let mut pending: Option<Pending> = None;
    while lines.advance()? {
        let line = lines.line()?;
        match (line, &mut pending) {
            (Line::Head { schema }, _) if schema == FORM => {}
            (Line::Head { schema }, _) => {
                return Err(lines.wrong(format!("it is in the form `{schema}`")));
            }
            (Line::Run(run), pending) => {
                imported.torn += u32::from(pending.is_some());
                *pending = Some(Pending::new(run, &lines)?);
            }
            (Line::Job(job), Some(pending)) => pending.jobs.push(job),
            (Line::Test(test), Some(pending)) => pending.tests.push(test),
            (Line::Job(_) | Line::Test(_), None) => {
                return Err(lines.wrong("it belongs to no run".to_owned()));
            }
            (Line::Unknown, _) => {}
        }
        if let Some(whole) = pending.take_if(|pending| pending.is_whole()) {
            let added =
                whole.add(&mut connection).map_err(|error| HistoryError::of(path, error))?;
            imported.added += u32::from(added);
            imported.known += u32::from(!added);
        }
    }
    imported.torn += u32::from(pending.is_some());
    Ok(imported)
}

/// A run of which not every attempt was read yet.
struct Pending {
    run: RunLine<'static>,
    jobs: Vec<JobLine<'static>>,
    tests: Vec<TestLine<'static>>,
}

impl Pending {
    fn new(run: RunLine<'static>, lines: &Lines<'_>) -> Result<Self, HistoryError> {
        if run.jobs.saturating_add(run.tests) > MOST_ATTEMPTS {
            return Err(lines.wrong(format!("a run has at most {MOST_ATTEMPTS} attempts")));
        }
        Ok(Self { run, jobs: Vec::new(), tests: Vec::new() })
    }

    fn is_whole(&self) -> bool {
        self.jobs.len() as u64 >= self.run.jobs && self.tests.len() as u64 >= self.run.tests
    }

    fn add(&self, connection: &mut Connection) -> rusqlite::Result<bool> {
        let jobs = self.jobs.iter().map(JobRow::from);
        let tests = self.tests.iter().filter_map(TestLine::row);
        add(connection, &RunRow::from(&self.run), jobs, tests)
    }
}

/// The lines of an export.
struct Lines<'r> {
    reader: &'r mut dyn BufRead,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    /// Goes to the next whole line; `false` at the end. A last line without its line end is the
    /// mark of a file that was cut off.
    fn advance(&mut self) -> Result<bool, HistoryError> {
        self.buffer.clear();
        self.number += 1;
        let mut bounded = (&mut *self.reader).take(LONGEST_LINE);
        let read = bounded.read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|source: io::Error| HistoryError::File {
            what: "the import cannot be read".to_owned(),
            source,
        })?;
        if read as u64 == LONGEST_LINE && self.buffer.last() != Some(&b'\n') {
            return Err(self.wrong(format!("it is longer than {LONGEST_LINE} bytes")));
        }
        let is_whole = self.buffer.last() == Some(&b'\n');
        if self.number == 1 && !(is_whole && matches!(self.line()?, Line::Head { .. })) {
            return Err(self.wrong("the first line does not name it".to_owned()));
        }
        Ok(is_whole)
    }

    fn line(&self) -> Result<Line<'static>, HistoryError> {
        serde_json::from_slice(&self.buffer).map_err(|error| self.wrong(error.to_string()))
    }

    fn wrong(&self, reason: String) -> HistoryError {
        HistoryError::Line { line: self.number, form: FORM, reason }
    }
}
