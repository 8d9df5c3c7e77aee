//! vitest: against its own JSON, by odd names, and when tests end their process.

use apex_config::model::RunnerKind;
use apex_core::Outcome;

use super::{in_their_words, of_jest_report, suites};

const FILES: [&str; 5] =
    ["values.test.js", "names.test.ts", "retried.test.js", "broken.test.js", "after.test.js"];

const FIRST: &str = "import { writeFileSync } from 'node:fs';\n\
    import { expect, test } from 'vitest';\ntest('first', () => {});\n";

#[test]
fn a_suite_is_counted_as_vitest_counts_it() {
    for suite in suites(RunnerKind::Vitest) {
        let driven = suite.run(&FILES);
        let own = suite
            .own_report(&["run", "--reporter=json", "--outputFile=own.json"], Some("own.json"));
        assert_eq!(in_their_words(&driven), of_jest_report(&suite, &own), "{}", suite.version);
        assert_eq!(driven.problem, None);
        suite.check(
            &driven,
            &[
                ("values.test.js::waits too long", "timed_out", "Test timed out in 50ms"),
                ("values.test.js::outer > inner > later", "skipped", "to do"),
                (
                    "retried.test.js::passes at last",
                    "flaky",
                    "passed when it was tried again, after: try 1",
                ),
                ("names.test.ts::twice #2", "failed", "the second"),
                ("broken.test.js", "errored", "Cannot find module './not_there'"),
                ("after.test.js", "errored", "the end is broken"),
            ],
        );
        assert!(driven.details["names.test.ts::twice #2"].contains("names.test.ts:"));
        let heard = std::fs::read_to_string(suite.heard()).expect("the reporter of the project");
        assert_eq!(heard.lines().count(), FILES.len(), "its own reporter hears of every file");
    }
}

#[test]
fn tests_of_odd_names_are_run_again_alone() {
    for suite in suites(RunnerKind::Vitest) {
        super::each_name_alone(&suite, "names.test.ts", |suite, ids| suite.run_only(&FILES, ids));
    }
}

#[test]
fn who_ends_the_process_is_named_and_the_rest_runs() {
    for suite in suites(RunnerKind::Vitest) {
        let dies = |way: &str| {
            format!(
                "{FIRST}test('dies', async () => {{ {way}; await new Promise(() => {{}}); }});\n\
                 test('last', () => {{}});"
            )
        };
        suite.write("exit.test.js", &dies("process.exit(3)"));
        suite.write("kill.test.js", &dies("process.kill(process.pid, 'SIGKILL')"));
        let driven = suite.run(&["exit.test.js", "kill.test.js", "names.test.ts"]);
        suite.check(
            &driven,
            &[
                ("exit.test.js::dies", "failed", "process.exit unexpectedly called with \"3\""),
                ("exit.test.js::last", "passed", ""),
                ("kill.test.js::first", "passed", ""),
                ("kill.test.js::dies", "errored", "its process died: "),
                ("kill.test.js::last", "passed", ""),
                ("names.test.ts::twice", "passed", ""),
            ],
        );
        assert_eq!(driven.problem, None, "{driven:#?}");
    }
}

#[test]
fn a_test_that_hangs_is_named_and_where_vitest_cannot_know_its_file_is() {
    for suite in suites(RunnerKind::Vitest) {
        let waits = "test('hangs', async () => { setTimeout(() => writeFileSync('it.ran', ''), 3000); \
                     await new Promise((done) => setTimeout(done, 600_000)); }, 600_000);\n";
        super::hangs(&suite, &format!("{FIRST}{waits}"), "a.test.js");
        std::fs::remove_file(suite.project.path().join("it.ran")).expect("the test ran");
        suite.write("b.test.js", &format!("{FIRST}{}", super::hanging("import")));
        let driven = suite.run_until_mark(&["b.test.js"]);
        let note = "had not told which test of b.test.js ran: one of 3";
        assert!(driven.notes.iter().any(|one| one.contains(note)), "{driven:#?}");
    }
}

#[test]
fn a_file_is_not_taken_for_a_part_of_other_names() {
    for suite in suites(RunnerKind::Vitest) {
        std::fs::create_dir(suite.project.path().join("deep")).expect("a folder");
        suite.write("a.test.js", FIRST);
        suite.write("deep/a.test.js", FIRST);
        let driven = suite.run(&["a.test.js"]);
        assert_eq!(driven.discovered, ["a.test.js::first"], "{driven:#?}");
    }
}

#[test]
fn what_happens_outside_of_tests_is_never_green() {
    for suite in suites(RunnerKind::Vitest) {
        let text = "test('passes', () => { setTimeout(() => { throw new Error('too late'); }, 0); });\n\
                    test('waits', () => new Promise((done) => setTimeout(done, 50)));\n";
        suite.write("late.test.js", &format!("{FIRST}{text}"));
        let driven = suite.run(&["late.test.js"]);
        assert_eq!(driven.count(Outcome::Passed), 3, "{driven:#?}");
        let problem = driven.problem.as_deref().unwrap_or_default();
        assert!(problem.contains("outside of tests") && problem.contains("too late"), "{problem}");
    }
}

#[test]
fn no_test_is_nothing_to_run() {
    for suite in suites(RunnerKind::Vitest) {
        suite.write("other.js", FIRST);
        let driven = suite.run(&["other.js"]);
        assert!(driven.nothing_to_run && driven.tests.is_empty(), "{driven:#?}");
        suite.write("vitest.config.js", "export default { nonsense(");
        let driven = suite.run(&["values.test.js"]);
        let problem = driven.problem.as_deref().unwrap_or_default();
        assert!(
            problem.starts_with("vitest ended before any test ran, exit code 1: "),
            "{problem}"
        );
        assert!(problem.contains("asks for Node"), "{problem}");
    }
}

#[test]
fn tests_are_listed_without_running_them() {
    for suite in suites(RunnerKind::Vitest) {
        let files = ["names.test.ts", "values.test.js"];
        let mut listed = suite.list(&files).discovered;
        let driven = suite.run(&files);
        // Vitest does not list what is skipped.
        let mut run = driven.discovered.clone();
        run.retain(|id| driven.outcome(id) != "skipped");
        listed.sort();
        run.sort();
        assert_eq!(listed, run, "{}", suite.version);
    }
}
