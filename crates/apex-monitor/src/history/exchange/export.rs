//! From a database to lines.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use rusqlite::{Connection, Row};

use super::FORM;
use super::line::{CuttingLine, InputsLine, JobLine, Line, RunLine, TestLine};
use crate::history::database::has_cuttings;
use crate::history::names::Names;
use crate::history::trouble::HistoryError;

const RUNS: &str = "
SELECT id, run, unix_millis, git_commit, branch, is_changed, environment, cores, slots, verdict,
    duration,
    (SELECT count(*) FROM names AS c CROSS JOIN job_attempts AS j
        ON j.category = c.id AND j.run = runs.id),
    (SELECT count(*) FROM names AS c CROSS JOIN test_attempts AS t
        ON t.category = c.id AND t.run = runs.id)
FROM runs ORDER BY id";

// The attempts of a run are together within a category: one look-up for each name finds them.
const JOBS: &str = "
SELECT category, layer, runner, job, attempt, ended_itself, duration, in_tests, tests,
    peak_memory_mb, beside, outcome
FROM names AS c CROSS JOIN job_attempts AS j ON j.category = c.id AND j.run = ?1
ORDER BY c.text, job, attempt";

const INPUTS: &str = "
SELECT category, fingerprint, is_sample, passed
FROM names AS c CROSS JOIN inputs AS i ON i.category = c.id AND i.run = ?1";

const CUTTINGS: &str = "
SELECT category, parts, whole, depends
FROM names AS c CROSS JOIN cuttings AS i ON i.category = c.id AND i.run = ?1
ORDER BY c.text";

const TESTS: &str = "
SELECT category, test, job, attempt, outcome, duration
FROM names AS c CROSS JOIN test_attempts AS t ON t.category = c.id AND t.run = ?1
ORDER BY c.text, test, attempt";

/// Writes the runs of a database, the oldest first, and answers with their number.
pub(in crate::history) fn export(
    path: &Path,
    connection: &Connection,
    writer: &mut dyn Write,
) -> Result<u32, HistoryError> {
    let written = write_runs(connection, writer);
    written.map_err(|stop| match stop {
        Stop::Database(error) => HistoryError::of(path, error),
        Stop::Writer(source) => {
            HistoryError::File { what: "the export cannot be written".to_owned(), source }
        }
    })
}

/// Why the writing ended early.
enum Stop {
    Database(rusqlite::Error),
    Writer(io::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Writer(error)
    }
}

fn write_runs(connection: &Connection, writer: &mut dyn Write) -> Result<u32, Stop> {
    // One transaction: what is written belongs together, whoever writes to the database.
    let transaction = connection.unchecked_transaction()?;
    let known =
        Known { texts: Names::read(&transaction)?.into_texts(), tests: tests(&transaction)? };
    write_line(writer, &Line::Head { schema: FORM.into() })?;
    let mut written = 0;
    let mut statement = transaction.prepare(RUNS)?;
    let mut runs = statement.query([])?;
    while let Some(run) = runs.next()? {
        let inputs = known.inputs(&transaction, run.get(0)?)?;
        let cuttings = known.cuttings(&transaction, run.get(0)?)?;
        write_line(writer, &Line::Run(RunLine { inputs, cuttings, ..run_line(run)? }))?;
        write_attempts(&transaction, run.get(0)?, &known, writer)?;
        written += 1;
    }
    writer.flush()?;
    Ok(written)
}

fn write_attempts(
    connection: &Connection,
    run: i64,
    known: &Known,
    writer: &mut dyn Write,
) -> Result<(), Stop> {
    let mut statement = connection.prepare_cached(JOBS)?;
    let mut jobs = statement.query([run])?;
    while let Some(job) = jobs.next()? {
        write_line(writer, &Line::Job(known.job_line(job)?))?;
    }
    let mut statement = connection.prepare_cached(TESTS)?;
    let mut tests = statement.query([run])?;
    while let Some(test) = tests.next()? {
        write_line(writer, &Line::Test(known.test_line(test)?))?;
    }
    Ok(())
}

fn write_line(writer: &mut dyn Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *writer, line)?;
    writer.write_all(b"\n")
}

/// A test as the table of tests has it.
struct KnownTest {
    id: String,
    file: Option<String>,
    critical: bool,
}

