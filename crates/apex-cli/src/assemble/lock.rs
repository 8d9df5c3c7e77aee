//! One run of a project at a time.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use apex_agents::background::Records as _;
use apex_core::RunId;

use crate::args::RunArgs;
use crate::failure::Failure;
use crate::{out, render};

use super::background::StateRecords;

/// Held while a run goes on; the system gives it back when the process ends, however it ends.
pub(super) struct ProjectLock {
    _file: File,
}

/// The lock for a run, where it takes one: a run that is isolated runs beside others.
pub(super) fn of(
    state: &Path,
    run: &RunId,
    args: &RunArgs,
) -> Result<Option<ProjectLock>, Failure> {
    if args.isolated { Ok(None) } else { ProjectLock::take(state, run, args.no_wait).map(Some) }
}

/// The run that took the lock last; it may have ended.
pub(super) fn named(state: &Path) -> Option<RunId> {
    let text = fs::read_to_string(state.join("lock")).ok()?;
    text.split_once(' ').map(|(run, _)| RunId::new(run))
}

impl ProjectLock {
    /// Takes the lock of a state folder, waiting for another run unless told not to.
    fn take(state: &Path, run: &RunId, no_wait: bool) -> Result<Self, Failure> {
        let path = state.join("lock");
        let open = File::options().create(true).read(true).write(true).truncate(false).open(&path);
        let mut file = open.map_err(|error| no_lock(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(no_lock(&path, &error)),
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file);
                if no_wait {
                    return Err(Failure::Locked {
                        message: format!("another run of this project goes on{holder}"),
                    });
                }
                out::people(&format!(
                    "waiting for another run of this project{holder}{}; `--isolated` would not\n",
                    still_takes(state)
                ));
                file.lock().map_err(|error| no_lock(&path, &error))?;
            }
        }
        // Who holds it, for those who wait; the lock itself is the system's.
        let text = format!("{run} {}\n", std::process::id());
        let written = fs::write(&path, &text).and_then(|()| file.flush());
        written.map_err(|error| no_lock(&path, &error))?;
        Ok(Self { _file: file })
    }
}

/// How long the run that holds the lock is expected to take from now on, for people; empty where
/// nothing taught that.
fn still_takes(state: &Path) -> String {
    let front = StateRecords::of(state).foreground();
    let Some(expected) = front.and_then(|front| Some((front.expected?, front.spent))) else {
        return String::new();
    };
    let (expected, spent) = expected;
    match expected.checked_sub(spent).map(|left| Duration::from_secs(left.as_secs())) {
        Some(left) => format!(", which is expected to take about {} more", render::duration(left)),
        None => ", which takes longer than expected".to_owned(),
    }
}

/// Who holds the lock, as far as the file says.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text).ok().and_then(|_| text.trim().split_once(' ')) {
        Some((run, pid)) => format!(" (run {run}, process {pid})"),
        None => String::new(),
    }
}

fn no_lock(path: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(
        format!("the lock `{}` cannot be taken: {error}", path.display()),
        "set APEX_STATE_DIR to a folder on a local disk that can be written",
    )
}
