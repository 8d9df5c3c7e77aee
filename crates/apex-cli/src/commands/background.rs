//! `apex bg`: background tasks, from any shell.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

use apex_config::Overlay;
use apex_core::background::{Task, TaskId, TaskState};
use apex_monitor::run_dir::RunDirectory;

use crate::args::{BgCommand, GlobalArgs, ProgressMode, StreamArgs, TasksArgs, WaitArgs};
use crate::assemble::background::{Tasks, exit_code};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::render::background::{self as shown, Row};
use crate::{out, recorded};

use super::replay;

/// Pause between two looks at what is followed.
const LOOK: Duration = Duration::from_millis(200);

/// Bytes of a log that are copied at once.
const PIECE: usize = 64 * 1024;

/// Results that `apex bg status` shows beside what goes on.
const LATEST: usize = 5;

pub(super) fn background(global: &GlobalArgs, command: &BgCommand) -> Result<ExitCode, Failure> {
    let project = Project::load_silently(global, None, Overlay::flags())?;
    let tasks = Tasks::of(&project);
    drop(project);
    match command {
        BgCommand::List { limit, json } => list(&tasks, *limit, *json),
        BgCommand::Status { task: Some(task), json } => status_of(&tasks, task, *json),
        BgCommand::Status { task: None, json } => status(&tasks, *json),
        BgCommand::Logs { task, follow } => logs(&tasks, task, *follow),
        BgCommand::Wait(args) => wait(&tasks, args),
        BgCommand::Attach { task } => attach(global, &tasks, task),
        BgCommand::Cancel(args) => cancel(&tasks, args),
        BgCommand::Results { limit, json } => {
            show(&tasks, &tasks.results(*limit)?, *json);
            Ok(ExitCode::Passed)
        }
        BgCommand::Retry(args) => retry(&tasks, args),
    }
}

fn list(tasks: &Tasks, limit: usize, json: bool) -> Result<ExitCode, Failure> {
    let queue = tasks.list()?;
    let newest: Vec<Task> = queue.tasks().iter().rev().take(limit).cloned().collect();
    show(tasks, &newest, json);
    Ok(ExitCode::Passed)
}

/// What has not ended, and what was found last.
fn status(tasks: &Tasks, json: bool) -> Result<ExitCode, Failure> {
    let queue = tasks.list()?;
    let open = queue.tasks().iter().filter(|task| !task.state.is_ended());
    let mut listed: Vec<Task> = open.cloned().collect();
    listed.extend(tasks.results(LATEST)?);
    show(tasks, &listed, json);
    Ok(ExitCode::Passed)
}

fn status_of(tasks: &Tasks, word: &str, json: bool) -> Result<ExitCode, Failure> {
    let task = tasks.find(word)?;
    if json {
        show(tasks, &[task], json);
    } else {
        let log = recorded::shown(&tasks.log(&task.order.task));
        out::data(&shown::page(&row(tasks, &task), &log));
    }
    Ok(ExitCode::Passed)
}

fn row<'a>(tasks: &Tasks, task: &'a Task) -> Row<'a> {
    let found = tasks.found(task);
    let is_running = matches!(task.state, TaskState::Running { .. });
    let view = if is_running { found.view() } else { None };
    Row { task, exit_code: exit_code(task), summary: found.summary, view }
}

fn show(tasks: &Tasks, listed: &[Task], json: bool) {
    let rows: Vec<Row<'_>> = listed.iter().map(|task| row(tasks, task)).collect();
    if json {
        out::data(&format!("{:#}\n", shown::document(&rows)));
    } else {
        out::data(&shown::table(&rows));
    }
}

