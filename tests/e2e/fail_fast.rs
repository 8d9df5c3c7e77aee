//! What a failure stops, on real categories: what ended how, what is said, and the exit code.

use apex_tests::project::Project;

/// Categories without layers: one that fails beside one that takes long, one that many tests fail
/// in, and some that depend on others.
const CATEGORIES: &str = r#"
categories:
  first: {command: [sh, -c, "printf '1..2\nok 1 - steady\nnot ok 2 - shaky\n'; exit 1"], report: stdout, priority: high}
  slow: {command: [sh, -c, "exec sleep 300"], priority: high}
  many: {command: [sh, -c, "echo 1..12; echo ok 1 - t1; for i in 2 3 4 5 6 7 8 9 10 11 12; do echo not ok $i - t$i; done; exit 1"], report: stdout, priority: high}
  vital: {command: "exit 1", priority: critical}
  behind: {command: "true", depends_on: [first]}
  aside: {command: "true"}
  last: {command: "true", depends_on: [aside]}
"#;

fn project(execution: &str) -> Project {
    Project::new(&[("apex.yaml", &format!("apex: 1\nexecution: {execution}{CATEGORIES}"))])
}

/// Runs categories; checks how each ended, and what is said why.
#[track_caller]
fn check(execution: &str, arguments: &[&str], ends: &[(&str, &str)], said: &str) {
    let project = project(execution);
    let mut line = vec!["run", "--categories"];
    line.extend(ends.iter().map(|(name, _)| *name));
    line.push("--no-dependencies");
    line.extend(arguments);
    let answer = project.run(&line);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    let text = std::fs::read_to_string(project.last_run().join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    let categories = summary["categories"].as_array().unwrap();
    let ended: Vec<(&str, &str)> = ends
        .iter()
        .map(|&(name, _)| {
            let category = categories.iter().find(|one| one["name"] == name).unwrap();
            (name, category["outcome"].as_str().unwrap())
        })
        .collect();
    assert_eq!(ended, ends, "{}", answer.stderr);
    assert!(answer.stderr.contains(said), "`{said}` is missing in:\n{}", answer.stderr);
}

#[test]
fn the_first_failed_test_cancels_what_runs_and_keeps_the_rest_from_starting() {
    let said = "layer selection stopped: a test of first failed (fail-fast: immediate)";
    let ends = [("first", "failed"), ("slow", "cancelled"), ("behind", "not_run")];
    check("{fail_fast_mode: first_failure}", &["-j", "2"], &ends, said);
    check("{}", &["-j", "2", "--fail-fast", "first_failure"], &ends, said);
}

#[test]
fn dependants_of_a_failed_category_are_blocked_or_run_as_the_strategy_says() {
    let ends = [("first", "failed"), ("behind", "blocked"), ("aside", "passed")];
    check("{}", &[], &ends, "behind: blocked: first did not pass");
    let ends = [("first", "failed"), ("behind", "passed"), ("aside", "passed")];
    check("{fail_fast_mode: disabled}", &[], &ends, "1 test failed, none may (max_failures)");
}

#[test]
fn the_phase_of_a_failed_category_ends_and_later_ones_do_not_begin() {
    let ends = [("first", "failed"), ("aside", "passed"), ("last", "not_run")];
    let said = "layer selection stopped: first failed (fail-fast: category_failure)";
    check("{fail_fast_mode: category_failure}", &["-j", "1"], &ends, said);
}

#[test]
fn failed_tests_stop_by_critical_failure_only_when_they_are_critical() {
    let rule = "{fail_fast_mode: critical_failure}";
    let ends = [("first", "failed"), ("aside", "passed")];
    check(rule, &["-j", "1"], &ends, "1 test failed, none may (max_failures)");
    let said = "layer selection stopped: a critical test failed (fail-fast: critical_failure)";
    check(rule, &["-j", "1"], &[("vital", "failed"), ("aside", "not_run")], said);
}

#[test]
fn a_share_or_a_row_of_failed_tests_stops_by_threshold() {
    let ends = [("many", "failed"), ("aside", "not_run")];
    let said = "stopped: 5 tests in a row failed (fail-fast: threshold_based)";
    check("{fail_fast_mode: threshold_based}", &["-j", "1"], &ends, said);
    let rule = "{fail_fast_mode: threshold_based, consecutive_failures: 100}";
    let said =
        "stopped: 9 of the last 10 tests failed, more than 30 % (fail-fast: threshold_based)";
    check(rule, &["-j", "1"], &ends, said);
    let rule = "{fail_fast_mode: threshold_based, consecutive_failures: 100, min_sample_size: 100}";
    let ends = [("many", "failed"), ("aside", "passed")];
    check(rule, &["-j", "1"], &ends, "11 tests failed, none may");
}

#[test]
fn two_signs_of_a_general_failure_stop_by_smart_adaptive() {
    let ends = [("many", "failed"), ("aside", "not_run")];
    let said = "stopped: 5 tests in a row failed, and 5 of the last 6 tests failed, surely more \
                than 30 % (fail-fast: smart_adaptive)";
    check("{fail_fast_mode: smart_adaptive}", &["-j", "1"], &ends, said);
    let ends = [("first", "failed"), ("aside", "passed")];
    let one_failure = "1 test failed, none may (max_failures)";
    check("{fail_fast_mode: smart_adaptive}", &["-j", "1"], &ends, one_failure);
}