/// The tests by category and number.
fn tests(connection: &Connection) -> rusqlite::Result<HashMap<(i64, i64), KnownTest>> {
    let mut statement =
        connection.prepare("SELECT category, id, test, file, critical FROM tests")?;
    let mut rows = statement.query([])?;
    let mut tests = HashMap::new();
    while let Some(row) = rows.next()? {
        let test = KnownTest { id: row.get(2)?, file: row.get(3)?, critical: row.get(4)? };
        tests.insert((row.get(0)?, row.get(1)?), test);
    }
    Ok(tests)
}

/// What the numbers of a database stand for.
struct Known {
    texts: HashMap<i64, String>,
    tests: HashMap<(i64, i64), KnownTest>,
}

impl Known {
    fn text(&self, row: &Row<'_>, column: usize) -> rusqlite::Result<&str> {
        let text = self.texts.get(&row.get(column)?);
        text.map(String::as_str).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn inputs(&self, connection: &Connection, run: i64) -> rusqlite::Result<Vec<InputsLine<'_>>> {
        let mut statement = connection.prepare_cached(INPUTS)?;
        let mut rows = statement.query([run])?;
        let mut inputs = Vec::new();
        while let Some(row) = rows.next()? {
            inputs.push(InputsLine {
                category: self.text(row, 0)?.into(),
                fingerprint: row.get::<_, String>(1)?.into(),
                is_sample: row.get(2)?,
                passed: row.get(3)?,
            });
        }
        Ok(inputs)
    }

    fn cuttings(
        &self,
        connection: &Connection,
        run: i64,
    ) -> rusqlite::Result<Vec<CuttingLine<'_>>> {
        if !has_cuttings(connection)? {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare_cached(CUTTINGS)?;
        let mut rows = statement.query([run])?;
        let mut cuttings = Vec::new();
        while let Some(row) = rows.next()? {
            cuttings.push(CuttingLine {
                category: self.text(row, 0)?.into(),
                parts: row.get(1)?,
                whole: row.get(2)?,
                depends: row.get::<_, Option<String>>(3)?.map(Into::into),
            });
        }
        Ok(cuttings)
    }

    fn job_line(&self, row: &Row<'_>) -> rusqlite::Result<JobLine<'_>> {
        let outcome: Option<i64> = row.get(11)?;
        let outcome = outcome.and_then(|outcome| self.texts.get(&outcome));
        Ok(JobLine {
            category: self.text(row, 0)?.into(),
            layer: self.text(row, 1)?.into(),
            runner: self.text(row, 2)?.into(),
            job: row.get(3)?,
            attempt: row.get(4)?,
            ended_itself: row.get(5)?,
            duration_micros: whole(row, 6)?,
            in_tests_micros: whole(row, 7)?,
            tests: row.get(8)?,
            peak_memory_mb: row.get(9)?,
            beside: row.get(10)?,
            outcome: outcome.map(|outcome| outcome.as_str().into()),
        })
    }

    fn test_line(&self, row: &Row<'_>) -> rusqlite::Result<TestLine<'_>> {
        let key = (row.get(0)?, row.get(1)?);
        let test = self.tests.get(&key).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let duration: Option<i64> = row.get(5)?;
        Ok(TestLine {
            category: self.text(row, 0)?.into(),
            id: test.id.as_str().into(),
            file: test.file.as_deref().map(Into::into),
            critical: test.critical,
            job: row.get(2)?,
            attempt: row.get(3)?,
            outcome: self.text(row, 4)?.into(),
            duration_micros: duration.map(i64::unsigned_abs),
        })
    }
}

fn run_line(row: &Row<'_>) -> rusqlite::Result<RunLine<'static>> {
    let text = |column| {
        let text: rusqlite::Result<Option<String>> = row.get(column);
        text.map(|text| text.map(Into::into))
    };
    Ok(RunLine {
        run: row.get::<_, String>(1)?.into(),
        unix_millis: whole(row, 2)?,
        commit: text(3)?,
        branch: text(4)?,
        is_changed: row.get(5)?,
        environment: text(6)?,
        cores: row.get(7)?,
        slots: row.get(8)?,
        verdict: text(9)?,
        duration_micros: whole(row, 10)?,
        inputs: Vec::new(),
        cuttings: Vec::new(),
        jobs: whole(row, 11)?,
        tests: whole(row, 12)?,
    })
}

/// A number that is never negative.
fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}