fn logs(tasks: &Tasks, word: &str, follow: bool) -> Result<ExitCode, Failure> {
    let task = tasks.find(word)?.order.task;
    let path = tasks.log(&task);
    let mut log = None;
    loop {
        // Asked before the look: what was written before the end is then read after it.
        let is_over = !follow || tasks.find(task.as_str())?.state.is_ended();
        log = log.or_else(|| File::open(&path).ok());
        if let Some(file) = &mut log
            && !copy(file)?
        {
            return Ok(ExitCode::Passed);
        }
        if is_over {
            break;
        }
        thread::sleep(LOOK);
    }
    if log.is_none() {
        out::people(&format!("task {task} has said nothing: it did not start\n"));
    }
    Ok(ExitCode::Passed)
}

/// Copies what a log has more; whether somebody still reads it.
fn copy(log: &mut File) -> Result<bool, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::environment(format!("the log cannot be read: {error}"), "look at its rights")
    };
    let mut piece = vec![0; PIECE];
    loop {
        let read = log.read(&mut piece).map_err(unreadable)?;
        if read == 0 {
            return Ok(true);
        }
        let mut output = std::io::stdout().lock();
        if output.write_all(&piece[..read]).and_then(|()| output.flush()).is_err() {
            return Ok(false);
        }
    }
}

fn wait(tasks: &Tasks, args: &WaitArgs) -> Result<ExitCode, Failure> {
    let queue = tasks.list()?;
    let wanted: Vec<TaskId> = if args.tasks.is_empty() {
        let open = queue.tasks().iter().filter(|task| !task.state.is_ended());
        open.map(|task| task.order.task.clone()).collect()
    } else {
        ids(tasks, &args.tasks)?
    };
    let ended = tasks.wait(&wanted, args.fail_fast)?;
    show(tasks, &ended, args.json);
    Ok(ended.iter().map(exit_code).fold(ExitCode::Passed, ExitCode::worse))
}

fn attach(global: &GlobalArgs, tasks: &Tasks, word: &str) -> Result<ExitCode, Failure> {
    let id = tasks.find(word)?.order.task;
    let (task, run) = begun(tasks, &id)?;
    let Some(run) = run else {
        out::people(&format!("task {id} left no record: it is {}\n", task.state.as_str()));
        return Ok(exit_code(&task));
    };
    let is_over = || tasks.find(id.as_str()).is_ok_and(|task| task.state.is_ended());
    replay::follow(global, &run, ProgressMode::Auto, &StreamArgs::default(), is_over)?;
    let ended = tasks.wait(&[id], false)?;
    Ok(ended.iter().map(exit_code).fold(ExitCode::Passed, ExitCode::worse))
}

/// Waits until a task has a run with a journal, or has ended without one.
fn begun(tasks: &Tasks, task: &TaskId) -> Result<(Task, Option<RunDirectory>), Failure> {
    loop {
        let task = tasks.find(task.as_str())?;
        let run = tasks.found(&task).run.filter(|run| run.events().is_file());
        if run.is_some() || task.state.is_ended() {
            return Ok((task, run));
        }
        thread::sleep(LOOK);
    }
}

fn cancel(tasks: &Tasks, args: &TasksArgs) -> Result<ExitCode, Failure> {
    let wanted = ids(tasks, &args.tasks)?;
    for task in &wanted {
        tasks.cancel(task)?;
    }
    // Cancelled is who has ended: those who wait for that may rely on it.
    let ended = tasks.wait(&wanted, false)?;
    show(tasks, &ended, args.json);
    Ok(ExitCode::Passed)
}

fn retry(tasks: &Tasks, args: &TasksArgs) -> Result<ExitCode, Failure> {
    let wanted = ids(tasks, &args.tasks)?;
    for task in &wanted {
        tasks.retry(task)?;
    }
    let queue = tasks.list()?;
    let again: Vec<Task> = wanted.iter().filter_map(|task| queue.task(task)).cloned().collect();
    show(tasks, &again, args.json);
    Ok(ExitCode::Passed)
}

fn ids(tasks: &Tasks, words: &[String]) -> Result<Vec<TaskId>, Failure> {
    words.iter().map(|word| Ok(tasks.find(word)?.order.task)).collect()
}
