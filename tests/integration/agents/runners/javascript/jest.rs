//! jest: against its own JSON, by odd names, and when tests end its process.

use apex_config::model::RunnerKind;
use apex_core::Outcome;

use super::{in_their_words, of_jest_report, suites};

const FILES: [&str; 5] =
    ["values.test.js", "names.test.js", "retried.test.js", "broken.test.js", "after.test.js"];

#[test]
fn a_suite_is_counted_as_jest_counts_it() {
    for suite in suites(RunnerKind::Jest) {
        let driven = suite.run(&FILES);
        let own = suite.own_report(&["--json", "--silent", "--reporters=default"], None);
        assert_eq!(in_their_words(&driven), of_jest_report(&suite, &own), "{}", suite.version);
        assert_eq!(driven.problem, None);
        suite.check(
            &driven,
            &[
                ("values.test.js::waits too long", "timed_out", "Exceeded timeout of 50 ms"),
                ("values.test.js::outer > inner > later", "skipped", "to do"),
                (
                    "retried.test.js::passes at last",
                    "flaky",
                    "passed when it was tried again, after: try 1",
                ),
                ("retried.test.js::never passes", "failed", "never"),
                ("names.test.js::twice #2", "failed", "the second"),
                ("broken.test.js", "errored", "Cannot find module './not_there'"),
                ("after.test.js", "errored", ""),
            ],
        );
        assert!(driven.details["names.test.js::twice #2"].contains("names.test.js:"));
        let heard = std::fs::read_to_string(suite.heard()).expect("the reporter of the project");
        assert_eq!(heard.lines().count(), FILES.len(), "its own reporter hears of every file");
    }
}

#[test]
fn tests_of_odd_names_are_run_again_alone() {
    for suite in suites(RunnerKind::Jest) {
        super::each_name_alone(&suite, "names.test.js", |suite, ids| suite.run_only(&FILES, ids));
    }
}

const FIRST: &str = "test('first', () => {});\n";

#[test]
fn who_ends_the_process_is_named_and_the_rest_runs() {
    for suite in suites(RunnerKind::Jest) {
        let ways = [
            ("exit", "process.exit(3)", "ended the process with exit code 3 while it ran"),
            ("silent", "process.exit(0)", "ended the process with exit code 0 while it ran"),
            ("kill", "process.kill(process.pid, 'SIGKILL')", "killed by signal 9 while it ran"),
        ];
        for (name, way, _) in ways {
            suite.write(
                &format!("{name}.test.js"),
                &format!("{FIRST}test('dies', async () => {{ {way}; await new Promise(() => {{}}); }});\ntest('last', () => {{}});"),
            );
        }
        let driven =
            suite.run(&["exit.test.js", "silent.test.js", "kill.test.js", "names.test.js"]);
        for (name, _, message) in ways {
            let id = |test: &str| format!("{name}.test.js::{test}");
            suite.check(
                &driven,
                &[
                    (&id("first"), "passed", ""),
                    (&id("dies"), "errored", message),
                    (&id("last"), "passed", ""),
                ],
            );
        }
        assert_eq!((driven.count(Outcome::Errored), &driven.problem), (3, &None), "{driven:#?}");
        assert_eq!(driven.outcome("names.test.js::twice"), "passed");
    }
}

#[test]
fn a_test_that_hangs_is_named() {
    for suite in suites(RunnerKind::Jest) {
        super::hangs(&suite, &format!("{FIRST}{}", super::hanging("require")), "a.test.js");
    }
}

#[test]
fn no_test_is_nothing_to_run_and_a_file_of_another_kind_is_left_out() {
    for suite in suites(RunnerKind::Jest) {
        suite.write("other.js", FIRST);
        let driven = suite.run(&["other.js"]);
        assert!(driven.nothing_to_run && driven.tests.is_empty(), "{driven:#?}");
        let driven = suite.run(&["other.js", "after.test.js"]);
        assert!(
            driven.notes.iter().any(|note| note.contains("did not take other.js")),
            "{driven:#?}"
        );
        suite.write("jest.config.js", "module.exports = { nonsense(");
        let driven = suite.run(&["values.test.js"]);
        let problem = driven.problem.as_deref().unwrap_or_default();
        assert!(problem.starts_with("jest ended before any test ran, exit code 1: "), "{problem}");
    }
}

#[test]
fn files_are_listed_without_running_them() {
    for suite in suites(RunnerKind::Jest) {
        let mut files = suite.list(&[]).discovered;
        files.sort();
        let mut expected = FILES;
        expected.sort_unstable();
        assert_eq!(files, expected, "{}", suite.version);
    }
}

#[test]
fn a_threshold_that_is_not_met_is_said() {
    for suite in suites(RunnerKind::Jest) {
        let text = "module.exports = { collectCoverage: true, coverageReporters: ['text'], collectCoverageFrom: ['own_reporter.js'], coverageThreshold: { global: { lines: 99 } } };";
        suite.write("jest.config.js", text);
        suite.write("fine.test.js", FIRST);
        let driven = suite.run(&["fine.test.js"]);
        let problem = driven.problem.as_deref().unwrap_or_default();
        assert!(
            problem.contains("although no test failed") && problem.contains("threshold"),
            "{problem}"
        );
        let again = suite.run_only(&["fine.test.js"], &["fine.test.js::first"]);
        assert_eq!((again.problem, again.tests.len()), (None, 1), "a part covers only a part");
    }
}
