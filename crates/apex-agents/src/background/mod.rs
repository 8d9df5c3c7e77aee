//! Background tasks on disk, and the process that runs them.
//!
//! [`Background`] is the face for everybody who wants something of a task: put it into the queue,
//! look, cancel, try again, forget. [`supervise`] is the life of the supervisor, a process of a
//! session of its own; [`launch`] makes one, by way of a process that calls [`start`]. What tasks are and what may happen to them is decided
//! in [`apex_core::background`]; here it is written down and done. Nothing here knows layers,
//! tests or how a run is recorded: that is asked through [`Records`].
//!
//! | file below `<state>/background` | what it holds |
//! |---|---|
//! | `queue.jsonl` | every fact, a line each, form `apex.background/1`; only ever appended to |
//! | `queue.lock` | held while somebody reads and appends |
//! | `supervisor.lock` | held as long as a supervisor lives |
//! | `<task>.held` | held as long as a try of the task goes on: by its process, as standard input |
//! | `<task>.log` | what its runs said |
//! | `supervisor.log` | what supervisors said |

mod detach;
mod hand_over;
mod ledger;
mod line;
mod supervisor;
mod trial;
mod yielding;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apex_core::RunId;
use apex_core::background::{
    End, Enqueued, Fact, Foreground, Order, Queue, Refusal, Task, TaskId, TaskState, UnixMillis,
};

use ledger::Ledger;

pub use detach::{Supervision, launch, start};
pub use hand_over::hand_over;
pub use supervisor::supervise;

/// What the tasks of a state folder need to know of the records of runs.
pub trait Records {
    /// The exit code of a run that came to its end; none for one that goes on or was lost.
    fn exit_code(&self, run: &RunId) -> Option<u8>;
    /// Whether a run left a record that another one can go on with.
    fn can_resume(&self, run: &RunId) -> bool;
    /// Asks a run to stop, whose process is not known.
    fn request_stop(&self, run: &RunId);
    /// The run that somebody waits for in front, if there is one.
    fn foreground(&self) -> Option<Foreground>;
}

/// Why something could not be done with a task.
#[derive(Debug, thiserror::Error)]
pub enum BackgroundError {
    /// The queue says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A name that cannot be that of a file.
    #[error("`{0}` is no name for a background task; letters, digits, `-` and `_` are")]
    Name(String),
    /// The file system says no.
    #[error("the queue of background tasks cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Where an order came to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The task that does the work.
    pub task: TaskId,
    /// Whether it is a new one, and not one that does the same already.
    pub is_new: bool,
    /// Whether a supervisor has to be [launched](launch) for it.
    pub needs_supervisor: bool,
}

/// The background tasks of a project.
#[derive(Clone, Debug)]
pub struct Background {
    folder: PathBuf,
}

impl Background {
    /// Those of a state folder, usually `.apex` in the project root. Nothing is touched.
    #[must_use]
    pub fn in_state(state: &Path) -> Self {
        Self { folder: state.join("background") }
    }

    /// Whether there ever was a task here.
    #[must_use]
    pub fn is_used(&self) -> bool {
        ledger::exists(&self.folder)
    }

