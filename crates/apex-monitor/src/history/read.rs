//! From the database to the value that plans are made with: of each test and of the jobs of each
//! category the latest samples, and no more than the value may hold.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::CategoryName;
use apex_core::change::Fingerprint;
use apex_core::history::{
    CategoryHistory, CuttingSample, History, InputsSeen, JobSample, MOST_SAMPLES, TestHistory,
    TestSample,
};
use apex_core::{Outcome, RunId};
use rusqlite::{Connection, Row};

use super::database::has_cuttings;
use super::names::Names;

/// Runs that are looked at, the newest first.
const MOST_RUNS: u32 = 10_000;

/// Rows that are read of a category for each of its tests, so that a test that seldom runs is
/// found behind those that often do.
const ROWS_FOR_EACH_TEST: usize = 2 * MOST_SAMPLES;

/// Rows that are read of a category at least, so that many runs of a few tests do not hide the
/// others.
const LEAST_ROWS: usize = 20_000;

/// What the database knows about some categories, or about all.
pub(super) fn history(
    connection: &Connection,
    wanted: Option<&[CategoryName]>,
) -> rusqlite::Result<History> {
    // One transaction: what is read belongs together, whoever writes meanwhile.
    let transaction = connection.unchecked_transaction()?;
    let names = Names::read(&transaction)?;
    let mut history = History {
        runs: transaction.query_row("SELECT count(*) FROM runs", [], |row| row.get(0))?,
        ..History::default()
    };
    let categories = match wanted {
        Some(wanted) => numbers_of(wanted, &names),
        None => every_category(&transaction)?,
    };
    let reader =
        Reader { runs: runs(&transaction)?, outcomes: outcomes(&names), connection: &transaction };
    for (name, number) in categories {
        let category = reader.category(&name, number)?;
        if category != CategoryHistory::default() {
            history.categories.insert(name, category);
        }
    }
    Ok(history)
}

fn numbers_of(wanted: &[CategoryName], names: &Names) -> Vec<(CategoryName, i64)> {
    wanted.iter().filter_map(|name| Some((name.clone(), names.get(name.as_str())?))).collect()
}

/// Every category of which something is known. Its name was one when it was written.
fn every_category(connection: &Connection) -> rusqlite::Result<Vec<(CategoryName, i64)>> {
    let mut statement = connection.prepare(
        "SELECT id, text FROM names \
         WHERE EXISTS (SELECT 1 FROM job_attempts WHERE category = names.id) \
         OR EXISTS (SELECT 1 FROM tests WHERE category = names.id)",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        if let Ok(name) = CategoryName::new(&text) {
            found.push((name, row.get(0)?));
        }
    }
    Ok(found)
}

/// A run that samples belong to.
struct Run {
    unix_millis: u64,
    ago: u32,
    /// The commit whose files were tested.
    commit: Option<Arc<str>>,
}

/// The newest runs by id. A run of files that differ from their commit says nothing about the
/// commit.
fn runs(connection: &Connection) -> rusqlite::Result<HashMap<i64, Run>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, unix_millis, CASE WHEN is_changed = 0 THEN git_commit END FROM runs \
         ORDER BY id DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([MOST_RUNS])?;
    let mut runs = HashMap::new();
    let mut commits: HashMap<String, Arc<str>> = HashMap::new();
    let mut ago = 0;
    while let Some(row) = rows.next()? {
        let commit: Option<String> = row.get(2)?;
        let shared = |text: String| {
            Arc::clone(commits.entry(text).or_insert_with_key(|text| text.as_str().into()))
        };
        let run = Run { unix_millis: whole(row, 1)?, ago, commit: commit.map(shared) };
        runs.insert(row.get(0)?, run);
        ago += 1;
    }
    Ok(runs)
}

/// The outcomes by number.
fn outcomes(names: &Names) -> HashMap<i64, Outcome> {
    Outcome::ALL.into_iter().filter_map(|one| Some((names.get(one.as_str())?, one))).collect()
}

struct Reader<'c> {
    connection: &'c Connection,
    runs: HashMap<i64, Run>,
    outcomes: HashMap<i64, Outcome>,
}

