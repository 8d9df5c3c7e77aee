//! Background tasks as people and pipelines use them.

use apex_tests::processes::{assert_none_left, wait_until};
use apex_tests::project::Project;
use serde_json::Value;

/// A layer in front and one behind; the tests behind go on until the file `go` is there.
fn project(behind: &str) -> Project {
    let project = Project::new(&[]);
    let mark = project.root().to_str().expect("a UTF-8 folder").to_owned();
    let waits = "touch behind.ran; i=0; while [ ! -e go ] && [ $i -lt 600 ]; do sleep 0.1; \
                 i=$((i+1)); done; echo it went on";
    project.write(
        "apex.yaml",
        &format!(
            "apex: 1\nlayers:\n  front:\n    categories: [{{name: quick, command: \"true\"}}]\n  \
             e2e:\n    background_execution: true\n    dependencies: [front]\n    \
             categories:\n      - {{name: slow, retries: 0, env: {{E2E_MARK: \"{mark}\"}}, \
             command: \"{waits}; {behind}\"}}\n"
        ),
    );
    project
}

/// Asks for a background task, and answers with its id.
fn ask(project: &Project, arguments: &[&str]) -> String {
    let answer = project.run(&[&["run", "--background"], arguments].concat());
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    answer.stdout.trim().to_owned()
}

