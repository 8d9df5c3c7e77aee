//! The latest runs, and the latest attempts of one test: what a page shows.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};

/// Runs among which attempts of a test are looked for, the newest first.
const LOOKED_AT: u32 = 300;

/// A run of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub run: String,
    /// When it began, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// From its beginning to its last event.
    pub duration: Duration,
    /// A word of the verdicts; none for a run that was killed.
    pub verdict: Option<String>,
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// The branch that was checked out.
    pub branch: Option<String>,
}

/// An attempt of a test in some run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAttempt {
    /// The run.
    pub run: String,
    /// When the run began, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// Which try, from 1.
    pub attempt: u32,
    /// A word of the outcomes.
    pub outcome: String,
    /// How long it took; none where its framework does not say.
    pub duration: Option<Duration>,
}

/// The latest runs, the newest first.
pub(super) fn runs(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<PastRun>> {
    let mut statement = connection.prepare_cached(
        "SELECT run, unix_millis, duration, verdict, git_commit, branch FROM runs \
         ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(PastRun {
            run: row.get(0)?,
            unix_millis: row.get::<_, i64>(1)?.unsigned_abs(),
            duration: Duration::from_micros(row.get::<_, i64>(2)?.unsigned_abs()),
            verdict: row.get(3)?,
            commit: row.get(4)?,
            branch: row.get(5)?,
        })
    })?;
    rows.collect()
}

/// The latest attempts of a test, the latest first. A job that is a test by itself has the name of
/// its category.
pub(super) fn attempts(
    connection: &Connection,
    category: &str,
    id: &str,
    limit: u32,
) -> rusqlite::Result<Vec<PastAttempt>> {
    let known = "SELECT tests.id FROM tests JOIN names ON names.id = tests.category \
                 WHERE names.text = ?1 AND tests.test = ?2";
    let test: Option<i64> =
        connection.prepare_cached(known)?.query_row([category, id], |row| row.get(0)).optional()?;
    // From each of the newest runs a few rows by their key.
    let (table, column) = match test {
        Some(_) => ("test_attempts", "test = ?2"),
        None => ("job_attempts", "?2 = 0 AND one.outcome IS NOT NULL"),
    };
    if test.is_none() && category != id {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT past.run, past.unix_millis, one.attempt, outcome.text, one.duration \
         FROM (SELECT id, run, unix_millis FROM runs ORDER BY id DESC LIMIT {LOOKED_AT}) AS past \
         JOIN {table} AS one ON one.run = past.id AND one.category = \
         (SELECT id FROM names WHERE text = ?1) AND {column} \
         JOIN names AS outcome ON outcome.id = one.outcome \
         ORDER BY past.id DESC, one.attempt DESC LIMIT ?3"
    ))?;
    let rows = statement.query_map((category, test.unwrap_or(0), limit), |row| {
        let micros: Option<i64> = row.get(4)?;
        Ok(PastAttempt {
            run: row.get(0)?,
            unix_millis: row.get::<_, i64>(1)?.unsigned_abs(),
            attempt: row.get(2)?,
            outcome: row.get(3)?,
            duration: micros.map(|micros| Duration::from_micros(micros.unsigned_abs())),
        })
    })?;
    rows.collect()
}
