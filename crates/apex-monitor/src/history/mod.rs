//! What earlier runs taught, in a database beside their records: `<state>/history.db`.
//!
//! It is an index over the journals of runs: every attempt of every job and test, with what is
//! needed to learn from it. It can be made again from the journals, and what other machines
//! learned can be added. Nothing that goes wrong with it delays or fails a run.
//!
//! | part | what it does |
//! |---|---|
//! | [`HistoryFile`] | the file: reads, adds, prunes, exchanges |
//! | [`Recorder`] | a sink that adds its run at the end |
//! | [`HistoryError`] | why it cannot be used, and what to do next |
//!
//! The only place that names SQLite. The value that plans are made with is
//! [`apex_core::History`].

mod collect;
mod database;
mod exchange;
mod journals;
mod latest;
mod names;
mod prune;
mod read;
mod recorder;
mod row;
mod summary;
mod trouble;
mod write;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use apex_config::model::CategoryName;
use apex_core::History;

use crate::run_dir::Runs;

pub use exchange::{FORM, Imported};
pub use journals::TakenIn;
pub use latest::{PastAttempt, PastRun};
pub use prune::{Limits, Pruned};
pub use recorder::Recorder;
pub use row::{InputsRow, JobRow, RunRow, TestRow};
pub use summary::{Summary, utc};
pub use trouble::HistoryError;

/// The name of the file in a state folder.
const FILE: &str = "history.db";

/// What a damaged one is called from then on; an older damaged one is replaced.
const SET_ASIDE: &str = "history.db.damaged";

/// What SQLite puts behind the name of a database for the files beside it.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// The history of a project. Nothing is open between calls, and several processes may use it.
#[derive(Clone, Debug)]
pub struct HistoryFile {
    path: PathBuf,
}

impl HistoryFile {
    /// The history of a state folder, usually `.apex` in the project root. Nothing is touched.
    #[must_use]
    pub fn in_state(state: &Path) -> Self {
        Self { path: state.join(FILE) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known about some categories, or about all. Without a file, nothing is known.
    ///
    /// # Errors
    /// [`HistoryError`]; the caller goes on with an empty history.
    pub fn read(&self, categories: Option<&[CategoryName]>) -> Result<History, HistoryError> {
        match database::open_to_read(&self.path)? {
            Some(connection) => self.told(read::history(&connection, categories)),
            None => Ok(History::default()),
        }
    }

    /// How much it holds.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn summary(&self) -> Result<Summary, HistoryError> {
        match database::open_to_read(&self.path)? {
            Some(connection) => self.told(summary::of(&connection)),
            None => Ok(Summary::default()),
        }
    }

    /// The latest runs, the newest first. Without a file, there are none.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn latest_runs(&self, limit: u32) -> Result<Vec<PastRun>, HistoryError> {
        match database::open_to_read(&self.path)? {
            Some(connection) => self.told(latest::runs(&connection, limit)),
            None => Ok(Vec::new()),
        }
    }

    /// The latest attempts of a test among the newest 300 runs, the latest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn past_of_test(
        &self,
        category: &str,
        id: &str,
        limit: u32,
    ) -> Result<Vec<PastAttempt>, HistoryError> {
        match database::open_to_read(&self.path)? {
            Some(connection) => self.told(latest::attempts(&connection, category, id, limit)),
            None => Ok(Vec::new()),
        }
    }

    /// Adds a run with the attempts of its jobs and tests: all of it, or nothing. Answers whether
    /// it was added; a run that is there stays as it is.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn add<'a>(
        &self,
        run: &RunRow<'_>,
        jobs: impl Iterator<Item = JobRow<'a>>,
        tests: impl Iterator<Item = TestRow<'a>>,
    ) -> Result<bool, HistoryError> {
        let mut connection = database::open_to_write(&self.path)?;
        self.told(write::add(&mut connection, run, jobs, tests))
    }

    /// Adds the latest runs that have a record and are not in the history, because their Apex was
    /// killed or could not write. It looks at few and small records only, so that it can be done
    /// at the beginning of a run.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn catch_up(&self, runs: &Runs) -> Result<TakenIn, HistoryError> {
        journals::catch_up(&self.path, runs)
    }

    /// Adds every run that has a record and is not in the history.
    ///
    /// # Errors
    /// [`HistoryError`]; runs before the error are added.
    pub fn rebuild(&self, runs: &Runs) -> Result<TakenIn, HistoryError> {
        journals::rebuild(&self.path, runs)
    }

    /// Removes the oldest runs beyond the limits, and gives the room back to the disk.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn prune(&self, limits: &Limits, now_unix_millis: u64) -> Result<Pruned, HistoryError> {
        match database::open_to_read(&self.path)? {
            Some(_) => {
                let mut connection = database::open_to_write(&self.path)?;
                self.told(prune::prune(&mut connection, limits, now_unix_millis))
            }
            None => Ok(Pruned::default()),
        }
    }

    /// Writes all of it as lines of JSON in the form [`FORM`] and answers with the number of
    /// runs.
    ///
    /// # Errors
    /// [`HistoryError`], also for the writer.
    pub fn export(&self, writer: &mut dyn Write) -> Result<u32, HistoryError> {
        match database::open_to_read(&self.path)? {
            Some(connection) => exchange::export(&self.path, &connection, writer),
            None => Ok(0),
        }
    }

    /// Adds the runs of an export that are not there.
    ///
    /// # Errors
    /// [`HistoryError`]; runs before a line that cannot be read are added.
    pub fn import(&self, reader: &mut dyn BufRead) -> Result<Imported, HistoryError> {
        exchange::import(&self.path, reader)
    }

    /// Renames a damaged database, so that a new one can be begun; answers with its new name.
    /// `None` when it is gone or was replaced meanwhile, or cannot be renamed.
    pub fn set_aside(&self) -> Option<PathBuf> {
        let before = self.identity()?;
        // Another process may have done the same since the damage was found, and begun anew.
        if !database::is_damaged(&self.path) || self.identity() != Some(before) {
            return None;
        }
        let aside = self.path.with_file_name(SET_ASIDE);
        for companion in COMPANIONS {
            // Mostly there is none; and what stays behind of them, SQLite does not believe.
            let _ = fs::rename(with_end(&self.path, companion), with_end(&aside, companion));
        }
        fs::rename(&self.path, &aside).ok()?;
        Some(aside)
    }

    /// Which file it is, whatever its name.
    fn identity(&self) -> Option<(u64, u64)> {
        let metadata = fs::metadata(&self.path).ok()?;
        metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, HistoryError> {
        result.map_err(|error| HistoryError::of(&self.path, error))
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut text = OsString::from(path);
    text.push(end);
    text.into()
}
