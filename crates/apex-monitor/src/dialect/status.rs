//! How a project stands, in the words and fields of the earlier runner's `--orchestration-status`.
//!
//! It tells what [`Status`] knows; of tasks in the background, those that have not ended.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::background::{category, seconds};
use crate::status::{ActiveRun, BackgroundTask, Status};

/// The agents that the earlier runner named. Here they are parts of one program: they work as long
/// as a run does.
const PARTS: [&str; 6] = [
    "MasterController",
    "TestOrchestrator",
    "LayerExecution",
    "BackgroundE2E",
    "ProgressStreaming",
    "ResourceManagement",
];

/// The page for people.
#[must_use]
pub fn orchestration_page(status: &Status) -> String {
    let line = "=".repeat(60);
    // Writing to a `String` cannot fail, here and below.
    let mut page = format!("{line}\nORCHESTRATION STATUS\n{line}\n");
    let _ = writeln!(page, "Active Runs: {}", status.active.len());
    for run in &status.active {
        let tests = &run.tests;
        let _ = writeln!(
            page,
            "  {} mode={} status=running layer={} total={} passed={} failed={} elapsed={:.1}s",
            run.run,
            run.mode.as_deref().unwrap_or("none"),
            current(run).as_deref().unwrap_or("none"),
            tests.selected,
            tests.passed + tests.flaky,
            failed(run),
            run.elapsed_seconds,
        );
    }
    let _ = writeln!(page, "Background Tasks: {}", open_tasks(status).count());
    for task in open_tasks(status) {
        let _ = writeln!(page, "  {} {} {}", task.task, task.state, category(task));
    }
    page.push_str("Agents:\n");
    for (name, state, silent) in agents(status) {
        let beat = silent.map_or_else(|| "never".to_owned(), |silent| format!("{silent:.1}s ago"));
        let _ = writeln!(page, "  {name} {state} last heartbeat: {beat}");
    }
    services(&mut page, status);
    last_run(&mut page, status);
    page
}

fn open_tasks(status: &Status) -> impl Iterator<Item = &BackgroundTask> {
    status.tasks.iter().filter(|task| task.exit_code.is_none())
}

fn services(page: &mut String, status: &Status) {
    page.push_str("Services:\n");
    let of_runs = status.active.iter().flat_map(|run| &run.services);
    let mut rows: Vec<(String, String)> =
        of_runs.map(|service| (service.name.clone(), service.state.clone())).collect();
    for container in status.engine.iter().flat_map(|engine| &engine.containers) {
        if rows.iter().all(|(name, _)| *name != container.service) {
            let state = if container.runs { "ready" } else { "stopped" };
            rows.push((container.service.clone(), state.to_owned()));
        }
    }
    for (name, state) in &rows {
        let _ = writeln!(page, "  {name} {state}");
    }
    if rows.is_empty() {
        page.push_str("  none\n");
    }
}

fn last_run(page: &mut String, status: &Status) {
    let _ = match status.recent.first() {
        Some(run) => writeln!(
            page,
            "Last Run: {} {} {:.2}s",
            run.run,
            run.verdict,
            run.duration_seconds.unwrap_or_default()
        ),
        None => writeln!(page, "Last Run: none"),
    };
}

/// The same as one object, with the fields of the earlier runner.
#[must_use]
pub fn orchestration_object(status: &Status) -> Value {
    let health = agents(status).map(|(name, state, silent)| {
        (name.to_owned(), json!({ "status": state, "last_heartbeat_seconds": silent }))
    });
    let agent_health: serde_json::Map<String, Value> = health.collect();
    let background = open_tasks(status).map(
        |task| json!({ "task_id": task.task, "status": task.state, "category": category(task) }),
    );
    let mut object = match (status.active.first(), status.recent.first()) {
        (Some(run), _) => json!({
            "mode": run.mode,
            "status": "running",
            "start_time": seconds(run.started_unix_millis),
            "end_time": null,
            "current_layer": current(run),
            "completed_layers": layers(run, |state| !["waiting", "running"].contains(&state)),
            "failed_layers": layers(run, |state| state == "failed"),
            "overall_success": null,
            "error_summary": null,
            "total_tests_run": run.tests.executed,
            "overall_duration": run.elapsed_seconds,
        }),
        (None, Some(run)) => {
            let started = run.started_unix_millis.map(seconds);
            let took = run.duration_seconds;
            json!({
                "mode": run.what,
                "status": run.verdict,
                "start_time": started,
                "end_time": started.zip(took).map(|(started, took)| started + took),
                "current_layer": null,
                "completed_layers": of_last(status, &run.run, |_| true),
                "failed_layers": of_last(status, &run.run, |verdict| verdict == "failed"),
                "overall_success": run.verdict == "passed",
                "error_summary": null,
                "total_tests_run": run.counts.map(|counts| counts.executed),
                "overall_duration": took,
            })
        }
        (None, None) => json!({
            "mode": null, "status": "idle", "start_time": null, "end_time": null,
            "current_layer": null, "completed_layers": [], "failed_layers": [],
            "overall_success": null, "error_summary": null, "total_tests_run": 0,
            "overall_duration": null,
        }),
    };
    object["agent_health"] = Value::Object(agent_health);
    object["background_tasks"] = background.collect();
    object
}

/// Name, state and seconds since the last sign of life of every part, and of further agents.
fn agents(status: &Status) -> impl Iterator<Item = (&str, &str, Option<f64>)> {
    let newest = status.active.first();
    let silent = newest.map(|run| run.silent_seconds);
    let state = if newest.is_some() { "running" } else { "idle" };
    let parts = PARTS.into_iter().map(move |name| (name, state, silent));
    let further = status.active.iter().flat_map(|run| &run.agents);
    parts.chain(further.map(move |agent| (agent.name.as_str(), agent.state.as_str(), silent)))
}

fn current(run: &ActiveRun) -> Option<String> {
    let names: Vec<&str> = run.current_layers().collect();
    (!names.is_empty()).then(|| names.join(","))
}

const fn failed(run: &ActiveRun) -> u32 {
    run.tests.failed + run.tests.errored + run.tests.timed_out
}

fn layers(run: &ActiveRun, is_meant: impl Fn(&str) -> bool) -> Vec<&str> {
    let meant = run.layers.iter().filter(|layer| is_meant(&layer.state));
    meant.map(|layer| layer.id.as_str()).collect()
}

fn of_last<'s>(status: &'s Status, run: &str, is_meant: impl Fn(&str) -> bool) -> Vec<&'s str> {
    let meant = status.layers.iter().filter(|last| last.run == run && is_meant(&last.verdict));
    meant.map(|last| last.layer.as_str()).collect()
}
