//! A background task as the earlier runner kept it in `test_reports/background_e2e/<id>.json`.

use serde_json::{Value, json};

use crate::status::BackgroundTask;
use crate::summary::Summary;

/// The record of a task, with what its latest run amounts to once that has ended. Times are seconds
/// since 1970-01-01 UTC.
#[must_use]
pub fn background_record(task: &BackgroundTask, summary: Option<&Summary>, log: &str) -> Value {
    let counts = summary.map(|summary| &summary.counts);
    let failed = summary.map(|summary| {
        summary.failed_tests.iter().map(|test| test.id.as_str()).collect::<Vec<_>>()
    });
    json!({
        "task_id": task.task,
        "category": category(task),
        "status": state(task),
        "since": seconds(task.since_unix_millis),
        "exit_code": task.exit_code,
        "overall_success": task.exit_code.map(|code| code == 0),
        "run_id": task.run,
        "start_time": summary.map(|summary| seconds(summary.started_unix_millis)),
        "duration": summary.map(|summary| summary.duration_seconds),
        "total": counts.map(|counts| counts.selected),
        "passed": counts.map(|counts| counts.passed + counts.flaky),
        "failed": counts.map(|counts| counts.failed + counts.errored + counts.timed_out),
        "skipped": counts.map(|counts| counts.skipped),
        "failed_tests": failed,
        "log": log,
    })
}

/// What a task runs: the earlier runner knew categories only.
pub(super) fn category(task: &BackgroundTask) -> &str {
    task.title.strip_prefix("categories ").unwrap_or(&task.title)
}

/// The word of the earlier runner for a state.
fn state(task: &BackgroundTask) -> &str {
    match (task.state.as_str(), task.exit_code) {
        ("finished", Some(0)) => "completed",
        ("finished", _) => "failed",
        ("timed_out", _) => "timeout",
        // It was never begun, and nobody will.
        ("expired", _) => "cancelled",
        (word, _) => word,
    }
}

/// Seconds of a time in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a date are far below 2^53")]
pub(super) fn seconds(unix_millis: u64) -> f64 {
    unix_millis as f64 / 1000.0
}
