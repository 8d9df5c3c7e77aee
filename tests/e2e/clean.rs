//! What is kept of earlier runs, and what is removed.

use apex_tests::project::Project;
use serde_json::Value;

const FILE: &str = "apex: 1\nlayers: {all: {categories: [{name: a, command: \"true\"}]}}\n";

#[test]
fn clean_says_what_it_would_remove_then_removes_it_but_nothing_that_is_pinned() {
    let project = Project::new(&[("apex.yaml", FILE)]);
    for _ in 0..3 {
        assert_eq!(project.run(&["run", "--layers", "all"]).status.code(), Some(0));
    }
    let runs = project.runs();
    let oldest = runs[0].to_str().expect("UTF-8");
    assert_eq!(project.run(&["runs", "pin", oldest]).status.code(), Some(0));
    project.write("apex.yaml", &format!("{FILE}retention: {{runs: 1}}\n"));
    let dry = project.run(&["clean", "--dry-run", "--json"]);
    let document: Value = serde_json::from_str(&dry.stdout).expect("JSON");
    let named = runs[1].file_name().and_then(|name| name.to_str()).expect("a run id");
    assert_eq!(document["runs"].as_array().map(Vec::len), Some(1), "{document:#}");
    assert_eq!(document["runs"][0]["run"], named);
    assert_eq!(project.runs().len(), 3, "it was only said");
    let cleaned = project.run(&["clean"]);
    assert_eq!(cleaned.status.code(), Some(0), "{}", cleaned.stderr);
    assert!(cleaned.stdout.contains("beyond the newest 1"), "{}", cleaned.stdout);
    assert_eq!(project.runs(), [runs[0].clone(), runs[2].clone()]);
    assert_eq!(project.run(&["runs", "pin", oldest, "--undo"]).status.code(), Some(0));
    assert_eq!(project.run(&["clean"]).status.code(), Some(0));
    assert_eq!(project.runs(), [runs[2].clone()]);
}

#[test]
fn a_background_task_is_forgotten_when_it_ended_long_ago() {
    let project = Project::new(&[
        ("apex.yaml", &format!("{FILE}retention: {{background_days: 1}}\n")),
        (".apex/background/queue.jsonl", include_str!("../fixtures/background/queue-1.jsonl")),
    ]);
    let cleaned = project.run(&["clean"]);
    assert_eq!(cleaned.status.code(), Some(0), "{}", cleaned.stderr);
    // One was interrupted just now, when somebody looked.
    assert!(cleaned.stdout.contains("4 background tasks removed"), "{}", cleaned.stdout);
    let listed = project.run(&["bg", "list", "--json"]);
    let document: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let left = document["tasks"].as_array().expect("tasks");
    assert_eq!((left.len(), &left[0]["state"]), (1, &"interrupted".into()));
}
