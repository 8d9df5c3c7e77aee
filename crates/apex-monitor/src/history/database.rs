//! The database file: opened, made, brought to this version. Everything about its form is here.
//!
//! Several processes use it at once: a write-ahead log lets them read while one writes, and every
//! writer takes its turn at the beginning of its transaction. Names that occur often are numbers
//! that the table `names` explains. Rows are ordered by category, then by run, so that a run adds
//! to a few places only and what is newest of a category is read in one go. An attempt of a job that is a test by itself has its outcome in its
//! own row.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::trouble::HistoryError;

/// The version of the tables. A greater one is for a newer Apex.
pub(super) const VERSION: i64 = 2;

/// The version without the table of cuttings. Read as it is, completed by the first writer.
const WITHOUT_CUTTINGS: i64 = 1;

/// How long a writer waits for its turn.
const WRITER_PATIENCE: Duration = Duration::from_secs(5);

/// How long a reader waits; nobody but a foreign program keeps readers out.
const READER_PATIENCE: Duration = Duration::from_millis(500);

/// Statements that a connection keeps compiled: more than there are here.
const STATEMENTS: usize = 32;

/// Times are microseconds, or milliseconds since 1970-01-01 UTC where the name says so. The id of
/// a run grows with the time of its beginning, also when it is added later.
const TABLES: &str = "
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    unix_millis INTEGER NOT NULL,
    git_commit TEXT,
    branch TEXT,
    is_changed INTEGER,
    environment TEXT,
    cores INTEGER,
    slots INTEGER NOT NULL,
    verdict TEXT,
    duration INTEGER NOT NULL,
    UNIQUE (run, unix_millis)
) STRICT;
CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE tests (
    category INTEGER NOT NULL,
    test TEXT NOT NULL,
    id INTEGER NOT NULL,
    file TEXT,
    critical INTEGER NOT NULL,
    PRIMARY KEY (category, test)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_attempts (
    category INTEGER NOT NULL,
    run INTEGER NOT NULL,
    job INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    runner INTEGER NOT NULL,
    ended_itself INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    in_tests INTEGER NOT NULL,
    tests INTEGER NOT NULL,
    peak_memory_mb INTEGER,
    beside INTEGER NOT NULL,
    outcome INTEGER,
    PRIMARY KEY (category, run, job, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE test_attempts (
    category INTEGER NOT NULL,
    run INTEGER NOT NULL,
    test INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    job INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    duration INTEGER,
    PRIMARY KEY (category, run, test, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE inputs (
    category INTEGER NOT NULL,
    run INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    is_sample INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    PRIMARY KEY (category, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// How categories were cut whose tests share a program; `whole` is whether all of it passed in one
/// program, where that was tried.
const CUTTINGS: &str = "
CREATE TABLE cuttings (
    category INTEGER NOT NULL,
    run INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    whole INTEGER,
    depends TEXT,
    PRIMARY KEY (category, run)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2;
";

/// How many tables there are without that of cuttings.
const FIRST_TABLES: usize = 7;

/// Opens the database for reading; `None` when there is none, or one that was never filled.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, HistoryError> {
    if !path.try_exists().unwrap_or(true) {
        return Ok(None);
    }
    let failed = |error| HistoryError::of(path, error);
    // Reading a write-ahead log may mean to tidy up after a process that was killed.
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, READER_PATIENCE);
    let connection = connection.map_err(failed)?;
    match version(&connection).map_err(failed)? {
        0 => Ok(None),
        WITHOUT_CUTTINGS | VERSION => Ok(Some(connection)),
        found => Err(HistoryError::Newer { path: path.to_owned(), found, known: VERSION }),
    }
}

/// Opens the database for writing, and makes it when there is none.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, HistoryError> {
    let failed = |error| HistoryError::of(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = open(path, flags, WRITER_PATIENCE).map_err(failed)?;
    let found = match version(&connection).map_err(failed)? {
        0 | WITHOUT_CUTTINGS => make_tables(&mut connection).map_err(failed)?,
        found => found,
    };
    if found > VERSION {
        return Err(HistoryError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    Ok(connection)
}

/// Whether the database is damaged anywhere. It reads all of it.
pub(super) fn is_damaged(path: &Path) -> bool {
    let connection = match open_to_read(path) {
        Ok(Some(connection)) => connection,
        Ok(None) => return false,
        Err(error) => return error.is_damage(),
    };
    let checked = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let is_whole = match checked {
        Ok(answer) => answer == "ok",
        Err(error) => !HistoryError::of(path, error).is_damage(),
    };
    !is_whole || !has_tables(&connection).unwrap_or(true)
}

/// Whether the tables are those of this version. SQLite keeps the text that made each.
fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )?;
    let texts: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let is_known = |text: &String| TABLES.contains(text) || CUTTINGS.contains(text);
    let count = FIRST_TABLES + usize::from(has_cuttings(connection)?);
    Ok(texts.len() == count && texts.iter().all(is_known))
}

/// Whether the table of cuttings is there: not in a file that no writer of this version has seen.
pub(super) fn has_cuttings(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(version(connection)? > WITHOUT_CUTTINGS)
}

/// A transaction that has its turn to write from the beginning.
pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn open(path: &Path, flags: OpenFlags, patience: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // What a commit wrote survives the death of the process; after a loss of power the last
    // commits may be gone, and the journals of their runs are still there.
    synchronous(&connection, "NORMAL")?;
    Ok(connection)
}

fn synchronous(connection: &Connection, word: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", word)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables that are missing, unless another process was faster; answers with the version that is there.
fn make_tables(connection: &mut Connection) -> rusqlite::Result<i64> {
    // Nothing is in it that a loss of power could take: waiting for the disk can wait until there
    // is, and each such wait costs as much as starting a program.
    synchronous(connection, "OFF")?;
    let found = make_tables_at_once(connection)?;
    synchronous(connection, "NORMAL")?;
    Ok(found)
}

fn make_tables_at_once(connection: &mut Connection) -> rusqlite::Result<i64> {
    match connection.pragma_update(None, "journal_mode", "WAL") {
        // Another process is doing the same; what the mode is does not matter for what follows.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
        done => done?,
    }
    let transaction = begin(connection)?;
    match version(&transaction)? {
        0 => transaction.execute_batch(&format!("{TABLES}{CUTTINGS}"))?,
        WITHOUT_CUTTINGS => transaction.execute_batch(CUTTINGS)?,
        found => return Ok(found),
    }
    transaction.commit()?;
    Ok(VERSION)
}
