//! Background tasks for people and for programs: `apex.tasks/1`.

use std::fmt::Write as _;

use apex_core::RunView;
use apex_core::background::{End, Task, TaskState, Weight};
use apex_monitor::history::utc;
use apex_monitor::summary::Summary;
use serde_json::{Value, json};

use super::table::aligned;
use crate::exit::ExitCode;

/// Name and version of the form for programs.
const SCHEMA: &str = "apex.tasks/1";

/// Letters of a commit that are shown.
const COMMIT: usize = 9;

/// A task with what is known of it.
pub(crate) struct Row<'a> {
    pub(crate) task: &'a Task,
    /// What it stands for once it has ended.
    pub(crate) exit_code: ExitCode,
    /// What its latest run amounts to, once that has ended.
    pub(crate) summary: Option<Summary>,
    /// How far its run is, while it goes on.
    pub(crate) view: Option<RunView>,
}

/// Tasks, a line each.
pub(crate) fn table(rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return "no background task; `apex run --background` makes one\n".to_owned();
    }
    let titles = ["task", "state", "asked", "commit", "found", "what"];
    let mut lines = vec![titles.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| {
        let order = &row.task.order;
        vec![
            order.task.to_string(),
            state(row.task),
            utc(row.task.asked.0),
            commit(row.task),
            found(row),
            order.title.clone(),
        ]
    }));
    aligned(&lines)
}

/// A task that ended, in a line, for the run that waited for it.
pub(crate) fn line(task: &Task, summary: Option<&Summary>) -> String {
    let counts = summary.map_or_else(String::new, |summary| format!(", {}", counts(summary)));
    let id = &task.order.task;
    format!("background: {} {}{counts}; `apex bg status {id}`", task.order.title, state(task))
}

/// What a task found at which commit, for the summary of another run.
pub(crate) fn news(task: &Task, summary: Option<&Summary>) -> String {
    format!("{}, commit {}", line(task, summary), commit(task))
}

/// Everything about a task.
pub(crate) fn page(row: &Row<'_>, log: &str) -> String {
    let Row { task, summary, .. } = row;
    let order = &task.order;
    let mut text = String::new();
    let mut say = |name: &str, value: &str| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{name:<9} {value}");
    };
    say("task", order.task.as_str());
    say("what", &order.title);
    say("state", &state(task));
    if let Some(why) = why(task) {
        say("why", why);
    }
    say("asked", &utc(task.asked.0));
    say("commit", &commit(task));
    say("found", &found(row));
    for failed in summary.iter().flat_map(|summary| &summary.failed_tests) {
        say("failed", &format!("{}: {}", failed.category, failed.id));
    }
    say("runs", &task.runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    say("log", log);
    say("command", &format!("apex run {}", order.arguments.join(" ")));
    text
}

/// Tasks for programs.
pub(crate) fn document(rows: &[Row<'_>]) -> Value {
    json!({ "schema": SCHEMA, "tasks": rows.iter().map(object).collect::<Vec<_>>() })
}

fn object(row: &Row<'_>) -> Value {
    let Row { task, exit_code, summary, view } = row;
    let order = &task.order;
    let (since, ended) = match &task.state {
        TaskState::Queued { since } => (since, None),
        TaskState::Running { since, .. } => (since, None),
        TaskState::Ended { at, .. } => (at, Some(exit_code.number())),
    };
    let pid = match &task.state {
        TaskState::Running { process: Some(process), .. } => Some(process.id),
        _ => None,
    };
    json!({
        "task": order.task.as_str(),
        "title": order.title,
        "state": task.state.as_str(),
        "since_unix_millis": since.0,
        "asked_unix_millis": task.asked.0,
        "exit_code": ended,
        "why": why(task),
        "commit": order.commit,
        "is_changed": order.is_changed,
        "weight": if order.weight == Weight::Heavy { "heavy" } else { "light" },
        "priority": order.priority,
        "process": pid,
        "runs": task.runs.iter().map(|run| run.as_str()).collect::<Vec<_>>(),
        "arguments": order.arguments,
        "summary": summary,
        "progress": view.as_ref().map(|view| json!({
            "tests": view.counts().discovered(),
            "settled": view.counts().settled(),
            "bad": view.counts().bad(),
        })),
    })
}

/// How far a task is, in a few words.
fn state(task: &Task) -> String {
    match &task.state {
        TaskState::Ended { end: End::Finished(0), .. } => "passed".to_owned(),
        TaskState::Ended { end: End::Finished(code), .. } => format!("failed (exit code {code})"),
        TaskState::Ended { end: End::TimedOut, .. } => "timed out".to_owned(),
        TaskState::Running { is_cancel_asked: true, .. } => "running, is being ended".to_owned(),
        state => state.as_str().to_owned(),
    }
}

fn why(task: &Task) -> Option<&str> {
    match &task.state {
        TaskState::Ended { end: End::Interrupted(why), .. } => Some(why),
        TaskState::Ended { end: End::Expired, .. } => Some("it waited too long for its start"),
        _ => None,
    }
}

fn commit(task: &Task) -> String {
    let Some(commit) = &task.order.commit else { return "-".to_owned() };
    let short: String = commit.chars().take(COMMIT).collect();
    if task.order.is_changed { format!("{short}+changes") } else { short }
}

fn found(row: &Row<'_>) -> String {
    if let Some(view) = &row.view {
        let counts = view.counts();
        let (settled, known) = (counts.settled(), counts.discovered());
        return format!("{settled} of {known} tests, {} failed", counts.bad());
    }
    row.summary.as_ref().map_or_else(|| "-".to_owned(), counts)
}

fn counts(summary: &Summary) -> String {
    let counts = &summary.counts;
    let bad = counts.failed + counts.errored + counts.timed_out;
    format!("{} passed, {bad} failed of {}", counts.passed + counts.flaky, counts.selected)
}