impl Reader<'_> {
    /// What is known of a category.
    fn category(&self, name: &CategoryName, number: i64) -> rusqlite::Result<CategoryHistory> {
        let mut tests = self.known_tests(number)?;
        if !tests.is_empty() {
            self.fill(number, &mut tests)?;
        }
        let sampled = tests.into_values().filter(|(_, test)| !test.samples.is_empty());
        let mut category = CategoryHistory {
            tests: sampled.collect(),
            jobs: Vec::new(),
            passes: self.inputs(number, true)?,
            misses: self.inputs(number, false)?,
            cuttings: self.cuttings(number)?,
        };
        let itself = self.fill_jobs(number, &mut category.jobs)?;
        if !itself.is_empty() {
            let test = TestHistory { samples: itself, ..TestHistory::default() };
            category.tests.insert(name.as_str().into(), test);
        }
        Ok(category)
    }

    /// The tests of a category by number, without samples.
    fn known_tests(
        &self,
        category: i64,
    ) -> rusqlite::Result<HashMap<i64, (Arc<str>, TestHistory)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, test, file, critical FROM tests WHERE category = ?1")?;
        let mut rows = statement.query([category])?;
        let mut tests = HashMap::new();
        while let Some(row) = rows.next()? {
            let id: Arc<str> = row.get(1)?;
            let test =
                TestHistory { file: row.get(2)?, critical: row.get(3)?, samples: Vec::new() };
            tests.insert(row.get(0)?, (id, test));
        }
        Ok(tests)
    }

    /// Gives each test its samples, from the latest run back, until all have enough or enough
    /// was read.
    fn fill(
        &self,
        category: i64,
        tests: &mut HashMap<i64, (Arc<str>, TestHistory)>,
    ) -> rusqlite::Result<()> {
        let most_rows = LEAST_ROWS.max(tests.len().saturating_mul(ROWS_FOR_EACH_TEST));
        let mut statement = self.connection.prepare_cached(
            "SELECT test, run, attempt, outcome, duration FROM test_attempts \
             WHERE category = ?1 ORDER BY run DESC, test DESC, attempt DESC LIMIT ?2",
        )?;
        let limit = i64::try_from(most_rows).unwrap_or(i64::MAX);
        let mut rows = statement.query((category, limit))?;
        let mut hungry = tests.len();
        while hungry > 0
            && let Some(row) = rows.next()?
        {
            let Some((_, test)) = tests.get_mut(&row.get(0)?) else { continue };
            if test.samples.len() < MOST_SAMPLES
                && let Some(sample) = self.test_sample(row)?
            {
                test.samples.push(sample);
                hungry -= usize::from(test.samples.len() == MOST_SAMPLES);
            }
        }
        Ok(())
    }

    /// The sample of a row; none when its run is too long ago, or its outcome is of a newer Apex.
    fn test_sample(&self, row: &Row<'_>) -> rusqlite::Result<Option<TestSample>> {
        let micros: Option<i64> = row.get(4)?;
        let (run, outcome) = (self.runs.get(&row.get(1)?), self.outcomes.get(&row.get(3)?));
        let (Some(run), Some(outcome)) = (run, outcome) else { return Ok(None) };
        Ok(Some(TestSample {
            unix_millis: run.unix_millis,
            runs_ago: run.ago,
            commit: run.commit.clone(),
            attempt: row.get(2)?,
            outcome: *outcome,
            duration: micros.map(|micros| Duration::from_micros(micros.unsigned_abs())),
        }))
    }

    /// The latest inputs with which a category passed, or with which it failed as a sample.
    fn inputs(&self, category: i64, passed: bool) -> rusqlite::Result<Vec<InputsSeen>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT fingerprint, runs.run FROM inputs JOIN runs ON runs.id = inputs.run \
             WHERE category = ?1 AND passed = ?2 AND (passed OR is_sample) \
             ORDER BY inputs.run DESC LIMIT ?3",
        )?;
        let limit = i64::try_from(MOST_SAMPLES).unwrap_or(i64::MAX);
        let mut rows = statement.query((category, passed, limit))?;
        let mut seen = Vec::new();
        while let Some(row) = rows.next()? {
            let (text, run): (String, String) = (row.get(0)?, row.get(1)?);
            let Some(fingerprint) = Fingerprint::from_text(&text) else { continue };
            seen.push(InputsSeen { fingerprint, run: RunId::new(&run) });
        }
        Ok(seen)
    }

    /// How a category was cut in its latest runs.
    fn cuttings(&self, category: i64) -> rusqlite::Result<Vec<CuttingSample>> {
        if !has_cuttings(self.connection)? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT run, parts, whole, depends FROM cuttings WHERE category = ?1 \
             ORDER BY run DESC LIMIT ?2",
        )?;
        let limit = i64::try_from(MOST_SAMPLES).unwrap_or(i64::MAX);
        let mut rows = statement.query((category, limit))?;
        let mut cuttings = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(run) = self.runs.get(&row.get(0)?) else { continue };
            cuttings.push(CuttingSample {
                unix_millis: run.unix_millis,
                commit: run.commit.clone(),
                parts: row.get(1)?,
                whole: row.get(2)?,
                depends: row.get(3)?,
            });
        }
        Ok(cuttings)
    }

    /// The latest attempts of a category's jobs that ended by themselves, and apart from these the
    /// samples of a job that is a test by itself.
    fn fill_jobs(
        &self,
        category: i64,
        jobs: &mut Vec<JobSample>,
    ) -> rusqlite::Result<Vec<TestSample>> {
        // The first columns are those of a sample of a test.
        let mut statement = self.connection.prepare_cached(
            "SELECT job, run, attempt, outcome, duration, ended_itself, in_tests, tests, \
             peak_memory_mb, beside FROM job_attempts \
             WHERE category = ?1 ORDER BY run DESC, job DESC, attempt DESC LIMIT ?2",
        )?;
        let limit = i64::try_from(ROWS_FOR_EACH_TEST).unwrap_or(i64::MAX);
        let mut rows = statement.query((category, limit))?;
        let mut itself = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(run) = self.runs.get(&row.get(1)?) else { continue };
            if itself.len() < MOST_SAMPLES
                && row.get::<_, Option<i64>>(3)?.is_some()
                && let Some(sample) = self.test_sample(row)?
            {
                itself.push(sample);
            }
            if jobs.len() < MOST_SAMPLES && row.get(5)? {
                jobs.push(JobSample {
                    runs_ago: run.ago,
                    duration: Duration::from_micros(whole(row, 4)?),
                    in_tests: Duration::from_micros(whole(row, 6)?),
                    tests: row.get(7)?,
                    peak_memory_mb: row.get(8)?,
                    beside: row.get(9)?,
                });
            }
        }
        Ok(itself)
    }
}

/// A number that is never negative.
fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}
