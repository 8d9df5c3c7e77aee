//! Time limits hold, whatever a suite does: what ran is reported, what was cut is named, what
//! never began is listed, and no process is left.

use apex_tests::junit::{Ended, cases};
use apex_tests::processes::{assert_none_left, wait_until, with_mark};
use apex_tests::project::Project;
use apex_tests::tool::tool;

/// Three tests, the second of which sleeps for ten minutes.
const SLEEPER: &str = "\
import time
import unittest


class Suite(unittest.TestCase):
    def test_1_quick(self):
        pass

    def test_2_sleeps(self):
        time.sleep(600)

    def test_3_never(self):
        pass
";

/// The smallest budget that the schema allows is 6 s. The programs carry the mark, by which those
/// that are left are found.
fn layer_file(limits: &str, category: &str, mark: &str) -> String {
    let category = format!("{{env: {{E2E_MARK: {mark}}}, {category}}}");
    format!(
        "apex: 1\nlayers:\n  fast_feedback:\n    {limits}\n    grace_seconds: 1\n    \
         execution_mode: sequential\n    categories:\n      - {category}\n      \
         - {{name: later, command: \"true\"}}\n"
    )
}

/// A word that nothing else on this machine says.
fn mark(test: &str) -> String {
    format!("apex-e2e-budget-{}-{test}", std::process::id())
}

fn sleeping_project(limits: &str, timeout: u32, mark: &str) -> Project {
    let category = format!(
        "name: unit, runner: unittest, paths: [tests], timeout_seconds: {timeout}, retries: 0"
    );
    Project::new(&[
        ("apex.yaml", &layer_file(limits, &category, mark)),
        ("tests/__init__.py", ""),
        ("tests/test_suite.py", SLEEPER),
    ])
}

/// How each test of the latest JUnit report ended.
fn ended(project: &Project, name: &str) -> Ended {
    let cases = cases(&project.junit());
    let found = cases.iter().find(|case| case.name.ends_with(name));
    found.unwrap_or_else(|| panic!("{name} is not in {cases:?}")).ended
}

#[test]
fn a_layer_ends_within_its_budget_and_says_what_it_did_not_run() {
    if tool("python3").is_none() {
        return;
    }
    let mark = mark("cut");
    let project = sleeping_project("max_duration_minutes: 0.1", 3000, &mark);
    let answer = std::thread::scope(|scope| {
        let run = scope.spawn(|| project.run(&["run", "--mode", "fast_feedback"]));
        if std::path::Path::new("/proc").exists() {
            wait_until("a marked process", || !with_mark(&mark).is_empty());
        }
        run.join().expect("the run ends")
    });
    let said = &answer.stderr;
    assert_eq!(answer.status.code(), Some(5), "{said}");
    assert!(said.contains("budget used up"), "{said}");
    assert!(said.contains("test_2_sleeps"), "the running test is named: {said}");
    assert!(!said.contains("signal 15"), "that is what Apex did, not the test: {said}");
    assert!(said.contains("test_3_never"), "what did not run is listed: {said}");
    assert!(said.contains("later: deferred"), "{said}");
    assert_eq!(ended(&project, "test_1_quick"), Ended::Passed);
    assert_ne!(ended(&project, "test_2_sleeps"), Ended::Passed);
    assert_eq!(ended(&project, "test_3_never"), Ended::Skipped);
    assert_eq!(ended(&project, "later"), Ended::Skipped);
    assert_none_left(&mark);
}

#[test]
fn a_failed_test_outweighs_a_budget() {
    if tool("python3").is_none() {
        return;
    }
    let project = sleeping_project("max_duration_minutes: 0.1", 3000, "unused");
    let broken = SLEEPER.replacen("        pass", "        self.fail('no')", 1);
    project.write("tests/test_suite.py", &broken);
    let answer = project.run(&["run", "--mode", "fast_feedback", "--fail-fast", "disabled"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("FAILED unit: tests.test_suite.Suite.test_1_quick"));
}

#[test]
fn a_category_that_times_out_is_a_failure() {
    if tool("python3").is_none() {
        return;
    }
    let mark = mark("category");
    let project = sleeping_project("max_duration_minutes: 1", 1, &mark);
    let answer = project.run(&["run", "--categories", "unit"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("unit: timed out"), "{}", answer.stderr);
    assert!(answer.stderr.contains("test_2_sleeps"), "{}", answer.stderr);
    assert_none_left(&mark);
}

#[test]
fn a_program_that_ignores_the_request_to_end_is_killed_after_the_grace() {
    let mark = mark("stubborn");
    let command = "name: unit, timeout_seconds: 1, retries: 0, \
                   command: \"trap '' TERM INT; while :; do sleep 1; done\"";
    let layers = layer_file("max_duration_minutes: 1", command, &mark);
    let project = Project::new(&[("apex.yaml", &layers)]);
    let answer = project.run(&["run", "--categories", "unit"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("unit: timed out"), "{}", answer.stderr);
    assert_none_left(&mark);
}
