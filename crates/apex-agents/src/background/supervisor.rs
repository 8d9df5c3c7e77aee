//! The life of a supervisor: starts what is due, ends what is unwanted, writes down what ended,
//! and goes when no work is left.
//!
//! At most one lives for a queue. It may be killed at any moment: the runs it started go on, and
//! the next supervisor takes them up by the files they hold. It goes while it holds the queue and
//! gives its own lock back first, so that somebody who finds that lock taken, with the queue in
//! hand, knows that his task will be seen.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use apex_core::background::{End, Fact, Queue, Room, Task, TaskId, UnixMillis};

use super::ledger::{self, Ledger};
use super::trial::{Start, Trial};
use super::{Background, BackgroundError, Records, Supervision, end, now, settle, yielding};

const LOCK: &str = "supervisor.lock";

/// Pause between two looks at children and at the length of the queue.
const LOOK: Duration = Duration::from_millis(100);

/// Time between two looks at everything, where nothing seems to have changed: for clocks, runs in
/// front, and runs of an earlier supervisor.
const FULL_LOOK: Duration = Duration::from_secs(1);

/// How often the lock of a supervisor is tried: one that looks whether it is taken holds it for a
/// moment.
const TRIES: u32 = 20;

/// Looks in a row that fail, as on a full disk, before the supervisor gives up; the runs go on, and
/// the next command that looks starts another one.
const FAILURES: u32 = 600;

/// Whether a supervisor lives. To be asked with the queue in hand.
pub(super) fn lives(folder: &Path) -> io::Result<bool> {
    Ok(ledger::take(&folder.join(LOCK))?.is_none())
}

/// Supervises the tasks of a state folder until none is left. Comes back at once when another
/// supervisor does.
///
/// # Errors
/// When the state folder cannot be used for ten minutes, or is gone.
pub fn supervise(supervision: &Supervision, records: &dyn Records) -> io::Result<()> {
    let folder = supervision.state.join("background");
    let Some(lock) = own_lock(&folder)? else { return Ok(()) };
    yielding::give_way();
    let mut desk = Desk { supervision, records, folder, trials: HashMap::new(), seen: None };
    let mut failures = 0;
    let mut last_full = None::<Instant>;
    loop {
        if desk.is_still() && last_full.is_some_and(|last| last.elapsed() < FULL_LOOK) {
            sleep(LOOK);
            continue;
        }
        last_full = Some(Instant::now());
        match desk.work() {
            Ok(ledger) if !ledger.queue().has_work() => {
                drop(lock);
                drop(ledger);
                return Ok(());
            }
            Ok(_) => failures = 0,
            Err(error) if !desk.folder.is_dir() => return Err(error),
            Err(error) => {
                failures += 1;
                if failures >= FAILURES {
                    return Err(error);
                }
            }
        }
        sleep(LOOK);
    }
}

fn own_lock(folder: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        if let Some(lock) = ledger::take(&folder.join(LOCK))? {
            return Ok(Some(lock));
        }
        sleep(LOOK);
    }
    Ok(None)
}

/// What a supervisor has before it.
struct Desk<'a> {
    supervision: &'a Supervision,
    records: &'a dyn Records,
    folder: PathBuf,
    trials: HashMap<TaskId, Trial>,
    /// The length of the queue at the last look.
    seen: Option<u64>,
}

impl Desk<'_> {
    /// Whether nothing has happened since the last look, as far as can be seen cheaply.
    fn is_still(&mut self) -> bool {
        let has_ended = self.trials.values_mut().any(|trial| trial.exit_code().is_some());
        self.seen.is_some() && ledger::length(&self.folder) == self.seen && !has_ended
    }

    /// One look at everything, with all that follows from it; the queue stays in hand.
    fn work(&mut self) -> io::Result<Ledger> {
        if !self.folder.is_dir() {
            return Err(io::Error::new(ErrorKind::NotFound, "the state folder is gone"));
        }
        let mut ledger = Ledger::open(&self.folder)?;
        let done = self.work_through(&mut ledger, now());
        self.seen = ledger::length(&self.folder);
        match done {
            Ok(()) => Ok(ledger),
            Err(BackgroundError::Io(error)) => Err(error),
            Err(refused) => Err(io::Error::other(refused)),
        }
    }

    fn work_through(
        &mut self,
        ledger: &mut Ledger,
        now: UnixMillis,
    ) -> Result<(), BackgroundError> {
        self.take_ends(ledger, now)?;
        settle(&self.folder, ledger, self.records, now)?;
        let unwanted: Vec<Task> = ledger.queue().unwanted(now).cloned().collect();
        for task in unwanted {
            let trial = self.trials.entry(task.order.task.clone()).or_default();
            trial.end(&task, self.records);
        }
        let room = self.room();
        while let Some(task) = ledger.queue().next(room).cloned() {
            self.start(ledger, &task, now)?;
        }
        Ok(())
    }

    /// Writes down which of our children ended, and how.
    fn take_ends(&mut self, ledger: &mut Ledger, now: UnixMillis) -> Result<(), BackgroundError> {
        let running: Vec<Task> = ledger.queue().running().cloned().collect();
        for task in running {
            let name = &task.order.task;
            let Some(code) = self.trials.get_mut(name).and_then(Trial::exit_code) else { continue };
            end(ledger, &task, Queue::end_of_try(&task, Some(code), now), now)?;
            self.trials.remove(name);
        }
        Ok(())
    }

    fn room(&self) -> Room {
        let Supervision { heavy, light, .. } = *self.supervision;
        let is_at_risk = self.records.foreground().is_some_and(|front| front.is_at_risk());
        Room { heavy, light, heavy_may_start: !is_at_risk }
    }

    /// Starts a try of a task: first it is held, then written down, then started, so that at no
    /// moment it runs without anybody who would know.
    fn start(
        &mut self,
        ledger: &mut Ledger,
        task: &Task,
        now: UnixMillis,
    ) -> Result<(), BackgroundError> {
        let name = &task.order.task;
        let run = task.next_run();
        let held = ledger::hold(&self.folder, name)?;
        ledger.write(now, Fact::Started { task: name.clone(), run: run.clone() })?;
        let log = Background { folder: self.folder.clone() }.log(name);
        let held = held.ok_or_else(|| io::Error::other("an earlier try of it still goes on"));
        let resumes = task.resumes().filter(|earlier| self.records.can_resume(earlier));
        let started = held.and_then(|held| {
            Trial::start(Start { task, run: &run, resumes, held, log: &log }, self.supervision)
        });
        match started {
            Ok(trial) => {
                let process = trial.process();
                self.trials.insert(name.clone(), trial);
                if let Some(process) = process {
                    ledger.write(now, Fact::Spawned { task: name.clone(), process })?;
                }
                Ok(())
            }
            Err(error) => {
                let why = End::Interrupted(format!("its run could not be started: {error}"));
                ledger.write(now, Fact::Ended { task: name.clone(), end: why })
            }
        }
    }
}
