//! The record of runs on disk: `<state>/runs/<run id>/`.
//!
//! | file | what it holds | form |
//! |---|---|---|
//! | `plan.json` | what was going to happen | `apex.plan/1`, one line |
//! | `whole.json` | of a part: the plan of all parts together | `apex.plan/1`, one line |
//! | `events.jsonl` | what happened | `apex.event/1`, a line an event |
//! | `summary.json` | what it amounts to | `apex.summary/1`, one line |
//! | `junit.xml` | the tests for other tools | JUnit |
//! | `output/<category>-<job>-<attempt>.log` | everything an attempt of a job wrote | bytes |
//! | `lost.txt` | only where Apex was ended before the run: what was taken away | one line |
//! | `resumed.txt` | only where it went on with earlier runs: their names | a line each |
//! | `pinned` | only where nothing may remove it | empty |
//! | `stop` | only where somebody asked the run to stop | empty |
//! | `lock` | held while the run goes on | empty |
//!
//! A run directory is self-contained and may be moved. The state folder ignores itself in Git.
//! Only runs that nobody holds, needs or pinned are ever removed.

mod joining;
mod journal;
mod listing;
mod part;
mod retention;
mod stop;

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use apex_core::{AttemptNumber, JobIx, Plan, RunId};

use crate::atomic::write_atomically;
use crate::wire;

pub use joining::Joining;
pub use journal::{Journal, JournalError, JournalReader, read_metrics, read_view};
pub use listing::{ListedRun, Listing, SCHEMA as RUNS_SCHEMA};
pub use part::{PartError, RecordedPart};
pub use retention::{Kept, Removal, Removed};
pub use stop::StopRequests;

const PLAN: &str = "plan.json";
const WHOLE: &str = "whole.json";
const EVENTS: &str = "events.jsonl";
const SUMMARY: &str = "summary.json";
const JUNIT: &str = "junit.xml";
const LOST: &str = "lost.txt";
const OUTPUT: &str = "output";
const LOCK: &str = "lock";
const STOP: &str = "stop";
const RESUMED: &str = "resumed.txt";
const PINNED: &str = "pinned";

