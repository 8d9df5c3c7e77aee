//! Processes of pytest that run several jobs, seen from outside: fixtures of the session are set up
//! at most once a process and always torn down, and nothing is left.

use std::process::{Child, Command, Stdio};

use apex_tests::junit::{Counts, cases};
use apex_tests::processes::{assert_none_left, wait_until, with_mark};
use apex_tests::project::Project;
use apex_tests::tool::{tool, tool_answers};

/// Twelve files in eight jobs, two at the same time.
const LAYERS: &str = "apex: 1\nlayers:\n  fast_feedback:\n    grace_seconds: 20\n    \
    resource_limits: {max_parallel_instances: 2}\n    categories:\n      \
    - {name: unit, runner: pytest, paths: [tests], shards: 8, env: {WARM_MARK: \"MARK\"}}\n";

/// Says when the session begins and ends, and in which process.
const CONFTEST: &str = r#"
import os, pytest

def write(text):
    with open("trace", "a") as file:
        file.write("%s %d\n" % (text, os.getpid()))

@pytest.fixture(scope="session", autouse=True)
def of_session():
    write("up")
    yield
    write("down")
    if os.path.exists("untidy"):
        raise RuntimeError("cannot close the session")
"#;

const TEST: &str = "import os, time\n\ndef test_1():\n    pass\n\ndef test_2():\n    \
    while os.path.exists('hang'):\n        open('hangs', 'w').close()\n        time.sleep(0.02)\n";

fn project() -> Option<Project> {
    if !tool_answers("pytest", "python3", &["-c", "import pytest"]) {
        return None;
    }
    let project = Project::new(&[("conftest.py", CONFTEST)]);
    let mark = project.root().display().to_string();
    project.write("apex.yaml", &LAYERS.replace("MARK", &mark));
    for number in 0..12 {
        project.write(&format!("tests/test_{number}.py"), TEST);
    }
    Some(project)
}

/// The processes in which the session was set up, and those in which it was torn down, sorted.
fn traced(project: &Project) -> (Vec<String>, Vec<String>) {
    let trace = project.read("trace");
    let of = |word: &str| {
        let mut found: Vec<String> = trace
            .lines()
            .filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
            .map(str::to_owned)
            .collect();
        found.sort();
        found
    };
    (of("up"), of("down"))
}

const RUN: [&str; 5] = ["run", "--mode", "fast_feedback", "--jobs", "2"];

/// A run of the project that has come to a test that hangs.
fn hanging(project: &Project) -> Child {
    project.write("hang", "");
    let apex = project
        .apex(&RUN)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("apex starts");
    wait_until("a test hangs", || project.root().join("hangs").exists());
    apex
}

#[test]
fn a_session_is_set_up_once_for_each_slot_and_torn_down() {
    let Some(project) = project() else { return };
    let answer = project.run(&RUN);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let counts = Counts::of(&cases(&project.junit()));
    assert_eq!((counts.passed, counts.failed + counts.errored), (24, 0));
    let (up, down) = traced(&project);
    assert!(up.len() <= 2, "{up:?}");
    assert_eq!(up, down);
    assert_none_left(&project.root().display().to_string());
}

#[test]
fn a_session_that_cannot_be_torn_down_fails_the_run_and_is_named() {
    let Some(project) = project() else { return };
    project.write("untidy", "");
    let answer = project.run(&RUN);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("cannot close the session"), "{}", answer.stderr);
    let (up, down) = traced(&project);
    assert_eq!(up, down);
}

#[test]
fn after_an_interrupt_every_session_is_torn_down() {
    let Some(project) = project() else { return };
    if tool("kill").is_none() {
        return;
    }
    let mut apex = hanging(&project);
    let id = apex.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().expect("kill").success());
    assert_eq!(apex.wait().expect("an end").code(), Some(130));
    let (up, down) = traced(&project);
    assert!(!up.is_empty());
    assert_eq!(up, down);
    assert_none_left(&project.root().display().to_string());
}

#[test]
fn after_a_kill_of_apex_no_process_waits() {
    let Some(project) = project() else { return };
    let mut apex = hanging(&project);
    apex.kill().expect("apex can be killed");
    apex.wait().expect("apex ends");
    let mark = project.root().display().to_string();
    wait_until("everything is gone", || with_mark(&mark).is_empty());
}

#[test]
fn a_test_that_hangs_is_named_and_its_session_torn_down() {
    let Some(project) = project() else { return };
    project.write("tests/test_0.py", "import time\ndef test_hangs(): time.sleep(600)\n");
    let layers = project.read("apex.yaml").replace("shards: 8", "shards: 8, timeout_seconds: 6");
    project.write("apex.yaml", &layers);
    let answer = project.run(&RUN);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("test_0.py::test_hangs"), "{}", answer.stderr);
    let (up, down) = traced(&project);
    assert_eq!(up, down);
    assert_none_left(&project.root().display().to_string());
}
