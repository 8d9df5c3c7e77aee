//! Why the history cannot be used, and what to do next.
//!
//! None of it changes a verdict: who runs tests says it once and goes on without.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A history that cannot be used, or a file of an exchange that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The database is damaged, or the file is something else.
    #[error("`{path}` is damaged: {source}")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A newer Apex wrote it.
    #[error("`{path}` is of version {found}, and this apex knows version {known}")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// Another process kept it for too long.
    #[error("`{path}` is held by another process")]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// It cannot be opened or written.
    #[error("`{path}` cannot be opened or written: {source}")]
    Denied {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The disk is full.
    #[error("there is no space left for `{path}`")]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Files beside it cannot be read or written.
    #[error("{what}: {source}")]
    File {
        /// What failed, with the file.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// A line of an import is not what it should be; the runs before it are in.
    #[error("line {line} is not in the form `{form}`: {reason}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// The form that was expected.
        form: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl HistoryError {
    /// What SQLite says about a database, by what can be done about it.
    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::AuthorizationForStatementDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport,
            ) => Self::Denied { path, source: error },
            // Whatever else SQLite has to say means that the file does not hold what it should.
            _ => Self::Damaged { path, source: error },
        }
    }

    /// What to do next, for people.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => {
                "`apex history rebuild` makes it again from the records of earlier runs"
            }
            Self::Newer { .. } => "use the newer apex in this project, or remove the file",
            Self::Locked { .. } => "the next run makes up for it from the record of this one",
            Self::Denied { .. } => "make the file and its folder writable, or set APEX_STATE_DIR",
            Self::Full { .. } => "free space; `apex history prune` makes the history smaller",
            Self::File { .. } => "look at the file that is named",
            Self::Line { .. } => "import a file that `apex history export` wrote",
        }
    }

    /// Whether the file is of no use to anybody, so that it may be set aside.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}
