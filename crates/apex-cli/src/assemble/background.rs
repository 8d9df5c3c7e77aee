//! The background tasks of a project: what commands ask of them, and the supervisor that runs them.
//!
//! [`Tasks`] is the face for every command that deals with tasks, whatever it is called: put an
//! order into the queue, list, cancel, try again, wait, look at what was found. Before anything is
//! answered, what happened while nobody looked is written down, and a supervisor is started when
//! work is left and none lives.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use apex_agents::background::{
    self, Background, BackgroundError, Placed, Records, Supervision, supervise,
};
use apex_agents::machine;
use apex_config::Config;
use apex_core::background::{End, Foreground, Order, Queue, Refusal, Task, TaskId, TaskState};
use apex_core::{Plan, RunId, RunView};
use apex_monitor::run_dir::{RunDirectory, Runs, read_view};
use apex_monitor::summary::Summary;

use crate::args::{SUPERVISOR_WORD, Stage};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;

use super::lock;
use super::record::state_folder;

/// The word for the task that was asked for last.
const LAST: &str = "last";

/// Pause between two looks at tasks that are waited for.
const LOOK: Duration = Duration::from_millis(250);

/// The file whose age says up to when people were told what tasks found.
const TOLD: &str = "told";

/// How old news may be where nobody was told any.
const NEWS: Duration = Duration::from_secs(24 * 60 * 60);

/// The background tasks of a project.
pub(crate) struct Tasks {
    background: Background,
    records: StateRecords,
    supervision: Option<Supervision>,
}

/// What a task found so far, or in the end.
pub(crate) struct Found {
    /// Its latest run.
    pub(crate) run: Option<RunDirectory>,
    /// What that amounts to, once it has ended.
    pub(crate) summary: Option<Summary>,
}

impl Tasks {
    /// Those of a loaded project.
    pub(crate) fn of(project: &Project) -> Self {
        let state = state_folder(project);
        Self::in_state(&state, &project.loaded.root, &project.loaded.config)
    }

    /// Those of a state folder.
    pub(super) fn in_state(state: &Path, root: &Path, config: &Config) -> Self {
        let cores = machine::cores().unwrap_or(1);
        let supervision = std::env::current_exe().ok().and_then(|program| {
            Some(Supervision {
                program,
                root: std::path::absolute(root).ok()?,
                state: std::path::absolute(state).ok()?,
                heavy: config.execution.max_background_layers.max(1),
                light: cores,
            })
        });
        let records = StateRecords::of(state);
        Self { background: Background::in_state(state), records, supervision }
    }

    /// Those that a supervisor looked after.
    pub(crate) fn of_supervisor(supervision: &Supervision) -> Self {
        let state = &supervision.state;
        Self {
            background: Background::in_state(state),
            records: StateRecords::of(state),
            supervision: Some(supervision.clone()),
        }
    }

    /// Whether there ever was one.
    pub(crate) fn are_used(&self) -> bool {
        self.background.is_used()
    }

    /// Puts an order into the queue; one for work that waits or goes on already leads to the task
    /// that does it.
    pub(crate) fn enqueue(&self, order: Order) -> Result<Placed, Failure> {
        let placed = self.background.enqueue(order).map_err(failure)?;
        if placed.needs_supervisor {
            self.start_supervisor()?;
        }
        Ok(placed)
    }

    /// Every task as it really is.
    pub(crate) fn list(&self) -> Result<Queue, Failure> {
        let (queue, needs_supervisor) = self.background.look(&self.records).map_err(failure)?;
        if needs_supervisor {
            self.start_supervisor()?;
        }
        Ok(queue)
    }

    /// The one task whose id is, begins or ends with a text; `last` is the latest.
    pub(crate) fn find(&self, word: &str) -> Result<Task, Failure> {
        let queue = self.list()?;
        let is_meant = |task: &&Task| {
            let id = task.order.task.as_str();
            id.starts_with(word) || id.ends_with(word)
        };
        let meant: Vec<&Task> = match (word, queue.tasks().last()) {
            (LAST, Some(latest)) => vec![latest],
            _ => queue.tasks().iter().filter(is_meant).collect(),
        };
        match meant.as_slice() {
            [task] => Ok((*task).clone()),
            [] if queue.tasks().is_empty() => Err(Failure::usage(
                format!("there is no background task `{word}`"),
                "there is none at all yet; `apex run --background` makes one",
            )),
            [] => Err(Failure::usage(
                format!("there is no background task `{word}`"),
                "`apex bg list` shows the tasks",
            )),
            several => Err(Failure::usage(
                format!("{} background tasks have `{word}` at an end of their ids", several.len()),
                "write more of the id; `apex bg list` shows the tasks",
            )),
        }
    }

