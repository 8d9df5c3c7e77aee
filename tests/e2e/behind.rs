//! Background layers that nobody waits for: a run of their own goes on after the command has
//! ended, with a record and a verdict of its own, and leaves nothing behind.

use std::path::Path;

use apex_tests::processes::{assert_none_left, wait_until, with_mark};
use apex_tests::project::Project;

/// A layer in front, and one behind it whose test runs until the file `go` is there.
fn project(front: &str, behind: &str) -> Project {
    let project = Project::new(&[]);
    let mark = project.root().to_str().expect("a UTF-8 folder").to_owned();
    let waits = "touch behind.ran; i=0; while [ ! -e go ] && [ $i -lt 600 ]; do sleep 0.1; \
                 i=$((i+1)); done";
    project.write(
        "apex.yaml",
        &format!(
            "apex: 1\nlayers:\n  front:\n    categories: [{{name: quick, command: \"{front}\"}}]\n  \
             behind:\n    background_execution: true\n    dependencies: [front]\n    \
             categories:\n      - {{name: slow, retries: 0, env: {{E2E_MARK: \"{mark}\"}}, \
             command: \"{waits}; {behind}\"}}\n\
             modes: {{both: {{layers: [front, behind], background: true, wait: false}}}}\n"
        ),
    );
    project
}

/// A summary of a run, once it is written.
fn summary(run: &Path) -> serde_json::Value {
    let file = run.join("summary.json");
    wait_until("the summary of the run behind", || file.exists());
    let text = std::fs::read_to_string(file).expect("a summary");
    serde_json::from_str(&text).expect("a summary is JSON")
}

fn layers(summary: &serde_json::Value) -> Vec<&str> {
    let layers = summary["layers"].as_array().expect("layers");
    layers.iter().map(|layer| layer["id"].as_str().expect("an id")).collect()
}

/// Runs the mode and lets what goes on behind come to its end; the summaries of both.
fn run_both(project: &Project) -> [serde_json::Value; 2] {
    let answer = project.run(&["run", "--mode", "both", "--no-wait"]);
    let said = &answer.stderr;
    assert_eq!(answer.status.code(), Some(0), "{said}");
    assert!(said.contains("behind goes on behind: task "), "{said}");
    let mark = project.root().to_str().expect("a UTF-8 folder");
    wait_until("the test behind", || project.root().join("behind.ran").exists());
    assert!(!with_mark(mark).is_empty(), "it goes on after the command has ended");
    let [front, behind] = &project.runs()[..] else { panic!("two runs: {:?}", project.runs()) };
    let name = behind.file_name().and_then(|name| name.to_str()).expect("a run id");
    assert!(said.contains(name), "{name} is named: {said}");
    assert!(!behind.join("summary.json").exists(), "it has not ended");
    project.write("go", "");
    let both = [summary(front), summary(behind)];
    assert_none_left(mark);
    assert_none_left(name);
    both
}

#[test]
fn a_background_layer_goes_on_in_a_run_of_its_own() {
    let [front, behind] = run_both(&project("true", "true"));
    assert_eq!((layers(&front), layers(&behind)), (vec!["front"], vec!["behind"]));
    assert_eq!((&front["verdict"], &behind["verdict"]), (&"passed".into(), &"passed".into()));
    assert_ne!(front["run"], behind["run"]);
}

#[test]
fn the_verdict_of_a_background_layer_is_in_its_own_record() {
    let [front, behind] = run_both(&project("true", "exit 3"));
    assert_eq!((&front["exit_code"], &behind["exit_code"]), (&0.into(), &1.into()));
    assert_eq!(behind["failed_tests"][0]["message"], "exit code 3", "{behind:#}");
}

#[test]
fn behind_a_failure_nothing_is_started() {
    let project = project("exit 1", "true");
    let answer = project.run(&["run", "--mode", "both", "--no-wait"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    let why = "behind is not started: the layers before it did not pass";
    assert!(answer.stderr.contains(why), "{}", answer.stderr);
    assert_eq!(project.runs().len(), 1);
    assert!(!project.root().join("behind.ran").exists());
}
