//! Background tasks: the queue in random worlds, and real supervisors that are killed.

mod crowd;
mod killed;
mod simulation;

use std::path::Path;
use std::process::Command;

use apex_tests::processes::with_mark;
use apex_tests::project::Project;
use serde_json::Value;

/// A project whose categories `a0`, `a1`, ... each write a line into `ran-<name>` when they begin,
/// and then take a moment.
fn project(categories: u32, seconds: &str) -> Project {
    let project = Project::new(&[]);
    let mark = project.root().to_str().expect("a UTF-8 folder").to_owned();
    let mut file = "apex: 1\nlayers:\n  all:\n    categories:\n".to_owned();
    for number in 0..categories {
        file.push_str(&format!(
            "      - {{name: a{number}, retries: 0, env: {{E2E_MARK: \"{mark}\"}}, \
             command: \"echo ran >> ran-a{number}; sleep {seconds}; echo done >> done-a{number}\"}}\n"
        ));
    }
    project.write("apex.yaml", &file);
    project
}

/// How many lines a file of the project has.
fn lines(root: &Path, file: &str) -> usize {
    std::fs::read_to_string(root.join(file)).map_or(0, |text| text.lines().count())
}

/// The tasks as `apex bg list` tells them.
fn tasks(project: &Project) -> Vec<Value> {
    let answer = project.run(&["bg", "list", "--limit", "100000", "--json"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let document: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    document["tasks"].as_array().expect("tasks").clone()
}

fn state(task: &Value) -> &str {
    task["state"].as_str().expect("a state")
}

/// The processes of this project's supervisor, by their ids.
fn supervisors(project: &Project) -> Vec<u32> {
    let of = |line: &String| {
        let (id, command) = line.split_once(": ")?;
        command.contains("supervise-background-tasks stay").then(|| id.parse().ok())?
    };
    with_mark(project.root().to_str().expect("UTF-8")).iter().filter_map(of).collect()
}

/// Kills a process that a test started, found by the folder that only this test has.
fn kill(id: u32) {
    let _ = Command::new("kill").args(["-9", &id.to_string()]).output();
}

/// How many times something is done: the variable, else a number that a pipeline can bear.
fn times(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
