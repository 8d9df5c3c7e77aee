//! What of earlier runs and background tasks is kept: after every run, and by `apex clean`.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use apex_config::model::Retention;
use apex_core::RunId;
use apex_core::background::{End, Queue, TaskId, TaskState};
use apex_monitor::run_dir::{Kept, Removal, Removed, Runs};

use crate::failure::Failure;
use crate::out;
use crate::project::Project;

use super::background::Tasks;
use super::record::state_folder;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MEBIBYTE: u64 = 1024 * 1024;

/// The file whose age says when the size of everything was looked at last.
const STAMP: &str = "cleaned";

/// What was removed, or would be.
pub(crate) struct Cleaned {
    pub(crate) runs: Vec<Removed>,
    pub(crate) tasks: Vec<TaskId>,
}

/// Removes what is not kept; with `is_dry`, only says what that would be.
pub(crate) fn clean(project: &Project, is_dry: bool) -> Result<Cleaned, Failure> {
    let retention = &project.loaded.config.retention;
    let state = state_folder(project);
    let tasks = Tasks::of(project);
    let needed = needed(&tasks.list()?);
    let kept = kept(retention, true);
    let removal = Removal { kept, now: SystemTime::now(), needed: &needed, is_dry };
    let runs = Runs::in_state(&state).remove(&removal).map_err(|error| {
        Failure::environment(
            format!("old run directories could not be removed: {error}"),
            "look at the rights of the folder, or set APEX_STATE_DIR",
        )
    })?;
    let tasks = tasks.forget(DAY * retention.background_days, is_dry)?;
    if !is_dry {
        stamp(&state);
    }
    Ok(Cleaned { runs, tasks })
}

/// The same after a run: it changes no verdict, and the size is looked at once a day, because that
/// costs a look at every file.
pub(super) fn after_run(state: &Path, runs: &Runs, retention: &Retention, tasks: &Tasks) {
    let now = SystemTime::now();
    let looked = fs::metadata(state.join(STAMP)).and_then(|stamp| stamp.modified()).ok();
    let is_due = looked.is_none_or(|last| now.duration_since(last).is_ok_and(|old| old > DAY));
    let age = DAY * retention.background_days;
    let done = tasks.list().and_then(|queue| {
        let needed = needed(&queue);
        let removal =
            Removal { kept: kept(retention, is_due), now, needed: &needed, is_dry: false };
        runs.remove(&removal).map_err(|error| Failure::environment(error.to_string(), ""))?;
        if is_due { tasks.forget(age, false).map(drop) } else { Ok(()) }
    });
    match done {
        Ok(()) if is_due => stamp(state),
        Ok(()) => {}
        Err(_) => out::people(
            "warning: old run directories could not be removed; `apex clean` says why\n",
        ),
    }
}

fn kept(retention: &Retention, with_size: bool) -> Kept {
    Kept {
        runs: retention.runs as usize,
        age: DAY * retention.run_days,
        bytes: with_size.then(|| u64::from(retention.runs_megabytes) * MEBIBYTE),
    }
}

/// The runs that tasks go on with when they are tried again.
fn needed(queue: &Queue) -> HashSet<RunId> {
    let may_go_on = queue.tasks().iter().filter(|task| {
        !task.state.is_ended()
            || matches!(task.state, TaskState::Ended { end: End::Interrupted(_), .. })
    });
    may_go_on.flat_map(|task| task.runs.iter().cloned()).collect()
}

fn stamp(state: &Path) {
    // Without it, the size is looked at again after the next run.
    let _ = fs::write(state.join(STAMP), "");
}