/// The folder that holds all run directories of a project.
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// The runs of a state folder, usually `.apex` in the project root. Nothing is touched.
    #[must_use]
    pub fn in_state(state: &Path) -> Self {
        Self { folder: state.join("runs") }
    }

    /// Makes the folder, and the state folder around it ignore itself in Git.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        self.ignore_in_git()
    }

    /// Makes the directory of a new run and holds its lock.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::AlreadyExists`] when the run has a directory.
    pub fn create(&self, run: &RunId) -> io::Result<RunDirectory> {
        self.prepare()?;
        RunDirectory::create(self.path_of(run)?)
    }

    /// The directory of an earlier run, for reading.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none of this id.
    pub fn open(&self, run: &RunId) -> io::Result<RunDirectory> {
        RunDirectory::at(&self.path_of(run)?)
    }

    /// The runs that have a directory, the newest first.
    ///
    /// # Errors
    /// Those of the file system; a missing folder is an empty list.
    pub fn list(&self) -> io::Result<Vec<RunId>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str()
                && entry.file_type()?.is_dir()
            {
                runs.push(RunId::new(name));
            }
        }
        runs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(runs)
    }

    /// The newest run, if there is one.
    ///
    /// # Errors
    /// As [`Runs::list`].
    pub fn newest(&self) -> io::Result<Option<RunId>> {
        Ok(self.list()?.into_iter().next())
    }

    /// Run ids come from users, too: one that is not a plain file name must not lead elsewhere.
    fn path_of(&self, run: &RunId) -> io::Result<PathBuf> {
        let mut components = Path::new(run.as_str()).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(name)), None) => Ok(self.folder.join(name)),
            _ => Err(io::Error::new(ErrorKind::InvalidInput, format!("`{run}` is not a run id"))),
        }
    }

    fn ignore_in_git(&self) -> io::Result<()> {
        let Some(state) = self.folder.parent() else { return Ok(()) };
        match File::create_new(state.join(".gitignore")) {
            Ok(mut file) => file.write_all(b"*\n"),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The directory of one run. When it was made by [`Runs::create`], the run counts as going on
/// until this value is dropped.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    _lock: Option<File>,
}

impl RunDirectory {
    /// Makes a run directory at any place and holds its lock.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::AlreadyExists`] when something is there.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        fs::create_dir(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        fs::create_dir(path.join(OUTPUT))?;
        Ok(Self { path, _lock: Some(lock) })
    }

    /// A run directory at any place, for reading.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no directory.
    pub fn at(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            Ok(Self { path: path.to_owned(), _lock: None })
        } else {
            let text = format!("there is no run directory `{}`", path.display());
            Err(io::Error::new(ErrorKind::NotFound, text))
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The event journal.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    /// The summary.
    #[must_use]
    pub fn summary(&self) -> PathBuf {
        self.path.join(SUMMARY)
    }

    /// The JUnit report.
    #[must_use]
    pub fn junit(&self) -> PathBuf {
        self.path.join(JUNIT)
    }

    /// The file for everything that an attempt of a job writes.
    #[must_use]
    pub fn output_log(&self, category: &str, job: JobIx, attempt: AttemptNumber) -> PathBuf {
        self.path.join(output_log_name(category, job, attempt))
    }

    /// Writes the plan.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_plan(&self, plan: &Plan) -> io::Result<()> {
        write_atomically(&self.path.join(PLAN), |writer| wire::encode_plan_line(plan, writer))
    }

    /// Writes that the run was lost because Apex itself was ended, and what was taken away.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_lost(&self, line: &str) -> io::Result<()> {
        write_atomically(&self.path.join(LOST), |writer| writeln!(writer, "{line}"))
    }

    /// Writes with which earlier runs this one goes on.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_resumed(&self, earlier: &[RunId]) -> io::Result<()> {
        write_atomically(&self.path.join(RESUMED), |writer| {
            earlier.iter().try_for_each(|run| writeln!(writer, "{run}"))
        })
    }

    /// The earlier runs with which this one went on.
    #[must_use]
    pub fn resumed(&self) -> Vec<RunId> {
        let text = fs::read_to_string(self.path.join(RESUMED)).unwrap_or_default();
        text.lines().map(RunId::new).collect()
    }

    /// Lets nothing remove this run, or lets it be removed again.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn pin(&self, is_pinned: bool) -> io::Result<()> {
        if is_pinned {
            return File::create(self.path.join(PINNED)).map(drop);
        }
        match fs::remove_file(self.path.join(PINNED)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether nothing may remove it.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.path.join(PINNED).exists()
    }

    /// Asks the run to stop in order, see [`StopRequests`].
    ///
    /// # Errors
    /// Those of the file system.
    pub fn request_stop(&self) -> io::Result<()> {
        File::create(self.path.join(STOP)).map(drop)
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::InvalidData`] with a [`wire::DecodeError`].
    pub fn read_plan(&self) -> io::Result<Plan> {
        self.plan_in(PLAN)
    }

    /// Writes the plan that this run is a part of.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_whole(&self, whole: &Plan) -> io::Result<()> {
        write_atomically(&self.path.join(WHOLE), |writer| wire::encode_plan_line(whole, writer))
    }

    /// Reads the plan that this run is a part of.
    ///
    /// # Errors
    /// As [`RunDirectory::read_plan`]; [`ErrorKind::NotFound`] when it is no part.
    pub fn read_whole(&self) -> io::Result<Plan> {
        self.plan_in(WHOLE)
    }

    /// Whether it is the record of a part of a run.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.path.join(WHOLE).exists()
    }

    fn plan_in(&self, file: &str) -> io::Result<Plan> {
        let path = self.path.join(file);
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{file}: {error}"));
        let document = fs::read(path).map_err(told)?;
        wire::decode_plan(&document)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, format!("{file}: {error}")))
    }

    /// Whether the run is going on.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn is_running(&self) -> io::Result<bool> {
        Ok(matches!(take_lock(&self.path)?, Lock::Theirs))
    }
}

/// The name of that file inside the run directory: `output/<category>-<job>-<attempt>.log`.
#[must_use]
pub fn output_log_name(category: &str, job: JobIx, attempt: AttemptNumber) -> String {
    let (job, attempt) = (job.0.to_string(), attempt.0.to_string());
    [OUTPUT, "/", category, "-", &job, "-", &attempt, ".log"].concat()
}

/// Who has the lock of a run directory.
enum Lock {
    /// We, for as long as this is kept; there is no file in a directory that was put together
    /// by hand.
    Ours { _file: Option<File> },
    /// The run, which goes on.
    Theirs,
}

/// Takes the lock of a run directory if nobody has it. Nothing is written.
fn take_lock(directory: &Path) -> io::Result<Lock> {
    let file = match File::open(directory.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Lock::Ours { _file: None });
        }
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(Lock::Ours { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Ok(Lock::Theirs),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