fn status(project: &Project, id: &str) -> Value {
    let answer = project.run(&["bg", "status", id, "--json"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let document: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    document["tasks"][0].clone()
}

fn wait_for_test(project: &Project) {
    wait_until("the test behind", || project.root().join("behind.ran").exists());
}

fn assert_nothing_left(project: &Project) {
    assert_none_left(project.root().to_str().expect("UTF-8"));
}

#[test]
fn a_task_is_seen_followed_and_waited_for_from_another_shell() {
    let project = project("true");
    let id = ask(&project, &["--layers", "e2e", "--no-dependencies"]);
    wait_for_test(&project);
    assert_eq!(status(&project, &id)["state"], "running");
    let listed = project.run(&["bg", "list"]).stdout;
    assert!(listed.contains(&id) && listed.contains("running"), "{listed}");
    // A run in front does not wait for it.
    let front = project.run(&["run", "--layers", "front", "--no-wait"]);
    assert_eq!(front.status.code(), Some(0), "{}", front.stderr);

    let attached = std::thread::scope(|scope| {
        let attached = scope.spawn(|| project.run(&["bg", "attach", &id]));
        let followed = scope.spawn(|| project.run(&["bg", "logs", "--follow", &id]));
        project.write("go", "");
        let followed = followed.join().expect("no panic");
        assert!(followed.stdout.contains("PASSED"), "{}", followed.stdout);
        attached.join().expect("no panic")
    });
    assert_eq!(attached.status.code(), Some(0), "{}", attached.stderr);
    assert!(attached.stderr.contains("PASSED"), "{}", attached.stderr);
    let waited = project.run(&["bg", "wait", &id, "--json"]);
    assert_eq!(waited.status.code(), Some(0), "{}", waited.stderr);
    let task = status(&project, "last");
    assert_eq!((&task["state"], &task["exit_code"]), (&"finished".into(), &0.into()));
    assert_eq!(task["summary"]["counts"]["passed"], 1, "{task:#}");
    assert_nothing_left(&project);
}

#[test]
fn a_failed_task_fails_the_wait_and_the_next_run_says_what_it_found() {
    let project = project("exit 3");
    project.write("go", "");
    let id = ask(&project, &["--layers", "e2e", "--no-dependencies"]);
    let waited = project.run(&["bg", "wait", "--fail-fast", &id]);
    assert_eq!(waited.status.code(), Some(1), "{}", waited.stderr);
    let next = project.run(&["run", "--layers", "front"]);
    let news = "e2e no-dependencies failed (exit code 1), 0 passed, 1 failed of 1";
    assert!(next.stderr.contains(news), "{}", next.stderr);
    let later = project.run(&["run", "--layers", "front"]);
    assert!(!later.stderr.contains(news), "it is said once: {}", later.stderr);
    let results = project.run(&["bg", "results", "1"]);
    assert!(results.stdout.contains("failed (exit code 1)"), "{}", results.stdout);
    assert_nothing_left(&project);
}

#[test]
fn cancelling_ends_what_runs_and_what_waits() {
    let project = project("true");
    let running = ask(&project, &["--layers", "e2e", "--no-dependencies"]);
    wait_for_test(&project);
    let waiting = ask(&project, &["--mode", "nightly"]);
    assert_eq!(status(&project, &waiting)["state"], "queued", "one heavy task at a time");
    let cancelled = project.run(&["bg", "cancel", &running, &waiting]);
    assert_eq!(cancelled.status.code(), Some(0), "{}", cancelled.stderr);
    for id in [&running, &waiting] {
        assert_eq!(status(&project, id)["state"], "cancelled");
    }
    assert_eq!(project.run(&["bg", "wait", &waiting]).status.code(), Some(143));
    let again = project.run(&["bg", "cancel", &running]);
    assert_eq!(again.status.code(), Some(2), "{}", again.stderr);
    assert!(again.stderr.contains("is cancelled"), "{}", again.stderr);
    assert_nothing_left(&project);
}

#[test]
fn hybrid_starts_both_at_once_and_waits_for_both() {
    let project = project("exit 3");
    let said = std::fs::File::create(project.root().join("said")).expect("a file");
    let mut hybrid = project.apex(&["run", "--mode", "hybrid"]).stderr(said).spawn().expect("apex");
    wait_until("the word about waiting", || project.read("said").contains("waiting for e2e"));
    wait_for_test(&project);
    assert!(project.read("said").contains("PASSED"), "the front has ended");
    project.write("go", "");
    let code = hybrid.wait().expect("it ends").code();
    assert_eq!(code, Some(1), "{}", project.read("said"));
    assert_nothing_left(&project);
}

#[test]
fn the_mode_background_returns_at_once_and_waits_when_told() {
    let project = project("true");
    let at_once = project.run(&["run", "--mode", "background"]);
    assert_eq!(at_once.status.code(), Some(0), "{}", at_once.stderr);
    assert!(at_once.stderr.contains("e2e goes on behind: task "), "{}", at_once.stderr);
    let again = project.run(&["run", "--mode", "background"]);
    assert!(again.stderr.contains("task "), "{}", again.stderr);
    project.write("go", "");
    assert_eq!(project.run(&["bg", "wait"]).status.code(), Some(0));
    let waited = project.run(&["run", "--mode", "background", "--wait"]);
    assert!(waited.stderr.contains("PASSED"), "{}", waited.stderr);
    assert_nothing_left(&project);
}

#[test]
fn what_means_nothing_is_refused_before_it_is_in_the_queue() {
    let project = project("true");
    for (arguments, word) in [
        (&["run", "--background", "--layers", "nothing"][..], "unknown layer"),
        (&["bg", "status", "nothing"][..], "there is no background task `nothing`"),
        (&["bg", "cancel", "nothing"][..], "there is no background task `nothing`"),
    ] {
        let answer = project.run(arguments);
        assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
        assert!(answer.stderr.contains(word), "{}", answer.stderr);
    }
    let listed = project.run(&["bg", "list"]);
    assert!(listed.stdout.contains("no background task"), "{}", listed.stdout);
}

#[test]
fn a_queue_of_an_earlier_version_is_read_though_its_last_line_is_half() {
    let project = project("true");
    // Written by the first version that had tasks.
    project.write(
        ".apex/background/queue.jsonl",
        include_str!("../fixtures/background/queue-1.jsonl"),
    );
    let listed = project.run(&["bg", "list", "--json"]);
    let document: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let states: Vec<&str> = document["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|task| task["state"].as_str().expect("a state"))
        .collect();
    // The one that ran has no process, whichever had its number.
    let expected = ["timed_out", "expired", "cancelled", "interrupted", "finished"];
    assert_eq!(states, expected, "{}", listed.stderr);
    assert_nothing_left(&project);
}
