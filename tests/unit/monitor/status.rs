//! How a project stands, in the words of the earlier runner.

use apex_monitor::dialect::{background_record, orchestration_object, orchestration_page};
use apex_monitor::status::{BackgroundTask, Status};
use serde_json::{Value, json};

/// A status with a run that goes on and one that is over.
fn busy() -> Status {
    let counts = |executed: u32, failed: u32| {
        json!({
            "selected": 9, "executed": executed, "passed": executed - failed, "flaky": 0,
            "failed": failed, "errored": 0, "timed_out": 0, "cancelled": 0, "blocked": 0,
            "skipped": 0, "deferred": 0, "not_run": 0,
        })
    };
    let layer = |id: &str, state: &str| json!({ "id": id, "state": state, "spent_seconds": 1.0, "tests": counts(4, 1) });
    serde_json::from_value(json!({
        "schema": "apex.status/1", "version": "0.1.0",
        "active": [{
            "run": "run-2", "mode": "nightly", "started_unix_millis": 5_000, "elapsed_seconds": 12.5,
            "silent_seconds": 0.4, "tests": counts(4, 1), "running_tests": 1, "running_jobs": 1,
            "queue": 2, "slots": 2,
            "layers": [layer("front", "failed"), layer("core", "running"), layer("late", "waiting")],
            "services": [{ "name": "db", "state": "ready", "addresses": [] }],
            "agents": [{ "name": "guest", "state": "failed", "reason": "it panicked" }],
            "warnings": [],
        }],
        "recent": [{
            "run": "run-1", "verdict": "failed", "exit_code": 1, "started_unix_millis": 1_000,
            "duration_seconds": 2.5, "what": "nightly", "counts": counts(9, 2),
        }],
        "layers": [
            { "layer": "front", "verdict": "failed", "reason": "2 tests failed", "run": "run-1",
              "spent_seconds": 2.0, "started_unix_millis": 1_000 },
            { "layer": "core", "verdict": "passed", "reason": "", "run": "run-0",
              "spent_seconds": 2.0, "started_unix_millis": 1_000 },
        ],
        "engine": { "is_reachable": true, "containers": [
            { "service": "db", "runs": true, "run": "run-2" },
            { "service": "cache", "runs": false, "run": "up-1" },
        ] },
    }))
    .unwrap()
}

/// The same when nothing goes on.
fn idle() -> Status {
    Status { active: Vec::new(), ..busy() }
}

fn task(state: &str, exit_code: Option<u8>) -> BackgroundTask {
    BackgroundTask {
        task: "task-1".to_owned(),
        title: "categories e2e".to_owned(),
        state: state.to_owned(),
        since_unix_millis: 2_500,
        exit_code,
        run: Some("run-9".to_owned()),
    }
}

#[test]
fn the_record_of_a_task_has_the_words_of_the_earlier_runner() {
    let cases = [
        ("queued", None, "queued", json!(null)),
        ("running", None, "running", json!(null)),
        ("finished", Some(0), "completed", json!(true)),
        ("finished", Some(1), "failed", json!(false)),
        ("timed_out", Some(5), "timeout", json!(false)),
        ("cancelled", Some(143), "cancelled", json!(false)),
        ("interrupted", Some(3), "interrupted", json!(false)),
        ("expired", Some(3), "cancelled", json!(false)),
    ];
    for (state, exit_code, word, success) in cases {
        let record = background_record(&task(state, exit_code), None, "task-1.log");
        let expected = json!({
            "task_id": "task-1", "category": "e2e", "status": word, "since": 2.5,
            "exit_code": exit_code, "overall_success": success, "run_id": "run-9",
            "start_time": null, "duration": null, "total": null, "passed": null,
            "failed": null, "skipped": null, "failed_tests": null, "log": "task-1.log",
        });
        assert_eq!(record, expected);
    }
}

#[test]
fn the_page_of_the_earlier_runner_has_its_banner_and_its_lines() {
    let status = Status { tasks: vec![task("running", None), task("finished", Some(0))], ..busy() };
    let page = orchestration_page(&status);
    let line = "=".repeat(60);
    let expected = format!(
        "{line}\nORCHESTRATION STATUS\n{line}\n\
         Active Runs: 1\n  \
         run-2 mode=nightly status=running layer=core total=9 passed=3 failed=1 elapsed=12.5s\n\
         Background Tasks: 1\n  task-1 running e2e\n\
         Agents:\n  \
         MasterController running last heartbeat: 0.4s ago\n  \
         TestOrchestrator running last heartbeat: 0.4s ago\n  \
         LayerExecution running last heartbeat: 0.4s ago\n  \
         BackgroundE2E running last heartbeat: 0.4s ago\n  \
         ProgressStreaming running last heartbeat: 0.4s ago\n  \
         ResourceManagement running last heartbeat: 0.4s ago\n  \
         guest failed last heartbeat: 0.4s ago\n\
         Services:\n  db ready\n  cache stopped\n\
         Last Run: run-1 failed 2.50s\n"
    );
    assert_eq!(page, expected);
    let nothing = Status { recent: Vec::new(), engine: None, ..idle() };
    let page = orchestration_page(&nothing);
    for line in
        ["Active Runs: 0", "Services:\n  none", "Last Run: none", "idle last heartbeat: never"]
    {
        assert!(page.contains(line), "{line}: {page}");
    }
}

#[test]
fn the_object_of_the_earlier_runner_has_its_fields_in_every_state() {
    const FIELDS: [&str; 13] = [
        "agent_health",
        "background_tasks",
        "completed_layers",
        "current_layer",
        "end_time",
        "error_summary",
        "failed_layers",
        "mode",
        "overall_duration",
        "overall_success",
        "start_time",
        "status",
        "total_tests_run",
    ];
    let nothing = Status { recent: Vec::new(), ..idle() };
    let cases: [(Status, Value); 3] = [
        (
            busy(),
            json!({ "status": "running", "current_layer": "core", "completed_layers": ["front"],
                    "failed_layers": ["front"], "start_time": 5.0, "total_tests_run": 4 }),
        ),
        (
            idle(),
            json!({ "status": "failed", "current_layer": null, "completed_layers": ["front"],
                    "failed_layers": ["front"], "start_time": 1.0, "end_time": 3.5,
                    "overall_success": false, "total_tests_run": 9 }),
        ),
        (nothing, json!({ "status": "idle", "completed_layers": [], "overall_success": null })),
    ];
    for (status, expected) in cases {
        let object = orchestration_object(&status);
        let mut fields: Vec<&str> =
            object.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, FIELDS);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&object[name], value, "{name}: {object:#}");
        }
    }
}
