//! Background work by the earlier flags, and the files that it leaves.

use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use serde_json::Value;

/// A category behind that goes on until the file `go` is there, and then fails.
fn project() -> Project {
    Project::new(&[(
        "apex.yaml",
        "apex: 1\nlayers:\n  behind:\n    background_execution: true\n    categories:\n      \
         - {name: e2e, retries: 0, command: \"i=0; while [ ! -e go ] && [ $i -lt 600 ]; do \
         sleep 0.1; i=$((i+1)); done; exit 3\"}\n",
    )])
}

fn record(project: &Project, task: &str) -> Value {
    let text = project.read(&format!("test_reports/background_e2e/{task}.json"));
    serde_json::from_str(&text).expect("a record is JSON")
}

#[test]
fn a_queued_task_says_its_id_and_keeps_a_record_that_ends_with_what_it_found() {
    let project = project();
    let queued = project.run(&["--queue-e2e"]);
    assert_eq!(queued.status.code(), Some(0), "{}", queued.stderr);
    let task = queued.stdout.trim().strip_prefix("Task ID: ").expect(&queued.stdout).to_owned();
    let begun = record(&project, &task);
    assert_eq!(begun["task_id"], *task);
    assert_eq!((&begun["exit_code"], &begun["overall_success"]), (&Value::Null, &Value::Null));
    // Every view of the project knows it.
    let page = project.run(&["status"]).stdout;
    assert!(page.contains("background tasks\n") && page.contains(&task), "{page}");
    let banner = project.run(&["--orchestration-status"]).stdout;
    assert!(banner.contains("Background Tasks: 1\n") && banner.contains(&task), "{banner}");
    project.write("go", "");
    // Without any further command: whoever looks after tasks writes it at its end.
    wait_until("the record of the end", || record(&project, &task)["status"] == "failed");
    let ended = record(&project, &task);
    assert_eq!((&ended["exit_code"], &ended["overall_success"]), (&1.into(), &false.into()));
    assert_eq!((&ended["total"], &ended["failed"]), (&1.into(), &1.into()), "{ended:#}");
    let status: Value = serde_json::from_str(&project.run(&["status", "--json"]).stdout).unwrap();
    let known = &status["tasks"][0];
    assert_eq!((&known["task"], &known["exit_code"]), (&task.into(), &1.into()), "{status:#}");
}

#[test]
fn a_cancelled_task_is_cancelled_in_its_record() {
    let project = project();
    let queued = project.run(&["--queue-e2e"]);
    let task = queued.stdout.trim().strip_prefix("Task ID: ").expect(&queued.stdout).to_owned();
    let cancelled = project.run(&["--kill-background", &task]);
    assert_eq!(cancelled.status.code(), Some(0), "{}", cancelled.stderr);
    wait_until("the record of the end", || record(&project, &task)["status"] == "cancelled");
    let unknown = project.run(&["--kill-background", "no-such-task"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", unknown.stderr);
}
