//! Adds a run to the database: all of it in one transaction, or nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Statement, Transaction, params};

use super::database::begin;
use super::names::Names;
use super::row::{CuttingRow, InputsRow, JobRow, RunRow, TestRow};

/// Adds a run with the attempts of its jobs and tests, unless it is there. Answers whether it was
/// added.
pub(super) fn add<'a>(
    connection: &mut Connection,
    run: &RunRow<'_>,
    jobs: impl Iterator<Item = JobRow<'a>>,
    tests: impl Iterator<Item = TestRow<'a>>,
) -> rusqlite::Result<bool> {
    let transaction = begin(connection)?;
    if is_known(&transaction, run)? {
        return Ok(false);
    }
    let mut addition = Addition::new(&transaction, run)?;
    for inputs in &run.inputs {
        addition.inputs(inputs)?;
    }
    for cutting in &run.cuttings {
        addition.cutting(cutting)?;
    }
    for job in jobs {
        addition.job(&job)?;
    }
    for test in tests {
        addition.test(&test)?;
    }
    drop(addition);
    transaction.commit()?;
    Ok(true)
}

fn is_known(transaction: &Transaction<'_>, run: &RunRow<'_>) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT 1 FROM runs WHERE run = ?1 AND unix_millis = ?2")?
        .exists(params![run.run, integer(run.unix_millis)])
}

fn insert_run(transaction: &Transaction<'_>, run: &RunRow<'_>) -> rusqlite::Result<i64> {
    let id = free_id(transaction, integer(run.unix_millis))?;
    transaction.execute(
        "INSERT INTO runs (id, run, unix_millis, git_commit, branch, is_changed, environment, \
         cores, slots, verdict, duration) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            id,
            run.run,
            integer(run.unix_millis),
            run.commit,
            run.branch,
            run.is_changed,
            run.environment,
            run.cores,
            run.slots,
            run.verdict.map(|verdict| verdict.as_str()),
            micros(run.duration),
        ],
    )?;
    Ok(id)
}

/// The first id from a number on that no run has. Runs that begin in one millisecond are few.
fn free_id(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<i64> {
    let mut statement = transaction.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?;
    let mut id = from;
    while statement.exists([id])? {
        id += 1;
    }
    Ok(id)
}

// A damaged record may tell of an attempt twice; the first one counts.
const ADD_JOB: &str = "
INSERT OR IGNORE INTO job_attempts (category, run, job, attempt, layer, runner, ended_itself,
    duration, in_tests, tests, peak_memory_mb, beside, outcome)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

// Frameworks may have several tests of one id; the first that ended stands for all.
const ADD_ATTEMPT: &str = "
INSERT OR IGNORE INTO test_attempts (category, run, test, attempt, job, outcome, duration)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const FIND_TEST: &str = "
SELECT id, file IS ?3 AND critical = ?4 FROM tests WHERE category = ?1 AND test = ?2";

const ADD_TEST: &str = "
INSERT OR IGNORE INTO tests (category, test, id, file, critical) VALUES (?1, ?2, ?3, ?4, ?5)";

const RENEW_TEST: &str = "
UPDATE tests SET file = ?3, critical = ?4 WHERE category = ?1 AND test = ?2";

const NEXT_TEST: &str = "SELECT coalesce(max(id), 0) + 1 FROM tests WHERE category = ?1";

/// The number of the first test of a category.
const FIRST_TEST: i64 = 1;

/// A run that is being added.
struct Addition<'t> {
    transaction: &'t Transaction<'t>,
    run: i64,
    names: Names,
    /// Numbers of tests, by category.
    numbering: BTreeMap<i64, Numbering>,
    add_job: Statement<'t>,
    add_attempt: Statement<'t>,
    find_test: Statement<'t>,
    add_test: Statement<'t>,
    renew_test: Statement<'t>,
}

