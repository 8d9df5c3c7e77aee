//! `apex status`: how the runs of the project stand, from any shell, during a run and when idle.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use apex_agents::resources;
use apex_agents::services::standing::{self, Place, Standing};
use apex_config::Overlay;
use apex_core::background::{Task, TaskState};
use apex_monitor::run_dir::Runs;
use apex_monitor::status::{BackgroundTask, Container, EngineState, Resources, Status};
use serde_json::json;

use crate::args::{GlobalArgs, StatusArgs};
use crate::assemble;
use crate::assemble::background::{Tasks, exit_code};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

/// How long the container engine may take to answer: who asks for the status wants it now.
const ENGINE_PATIENCE: Duration = Duration::from_secs(3);

/// Background tasks that have ended, beside those that have not.
const ENDED_TASKS: usize = 3;

pub(super) fn status(global: &GlobalArgs, args: &StatusArgs) -> Result<ExitCode, Failure> {
    let project = Project::load_silently(global, None, Overlay::flags())?;
    let status = of_project(&project, args.limit)?;
    out::data(&if args.json {
        format!("{:#}\n", json!(status))
    } else {
        render::status::page(&status)
    });
    Ok(ExitCode::Passed)
}

/// How a project stands, its machine and its container engine included.
pub(crate) fn of_project(project: &Project, most_recent: usize) -> Result<Status, Failure> {
    let state = assemble::state_folder(project);
    let runs = Runs::in_state(&state);
    let rules = &project.loaded.config.alerts;
    let mut status = Status::of(&runs, rules, most_recent, now()).map_err(|error| {
        Failure::environment(
            format!("the records of runs cannot be listed: {error}"),
            "look at the rights of the folder `.apex`, or set APEX_STATE_DIR",
        )
    })?;
    status.tasks = tasks(&Tasks::of(project))?;
    status.resources = Some(resources(&state));
    status.engine = Some(assemble::runtime()?.block_on(engine(project)));
    Ok(status)
}

/// Background tasks that have not ended, and the latest that have.
fn tasks(tasks: &Tasks) -> Result<Vec<BackgroundTask>, Failure> {
    if !tasks.are_used() {
        return Ok(Vec::new());
    }
    let queue = tasks.list()?;
    let open = queue.tasks().iter().rev().filter(|task| !task.state.is_ended()).cloned();
    let listed = open.chain(tasks.results(ENDED_TASKS)?);
    Ok(listed.map(|task| background_task(&task)).collect())
}

/// A task as a status tells it.
pub(crate) fn background_task(task: &Task) -> BackgroundTask {
    let (since, is_ended) = match &task.state {
        TaskState::Queued { since } | TaskState::Running { since, .. } => (since, false),
        TaskState::Ended { at, .. } => (at, true),
    };
    BackgroundTask {
        task: task.order.task.to_string(),
        title: task.order.title.clone(),
        state: task.state.as_str().to_owned(),
        since_unix_millis: since.0,
        exit_code: is_ended.then(|| exit_code(task).number()),
        run: task.runs.last().map(ToString::to_string),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn resources(state: &std::path::Path) -> Resources {
    let host = resources::host();
    Resources {
        processors: host.processors,
        load: host.load,
        memory_mb: host.memory_mb,
        memory_available_mb: host.memory_available_mb,
        disk_available_mb: resources::disk_available_mb(state),
        cpu_pressure: host.pressure.cpu,
        memory_pressure: host.pressure.memory,
        io_pressure: host.pressure.io,
    }
}

/// The container engine, or why there is none.
pub(crate) async fn engine(project: &Project) -> EngineState {
    let place = Place {
        root: project.loaded.root.clone(),
        variables: Arc::new(project.variables.clone()),
        logs: assemble::state_folder(project).join("services"),
    };
    let unreachable =
        |reason: String| EngineState { is_reachable: false, reason, containers: Vec::new() };
    match tokio::time::timeout(ENGINE_PATIENCE, standing::list(&place)).await {
        Ok(Ok(found)) => EngineState {
            is_reachable: true,
            reason: String::new(),
            containers: found.iter().map(container).collect(),
        },
        Ok(Err(error)) => unreachable(error.to_string()),
        Err(_) => unreachable(format!("no answer within {} seconds", ENGINE_PATIENCE.as_secs())),
    }
}

fn container(standing: &Standing) -> Container {
    Container {
        service: standing.service.clone(),
        runs: standing.facts.runs,
        run: standing.run().to_owned(),
    }
}
