//! What is too old or too much leaves the history, the oldest runs first.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::database::begin;
use super::write::integer;

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// The note of when this was last done.
const NOTE: &str = "pruned_unix_millis";

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Days that a run is kept.
    pub days: u32,
    /// Bytes that the database may hold.
    pub bytes: u64,
}

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Runs that were removed.
    pub runs: u32,
    /// Tests that no run is left of.
    pub tests: u32,
}

/// Removes what is beyond the limits, and gives the room back to the disk.
pub(super) fn prune(
    connection: &mut Connection,
    limits: &Limits,
    now: u64,
) -> rusqlite::Result<Pruned> {
    let pruned = remove(connection, limits, now)?;
    if pruned.runs > 0 {
        connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(pruned)
}

/// The same once a day, without giving room back: it costs a moment, and the room is used again.
pub(super) fn now_and_then(
    connection: &mut Connection,
    limits: &Limits,
    now: u64,
) -> rusqlite::Result<()> {
    let last: Option<i64> = connection
        .query_row("SELECT value FROM notes WHERE name = ?1", [NOTE], |row| row.get(0))
        .optional()?;
    if last.is_none_or(|last| integer(now) >= last.saturating_add(integer(DAY))) {
        remove(connection, limits, now)?;
    }
    Ok(())
}

fn remove(connection: &mut Connection, limits: &Limits, now: u64) -> rusqlite::Result<Pruned> {
    let transaction = begin(connection)?;
    let since = now.saturating_sub(u64::from(limits.days).saturating_mul(DAY));
    let mut pruned = Pruned { runs: remove_before(&transaction, integer(since))?, tests: 0 };
    // Each turn takes a tenth of the runs, at least one, so that it ends.
    while used_bytes(&transaction)? > limits.bytes
        && let Some(cut) = oldest_tenth(&transaction)?
    {
        pruned.runs += remove_before(&transaction, cut)?;
    }
    if pruned.runs > 0 {
        let orphans = "DELETE FROM tests WHERE (category, id) NOT IN \
                       (SELECT category, test FROM test_attempts)";
        pruned.tests = u32::try_from(transaction.execute(orphans, [])?).unwrap_or(u32::MAX);
    }
    transaction.execute(
        "INSERT INTO notes (name, value) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (NOTE, integer(now)),
    )?;
    transaction.commit()?;
    Ok(pruned)
}

/// Removes the runs whose id is before a number; ids grow with the time of the beginning.
fn remove_before(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<u32> {
    let removed = transaction.execute("DELETE FROM runs WHERE id < ?1", [id])?;
    if removed > 0 {
        transaction.execute("DELETE FROM test_attempts WHERE run < ?1", [id])?;
        transaction.execute("DELETE FROM job_attempts WHERE run < ?1", [id])?;
        transaction.execute("DELETE FROM inputs WHERE run < ?1", [id])?;
        transaction.execute("DELETE FROM cuttings WHERE run < ?1", [id])?;
    }
    Ok(u32::try_from(removed).unwrap_or(u32::MAX))
}

/// The id behind the oldest tenth of the runs; `None` when one run is left.
fn oldest_tenth(transaction: &Transaction<'_>) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM runs ORDER BY id LIMIT 1 \
               OFFSET (SELECT max(1, count(*) / 10) FROM runs)";
    transaction.query_row(sql, [], |row| row.get(0)).optional()
}

/// Bytes of the pages that hold something.
fn used_bytes(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    let number = |pragma: &str| {
        transaction.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
    };
    let pages = number("page_count")? - number("freelist_count")?;
    Ok((pages * number("page_size")?).unsigned_abs())
}
