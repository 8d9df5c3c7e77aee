//! From the journals of runs to the history: what a killed Apex could not add itself.
//!
//! A journal that is torn or damaged gives what can be read of it before.

use std::path::Path;
use std::time::SystemTime;

use apex_core::{RunId, RunView};
use rusqlite::{Connection, OptionalExtension as _};

use super::collect::Collector;
use super::database::{open_to_read, open_to_write};
use super::trouble::HistoryError;
use super::write::add;
use crate::run_dir::{JournalReader, RunDirectory, Runs};

/// Records that are read to catch up.
const MOST_TO_CATCH_UP: usize = 5;

/// Bytes of journals that are read to catch up: a moment of reading.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// What became of the records of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TakenIn {
    /// Runs that were added.
    pub added: u32,
    /// Runs that were there.
    pub known: u32,
    /// Records without a beginning that could be read.
    pub unreadable: u32,
}

/// Adds every run with a record.
pub(super) fn rebuild(path: &Path, runs: &Runs) -> Result<TakenIn, HistoryError> {
    let mut taken = TakenIn::default();
    let mut connection = open_to_write(path)?;
    for run in recorded(runs)? {
        if is_known(path, &connection, &run)? {
            taken.known += 1;
        } else if let Some(record) = ended_record(runs, &run) {
            if take_in(path, &mut connection, &record)? {
                taken.added += 1;
            } else {
                taken.unreadable += 1;
            }
        }
    }
    Ok(taken)
}

/// Adds the latest runs that are missing.
pub(super) fn catch_up(path: &Path, runs: &Runs) -> Result<TakenIn, HistoryError> {
    let recorded = recorded(runs)?;
    let mut taken = TakenIn::default();
    if recorded.is_empty() {
        return Ok(taken);
    }
    let (missing, oldest) = match open_to_read(path)? {
        Some(connection) => (missing(path, &connection, recorded)?, oldest(path, &connection)?),
        None => (recorded, None),
    };
    let mut bytes = 0;
    let mut connection = None;
    for run in missing.iter().take(MOST_TO_CATCH_UP) {
        let Some(record) = ended_record(runs, run) else { continue };
        let Ok(journal) = record.events().metadata() else { continue };
        bytes += journal.len();
        if bytes > MOST_BYTES {
            break;
        }
        // What is older than the history was removed from it.
        if journal.modified().ok().and_then(unix_millis) < oldest {
            continue;
        }
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(open_to_write(path)?),
        };
        taken.added += u32::from(take_in(path, connection, &record)?);
    }
    Ok(taken)
}

/// The runs that have a record, the newest first, without parts of runs: these teach when they
/// are joined. Else the machines of a matrix would come to know different things, and to split
/// the next run differently.
fn recorded(runs: &Runs) -> Result<Vec<RunId>, HistoryError> {
    let mut recorded = runs.list().map_err(|source| HistoryError::File {
        what: "the records of runs cannot be listed".to_owned(),
        source,
    })?;
    recorded.retain(|run| !runs.open(run).is_ok_and(|record| record.is_part()));
    Ok(recorded)
}

/// Those of some runs that the history does not have.
fn missing(
    path: &Path,
    connection: &Connection,
    recorded: Vec<RunId>,
) -> Result<Vec<RunId>, HistoryError> {
    let mut missing = Vec::new();
    for run in recorded {
        if !is_known(path, connection, &run)? {
            missing.push(run);
        }
    }
    Ok(missing)
}

fn is_known(path: &Path, connection: &Connection, run: &RunId) -> Result<bool, HistoryError> {
    connection
        .prepare_cached("SELECT 1 FROM runs WHERE run = ?1")
        .and_then(|mut statement| statement.exists([run.as_str()]))
        .map_err(|error| HistoryError::of(path, error))
}

/// When the oldest run of the history began.
fn oldest(path: &Path, connection: &Connection) -> Result<Option<i64>, HistoryError> {
    connection
        .query_row("SELECT unix_millis FROM runs ORDER BY id LIMIT 1", [], |row| row.get(0))
        .optional()
        .map_err(|error| HistoryError::of(path, error))
}

/// The record of a run that does not go on.
fn ended_record(runs: &Runs, run: &RunId) -> Option<RunDirectory> {
    let record = runs.open(run).ok()?;
    (!record.is_running().ok()?).then_some(record)
}

/// Adds the run of a record, as far as its journal can be read; `false` when that is not even its
/// beginning.
fn take_in(
    path: &Path,
    connection: &mut Connection,
    record: &RunDirectory,
) -> Result<bool, HistoryError> {
    let mut view = RunView::new();
    let mut collector = Collector::default();
    if let Ok(journal) = JournalReader::open(&record.events()) {
        for envelope in journal.map_while(Result::ok) {
            view.apply(&envelope);
            collector.take(&envelope, &view);
        }
    }
    let Some(run) = collector.run(&view) else { return Ok(false) };
    add(connection, &run, collector.jobs(&view), collector.tests(&view))
        .map_err(|error| HistoryError::of(path, error))
}

fn unix_millis(time: SystemTime) -> Option<i64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}
