//! One try of a task: the process of its run.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use apex_core::RunId;
use apex_core::background::{Identity, Task, TaskState};
use rustix::process::Signal;

use super::{Records, Supervision, yielding};
use crate::process::signal;
use crate::process::table::{self, Entry};

/// How long a run that was asked to end may take to do so in order, before it is killed and its
/// guardian takes away what it left.
const GRACE: Duration = Duration::from_secs(20);

/// What a try is started with.
pub(super) struct Start<'a> {
    pub(super) task: &'a Task,
    /// The name of its run.
    pub(super) run: &'a RunId,
    /// The run that it goes on with.
    pub(super) resumes: Option<&'a RunId>,
    /// Given to it as its standard input, so that the task counts as running for as long as its
    /// process lives, whatever becomes of us.
    pub(super) held: File,
    pub(super) log: &'a Path,
}

/// A try that this supervisor follows: one of its own, or one of a supervisor before it.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// The process, when it is a child of ours.
    child: Option<Child>,
    /// When it was asked to end.
    asked: Option<Instant>,
}

impl Trial {
    /// Starts the run of a task.
    pub(super) fn start(start: Start<'_>, supervision: &Supervision) -> io::Result<Self> {
        let Start { task, run, resumes, held, log } = start;
        let (program, before) = yielding::before(&supervision.program);
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(program);
        command
            .args(before)
            .arg("run")
            .args(&task.order.arguments)
            .args(["--run-id", run.as_str()]);
        if let Some(earlier) = resumes {
            command.args(["--resume", earlier.as_str()]);
        }
        let child = command
            .envs(&task.order.env)
            .current_dir(&supervision.root)
            .stdin(held)
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(Self { child: Some(child), asked: None })
    }

    /// The process, while it lives.
    pub(super) fn process(&self) -> Option<Identity> {
        let id = i32::try_from(self.child.as_ref()?.id()).ok()?;
        let entry = Entry::of(id)?;
        Some(Identity { id, start: entry.start, boot: table::boot() })
    }

    /// How the process ended, if it is a child of ours and has.
    pub(super) fn exit_code(&mut self) -> Option<u8> {
        self.child.as_mut()?.try_wait().ok().flatten().map(number)
    }

    /// Asks the run to end, once; and kills its process when it does not.
    pub(super) fn end(&mut self, task: &Task, records: &dyn Records) {
        let process = match &task.state {
            TaskState::Running { process, .. } => process.as_ref().and_then(entry_of),
            _ => None,
        };
        let asked = *self.asked.get_or_insert_with(|| {
            match &process {
                Some(process) => signal::send(process, Signal::TERM),
                None => task.runs.last().into_iter().for_each(|run| records.request_stop(run)),
            }
            Instant::now()
        });
        if asked.elapsed() >= GRACE
            && let Some(process) = process
        {
            signal::send(&process, Signal::KILL);
        }
    }
}

/// The process of an identity, if it is still that one.
fn entry_of(identity: &Identity) -> Option<Entry> {
    let is_it = |entry: &Entry| entry.start == identity.start && identity.boot == table::boot();
    Entry::of(identity.id).filter(is_it)
}

/// The exit code as a shell tells it: 128 plus the number of a signal.
fn number(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
