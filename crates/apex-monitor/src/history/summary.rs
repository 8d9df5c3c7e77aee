//! How much a history holds.

use jiff::Timestamp;
use rusqlite::Connection;

/// How much a history holds. The default is one without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Summary {
    /// Runs.
    pub runs: u64,
    /// Tests, each counted once.
    pub tests: u64,
    /// Attempts of tests.
    pub test_attempts: u64,
    /// Attempts of jobs.
    pub job_attempts: u64,
    /// Bytes on disk, without what is not merged into the file yet.
    pub bytes: u64,
    /// When the oldest run began, milliseconds since 1970-01-01 UTC.
    pub oldest_unix_millis: Option<u64>,
    /// When the newest run began.
    pub newest_unix_millis: Option<u64>,
}

/// Counts.
pub(super) fn of(connection: &Connection) -> rusqlite::Result<Summary> {
    let transaction = connection.unchecked_transaction()?;
    let number = |sql: &str| {
        transaction
            .query_row(sql, [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(i64::unsigned_abs)))
    };
    let count = |table: &str| {
        let rows = number(&format!("SELECT count(*) FROM {table}"));
        rows.map(Option::unwrap_or_default)
    };
    let pages = number("PRAGMA page_count")?.unwrap_or(0);
    let page = number("PRAGMA page_size")?.unwrap_or(0);
    // Jobs that are tests by themselves.
    let lone_tests =
        number("SELECT count(DISTINCT category) FROM job_attempts WHERE outcome IS NOT NULL")?;
    let lone_attempts = number("SELECT count(outcome) FROM job_attempts")?;
    Ok(Summary {
        runs: count("runs")?,
        tests: count("tests")? + lone_tests.unwrap_or(0),
        test_attempts: count("test_attempts")? + lone_attempts.unwrap_or(0),
        job_attempts: count("job_attempts")?,
        bytes: pages * page,
        oldest_unix_millis: number("SELECT min(unix_millis) FROM runs")?,
        newest_unix_millis: number("SELECT max(unix_millis) FROM runs")?,
    })
}

/// A time for people: the day and the minute in UTC; empty when it is beyond the calendar.
#[must_use]
pub fn utc(unix_millis: u64) -> String {
    let millis = i64::try_from(unix_millis).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(millis);
    time.map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
