//! A repository in three languages with the shortest layer file: every result is the planned one.

use std::collections::BTreeMap;

use apex_tests::junit::{Ended, cases};
use apex_tests::polyglot::{LEAK, Planned, Polyglot};
use apex_tests::processes::assert_none_left;
use apex_tests::tool::{tool, tool_answers};

/// Whether this machine can run all of the repository.
fn is_complete() -> bool {
    tool("node").is_some() && tool_answers("pytest", "python3", &["-m", "pytest", "--version"])
}

/// Category and last part of the name → how a test ended, from the JUnit report.
fn results(repository: &Polyglot) -> BTreeMap<(String, String), Ended> {
    let report = repository.project.junit();
    let mut results = BTreeMap::new();
    for suite in report.split("<testsuite ").skip(1) {
        let category = suite.split('"').nth(1).expect("a suite has a name").to_owned();
        for case in cases(&format!("<testsuite {}", suite.replace("</testsuites>", ""))) {
            let name = case.name.rsplit([':', ' ', '/']).next().unwrap_or_default().to_owned();
            let twice = results.insert((category.clone(), name), case.ended);
            assert!(twice.is_none(), "reported twice: {}", case.name);
        }
    }
    results
}

fn run(repository: &Polyglot) -> apex_tests::watchdog::Finished {
    repository.project.run(&["run", "--mode", "ci", "--fail-fast", "disabled"])
}

#[test]
fn every_result_of_a_sound_repository_is_a_pass() {
    if !is_complete() {
        return;
    }
    for seed in [1, 2] {
        let repository = Polyglot::new(seed, false, 0);
        let answer = run(&repository);
        assert_eq!(answer.status.code(), Some(0), "seed {seed}: {}", answer.stderr);
        let expected: BTreeMap<_, _> =
            repository.manifest.keys().map(|name| (name.clone(), Ended::Passed)).collect();
        assert_eq!(results(&repository), expected, "seed {seed}");
    }
}

#[test]
fn every_result_of_a_broken_repository_is_the_planned_one_and_nothing_is_left_running() {
    if !is_complete() {
        return;
    }
    for (seed, retries) in [(3, 0), (4, 1)] {
        let repository = Polyglot::new(seed, true, retries);
        let answer = run(&repository);
        assert_eq!(answer.status.code(), Some(1), "seed {seed}: {}", answer.stderr);
        let planned = |planned: &Planned| match planned {
            Planned::Fail => Ended::Failed,
            Planned::Flaky if retries == 0 => Ended::Failed,
            _ => Ended::Passed,
        };
        let expected: BTreeMap<_, _> = repository
            .manifest
            .iter()
            .map(|(name, behaviour)| (name.clone(), planned(behaviour)))
            .collect();
        assert_eq!(results(&repository), expected, "seed {seed}");
        let flaky = repository.project.junit().matches("<flakyFailure").count();
        assert_eq!(flaky, if retries == 0 { 0 } else { 2 }, "seed {seed}");
        let run = repository.project.last_run();
        let id = run.file_name().and_then(|name| name.to_str()).expect("a run id");
        assert_none_left(&format!("{LEAK} {id}"));
    }
}