    /// Cancels a task: one that waits at once, one that runs as soon as its run has ended in order.
    pub(crate) fn cancel(&self, task: &TaskId) -> Result<(), Failure> {
        self.background.cancel(task, &self.records).map_err(failure)
    }

    /// Lets a task that did not pass go on with what its last run left open.
    pub(crate) fn retry(&self, task: &TaskId) -> Result<(), Failure> {
        if self.background.retry(task, &self.records).map_err(failure)? {
            self.start_supervisor()?;
        }
        Ok(())
    }

    /// Waits until tasks have ended, and answers with them; with `fail_fast`, as soon as one of
    /// them did not pass.
    pub(crate) fn wait(&self, tasks: &[TaskId], fail_fast: bool) -> Result<Vec<Task>, Failure> {
        loop {
            let queue = self.list()?;
            let found: Vec<Task> =
                tasks.iter().filter_map(|task| queue.task(task)).cloned().collect();
            let is_bad = |task: &Task| task.state.is_ended() && exit_code(task) != ExitCode::Passed;
            let is_over = found.iter().all(|task| task.state.is_ended());
            if is_over || (fail_fast && found.iter().any(is_bad)) {
                return Ok(found);
            }
            thread::sleep(LOOK);
        }
    }

    /// The latest tasks that ended, the newest first; at most so many, 0 for all.
    pub(crate) fn results(&self, limit: usize) -> Result<Vec<Task>, Failure> {
        let queue = self.list()?;
        let mut ended: Vec<Task> =
            queue.tasks().iter().filter(|task| task.state.is_ended()).cloned().collect();
        ended.sort_by_key(|task| match task.state {
            TaskState::Ended { at, .. } => std::cmp::Reverse(at),
            _ => std::cmp::Reverse(task.asked),
        });
        ended.truncate(if limit == 0 { usize::MAX } else { limit });
        Ok(ended)
    }

    /// The tasks that ended since this was asked last, the oldest first; the first time, those of
    /// the last day.
    pub(crate) fn news(&self) -> Result<Vec<Task>, Failure> {
        if !self.background.is_used() {
            return Ok(Vec::new());
        }
        let mark = self.records.state.join("background").join(TOLD);
        let last = fs::metadata(&mark).and_then(|mark| mark.modified());
        let last = last.unwrap_or_else(|_| SystemTime::now() - NEWS);
        let last = last.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut ended = self.results(0)?;
        ended.retain(|task| match task.state {
            TaskState::Ended { at, .. } => u128::from(at.0) > last,
            _ => false,
        });
        ended.reverse();
        if !ended.is_empty() {
            // Without the mark it is told once more.
            let _ = fs::write(mark, "");
        }
        Ok(ended)
    }

    /// What a task found.
    pub(crate) fn found(&self, task: &Task) -> Found {
        let run = task.runs.last().and_then(|run| self.records.runs.open(run).ok());
        let summary = run.as_ref().and_then(summary);
        Found { run, summary }
    }

    /// The file that holds what the runs of a task said.
    pub(crate) fn log(&self, task: &TaskId) -> PathBuf {
        self.background.log(task)
    }

    /// Forgets the tasks that ended longer ago, and answers with their names.
    pub(crate) fn forget(&self, age: Duration, is_dry: bool) -> Result<Vec<TaskId>, Failure> {
        self.background.forget(age, is_dry).map_err(failure)
    }

    fn start_supervisor(&self) -> Result<(), Failure> {
        let cannot = |why: String| {
            Failure::environment(
                format!("the supervisor of background tasks could not be started: {why}"),
                "the task waits; `apex bg status` tries again",
            )
        };
        let supervision = self.supervision.as_ref();
        let supervision = supervision.ok_or_else(|| cannot("where is this program?".to_owned()))?;
        background::launch(&supervision.program, &words(Stage::Start, supervision))
            .map_err(|error| cannot(error.to_string()))
    }
}

impl Found {
    /// How far the run is, for one that has not ended.
    pub(crate) fn view(&self) -> Option<RunView> {
        read_view(self.run.as_ref()?).ok()
    }
}