impl<'t> Addition<'t> {
    fn new(transaction: &'t Transaction<'t>, run: &RunRow<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            transaction,
            run: insert_run(transaction, run)?,
            names: Names::read(transaction)?,
            numbering: BTreeMap::new(),
            add_job: transaction.prepare(ADD_JOB)?,
            add_attempt: transaction.prepare(ADD_ATTEMPT)?,
            find_test: transaction.prepare(FIND_TEST)?,
            add_test: transaction.prepare(ADD_TEST)?,
            renew_test: transaction.prepare(RENEW_TEST)?,
        })
    }

    fn name(&mut self, text: &str) -> rusqlite::Result<i64> {
        self.names.number(self.transaction, text)
    }

    fn inputs(&mut self, inputs: &InputsRow<'_>) -> rusqlite::Result<()> {
        let category = self.name(inputs.category)?;
        let mut statement = self.transaction.prepare_cached(
            "INSERT OR IGNORE INTO inputs (category, run, fingerprint, is_sample, passed) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (fingerprint, is_sample) = (inputs.fingerprint, inputs.is_sample);
        statement.execute(params![category, self.run, fingerprint, is_sample, inputs.passed])?;
        Ok(())
    }

    fn cutting(&mut self, cutting: &CuttingRow<'_>) -> rusqlite::Result<()> {
        let category = self.name(cutting.category)?;
        self.transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO cuttings (category, run, parts, whole, depends) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![category, self.run, cutting.parts, cutting.whole, cutting.depends])?;
        Ok(())
    }

    fn job(&mut self, job: &JobRow<'_>) -> rusqlite::Result<()> {
        let category = self.name(job.category)?;
        let layer = self.name(job.layer)?;
        let runner = self.name(job.runner)?;
        let outcome = job.outcome.map(|outcome| self.name(outcome.as_str())).transpose()?;
        self.add_job.execute(params![
            category,
            self.run,
            job.job,
            job.attempt,
            layer,
            runner,
            job.ended_itself,
            micros(job.duration),
            micros(job.in_tests),
            job.tests,
            job.peak_memory_mb,
            job.beside,
            outcome,
        ])?;
        Ok(())
    }

    fn test(&mut self, test: &TestRow<'_>) -> rusqlite::Result<()> {
        let category = self.name(test.category)?;
        let outcome = self.name(test.outcome.as_str())?;
        let id = self.test_number(category, test)?;
        self.add_attempt.execute(params![
            category,
            self.run,
            id,
            test.attempt,
            test.job,
            outcome,
            test.duration.map(micros),
        ])?;
        Ok(())
    }

    /// The number of a test inside its category; what is known of the test is brought up to date.
    fn test_number(&mut self, category: i64, test: &TestRow<'_>) -> rusqlite::Result<i64> {
        let Numbering { next, is_new } = self.numbering(category)?;
        if !is_new && let Some(known) = self.known_test(category, test)? {
            return Ok(known);
        }
        let row = params![category, test.id, next, test.file, test.critical];
        if self.add_test.execute(row)? == 0 {
            // Several tests of one id in the first run of their category.
            return Ok(self.known_test(category, test)?.unwrap_or(next));
        }
        self.numbering.insert(category, Numbering { next: next + 1, is_new });
        Ok(next)
    }

    /// The number of a test that the history knows, brought up to date.
    fn known_test(&mut self, category: i64, test: &TestRow<'_>) -> rusqlite::Result<Option<i64>> {
        let known = params![category, test.id, test.file, test.critical];
        let found = self
            .find_test
            .query_row(known, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)));
        let Some((id, is_same)) = found.optional()? else { return Ok(None) };
        if !is_same {
            self.renew_test.execute(known)?;
        }
        Ok(Some(id))
    }

    fn numbering(&mut self, category: i64) -> rusqlite::Result<Numbering> {
        if let Some(known) = self.numbering.get(&category) {
            return Ok(*known);
        }
        let mut statement = self.transaction.prepare_cached(NEXT_TEST)?;
        let next = statement.query_row([category], |row| row.get(0))?;
        let numbering = Numbering { next, is_new: next == FIRST_TEST };
        self.numbering.insert(category, numbering);
        Ok(numbering)
    }
}

/// How the tests of a category are numbered.
#[derive(Clone, Copy)]
struct Numbering {
    /// The next number.
    next: i64,
    /// Whether the history had none of its tests before this run, so that looking for one is
    /// work for nothing.
    is_new: bool,
}

/// A number as SQLite keeps it.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whole microseconds.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
