//! The files that the earlier runner kept of its background tasks: `test_reports/background_e2e/`.
//!
//! A task that the earlier command line asked for has one from its beginning. It is brought up to
//! date when the supervisor has nothing left to do, and by every look at tasks of that command line.

use std::path::{Path, PathBuf};

use apex_agents::background::Supervision;
use apex_core::background::{Task, TaskId};
use apex_monitor::dialect::background_record;
use apex_monitor::legacy::write_text;

use crate::assemble::background::Tasks;
use crate::commands::status::background_task;
use crate::{out, recorded};

/// The folder, below the root of the project.
const FOLDER: &str = "test_reports/background_e2e";

/// Writes the first record of a task.
pub(crate) fn begin(root: &Path, tasks: &Tasks, task: &TaskId) {
    if let Ok(task) = tasks.find(task.as_str()) {
        write(root, tasks, &task);
    }
}

/// Brings every record that there is up to date.
pub(crate) fn keep(root: &Path, tasks: &Tasks) {
    let Ok(queue) = tasks.list() else { return };
    for task in queue.tasks().iter().filter(|task| path(root, task).exists()) {
        write(root, tasks, task);
    }
}

/// The same for a supervisor at its end.
pub(crate) fn keep_of_supervisor(supervision: &Supervision) {
    if supervision.root.join(FOLDER).is_dir() {
        keep(&supervision.root, &Tasks::of_supervisor(supervision));
    }
}

fn path(root: &Path, task: &Task) -> PathBuf {
    root.join(FOLDER).join(format!("{}.json", task.order.task))
}

fn write(root: &Path, tasks: &Tasks, task: &Task) {
    let summary = task.state.is_ended().then(|| tasks.found(task).summary).flatten();
    let log = recorded::shown(&tasks.log(&task.order.task));
    let record = background_record(&background_task(task), summary.as_ref(), &log);
    let path = path(root, task);
    // A report changes no verdict.
    if let Err(error) = write_text(&path, &format!("{record:#}\n")) {
        out::people(&format!("{} could not be written: {error}\n", path.display()));
    }
}