/// The exit code that a task that ended stands for.
pub(crate) fn exit_code(task: &Task) -> ExitCode {
    match &task.state {
        TaskState::Ended { end, .. } => match end {
            End::Finished(code) => ExitCode::of_number(*code).unwrap_or(ExitCode::Internal),
            End::Interrupted(_) | End::Expired => ExitCode::Environment,
            End::Cancelled => ExitCode::Signal(15),
            End::TimedOut => ExitCode::BudgetExceeded,
        },
        TaskState::Queued { .. } | TaskState::Running { .. } => ExitCode::Passed,
    }
}

/// The life of this program when it was called as a supervisor; whether all went well.
pub(crate) fn supervisor(stage: Stage, supervision: &Supervision) -> bool {
    let done = match stage {
        Stage::Start => background::start(supervision, &words(Stage::Stay, supervision)),
        Stage::Stay => supervise(supervision, &StateRecords::of(&supervision.state)),
    };
    if let Err(error) = &done {
        out::people(&format!("the supervisor of background tasks gives up: {error}\n"));
    }
    done.is_ok()
}

/// The words by which this program calls itself, see [`crate::args::supervision`].
fn words(stage: Stage, supervision: &Supervision) -> Vec<String> {
    let Supervision { root, state, heavy, light, .. } = supervision;
    let path = |path: &Path| path.display().to_string();
    let (heavy, light) = (heavy.to_string(), light.to_string());
    let stage = stage.as_str().to_owned();
    vec![SUPERVISOR_WORD.to_owned(), stage, path(state), path(root), heavy, light]
}

fn failure(error: BackgroundError) -> Failure {
    let text = error.to_string();
    match error {
        BackgroundError::Refused(Refusal::Full) => {
            Failure::environment(text, "cancel some with `apex bg cancel`")
        }
        BackgroundError::Refused(_) | BackgroundError::Name(_) => {
            Failure::usage(text, "`apex bg list` shows the tasks and how far they are")
        }
        BackgroundError::Io(_) => Failure::environment(
            text,
            "free space, or set APEX_STATE_DIR to a folder on a local disk",
        ),
    }
}

fn summary(run: &RunDirectory) -> Option<Summary> {
    serde_json::from_slice(&fs::read(run.summary()).ok()?).ok()
}

/// The records of runs in a state folder, as background tasks need them.
pub(super) struct StateRecords {
    state: PathBuf,
    runs: Runs,
    /// The limits of the run in front that was seen last: its plan is read once.
    front: RefCell<Option<(RunId, Foreground)>>,
}

impl StateRecords {
    pub(super) fn of(state: &Path) -> Self {
        Self { state: state.to_owned(), runs: Runs::in_state(state), front: RefCell::default() }
    }
}

impl Records for StateRecords {
    fn exit_code(&self, run: &RunId) -> Option<u8> {
        summary(&self.runs.open(run).ok()?).map(|summary| summary.exit_code)
    }

    fn can_resume(&self, run: &RunId) -> bool {
        self.runs.open(run).is_ok_and(|run| run.events().is_file())
    }

    fn request_stop(&self, run: &RunId) {
        // A run without a directory has not begun; it ends when its supervisor kills it, or is
        // found at the next look.
        let _ = self.runs.open(run).and_then(|run| run.request_stop());
    }

    fn foreground(&self) -> Option<Foreground> {
        let run = lock::named(&self.state)?;
        let directory = self.runs.open(&run).ok()?;
        // The journal is there only after the lock of the run is: a look does not hinder it.
        let began = fs::metadata(directory.events()).ok()?.created().ok()?;
        if !directory.is_running().ok()? {
            return None;
        }
        let mut seen = self.front.borrow_mut();
        if seen.as_ref().is_none_or(|(known, _)| *known != run) {
            *seen = Some((run, limits(&directory.read_plan().ok()?)));
        }
        let (_, limits) = seen.as_ref()?;
        let spent = SystemTime::now().duration_since(began).unwrap_or_default();
        Some(Foreground { spent, ..*limits })
    }
}

/// What a plan may take and is expected to take.
fn limits(plan: &Plan) -> Foreground {
    let layers: Option<Duration> = plan.layers.iter().map(|layer| layer.budget).sum();
    Foreground {
        budget: [plan.budget, layers].into_iter().flatten().min(),
        expected: plan.prediction.as_ref().map(|prediction| prediction.expected),
        spent: Duration::ZERO,
    }
}