    /// Puts an order into the queue, unless the same work is waiting or going on.
    ///
    /// # Errors
    /// [`BackgroundError`]; nothing is in the queue then.
    pub fn enqueue(&self, order: Order) -> Result<Placed, BackgroundError> {
        let name = order.task.as_str();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(BackgroundError::Name(name.to_owned()));
        }
        let mut ledger = Ledger::open(&self.folder)?;
        let (task, is_new) = match ledger.queue().enqueue(order)? {
            Enqueued::Same(task) => (task, false),
            Enqueued::New(fact) => {
                let task = fact.task().clone();
                ledger.write(now(), fact)?;
                (task, true)
            }
        };
        let needs_supervisor = !supervisor::lives(&self.folder)?;
        Ok(Placed { task, is_new, needs_supervisor })
    }

    /// Every task as it really is: what ended while nobody looked is written down first. The
    /// second answer is whether a supervisor has to be [launched](launch), because work is left and
    /// none lives.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn look(&self, records: &dyn Records) -> Result<(Queue, bool), BackgroundError> {
        if !self.is_used() {
            return Ok((Queue::default(), false));
        }
        let mut ledger = Ledger::open(&self.folder)?;
        let lives = supervisor::lives(&self.folder)?;
        if !lives {
            settle(&self.folder, &mut ledger, records, now())?;
        }
        let is_needed = !lives && ledger.queue().has_work();
        Ok((ledger.queue().clone(), is_needed))
    }

    /// Cancels a task: one that waits at once, one that runs as soon as its run has ended in order.
    ///
    /// # Errors
    /// [`BackgroundError`].
    pub fn cancel(&self, task: &TaskId, records: &dyn Records) -> Result<(), BackgroundError> {
        self.look(records)?;
        let mut ledger = Ledger::open(&self.folder)?;
        let fact = ledger.queue().cancel(task)?;
        ledger.write(now(), fact)
    }

    /// Lets a task that did not pass try again; it goes on with what its last run left open. The
    /// answer is whether a supervisor has to be [launched](launch).
    ///
    /// # Errors
    /// [`BackgroundError`].
    pub fn retry(&self, task: &TaskId, records: &dyn Records) -> Result<bool, BackgroundError> {
        self.look(records)?;
        let mut ledger = Ledger::open(&self.folder)?;
        let fact = ledger.queue().retry(task)?;
        ledger.write(now(), fact)?;
        Ok(!supervisor::lives(&self.folder)?)
    }

    /// Forgets the tasks that ended longer ago than this, with their logs, and answers with their
    /// names; with `is_dry`, only says which that would be.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn forget(&self, age: Duration, is_dry: bool) -> Result<Vec<TaskId>, BackgroundError> {
        if !self.is_used() {
            return Ok(Vec::new());
        }
        let mut ledger = Ledger::open(&self.folder)?;
        let present = now();
        let is_old = |task: &&Task| match task.state {
            TaskState::Ended { at, .. } => present.since(at) > age,
            _ => false,
        };
        let old = ledger.queue().tasks().iter().filter(is_old);
        let old: Vec<TaskId> = old.map(|task| task.order.task.clone()).collect();
        if !is_dry && !old.is_empty() {
            ledger.leave_out(&old)?;
            for task in &old {
                // A file that was never made is as good as removed.
                let _ = std::fs::remove_file(self.log(task));
                let _ = std::fs::remove_file(ledger::held_file(&self.folder, task));
            }
        }
        Ok(old)
    }

    /// What the runs of a task said.
    #[must_use]
    pub fn log(&self, task: &TaskId) -> PathBuf {
        self.folder.join(format!("{task}.log"))
    }
}

/// Writes down how running tasks ended whose process is gone.
fn settle(
    folder: &Path,
    ledger: &mut Ledger,
    records: &dyn Records,
    now: UnixMillis,
) -> Result<(), BackgroundError> {
    let running: Vec<Task> = ledger.queue().running().cloned().collect();
    for task in running {
        if ledger::is_held(folder, &task.order.task)? {
            continue;
        }
        let exit_code = task.runs.last().and_then(|run| records.exit_code(run));
        end(ledger, &task, Queue::end_of_try(&task, exit_code, now), now)?;
    }
    for overdue in ledger.queue().overdue(now) {
        ledger.write(now, overdue)?;
    }
    Ok(())
}

/// Writes down the end of a try, and what follows from it.
fn end(ledger: &mut Ledger, task: &Task, end: End, now: UnixMillis) -> Result<(), BackgroundError> {
    let name = &task.order.task;
    ledger.write(now, Fact::Ended { task: name.clone(), end })?;
    if let Some(again) = ledger.queue().follow_up(name) {
        ledger.write(now, again)?;
    }
    Ok(())
}

/// The present.
fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
