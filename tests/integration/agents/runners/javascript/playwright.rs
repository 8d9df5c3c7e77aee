//! Playwright Test with the Chromium of the system: against its own JSON, by odd names, with files
//! that break, and when tests end their process.

use std::collections::BTreeMap;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_tests::tool::tool;
use serde_json::Value;

use super::{Numbered, in_their_words, suites};

const FILES: [&str; 3] = ["values.spec.js", "names.spec.ts", "retried.spec.js"];

const FIRST: &str = "const { test } = require('@playwright/test');\ntest('first', () => {});\n";

#[test]
fn a_suite_is_counted_as_playwright_counts_it() {
    for suite in suites(RunnerKind::Playwright) {
        let driven = suite.run(&FILES);
        let own = suite.own_report(&[&["test", "--reporter=json"], &FILES[..]].concat(), None);
        let mut numbered = Numbered::default();
        own["suites"].as_array().expect("files").iter().for_each(|file| {
            let name = file["file"].as_str().expect("a file");
            of_report(file, &format!("{name}::[chromium]"), &mut numbered);
        });
        assert_eq!(in_their_words(&driven), numbered.0, "{}", suite.version);
        assert_eq!(driven.problem, None);
        suite.check(
            &driven,
            &[
                (
                    "values.spec.js::[chromium] > waits too long",
                    "timed_out",
                    "Test timeout of 200ms",
                ),
                (
                    "values.spec.js::[chromium] > should have failed",
                    "failed",
                    "it was expected to fail",
                ),
                (
                    "values.spec.js::[chromium] > outer > inner > skips itself",
                    "skipped",
                    "for a reason",
                ),
                ("values.spec.js::[chromium] > outer > inner > later", "skipped", "to do"),
                (
                    "retried.spec.js::[chromium] > passes at last",
                    "flaky",
                    "passed when it was tried again, after: try 1",
                ),
            ],
        );
        let fails = "values.spec.js::[chromium] > outer > inner > fails";
        assert_eq!(driven.output[fails], "said by fails\n");
        let heard = std::fs::read_to_string(suite.heard()).expect("the reporter of the project");
        assert_eq!(heard.lines().count(), driven.tests.len() + 4, "every attempt");
    }
}

fn of_report(group: &Value, prefix: &str, numbered: &mut Numbered) {
    let list = |key: &str| group[key].as_array().cloned().unwrap_or_default();
    for spec in list("specs") {
        let outcome = match spec["tests"][0]["status"].as_str().expect("a status") {
            "expected" | "flaky" => "passed",
            "unexpected" => "failed",
            other => other,
        };
        numbered.put(format!("{prefix} > {}", spec["title"].as_str().expect("a title")), outcome);
    }
    for inner in list("suites") {
        let title = inner["title"].as_str().expect("a title");
        of_report(&inner, &format!("{prefix} > {title}"), numbered);
    }
}

#[test]
fn a_page_is_opened_in_the_browser_of_the_system() {
    if tool("chromium").is_none() {
        return;
    }
    for suite in suites(RunnerKind::Playwright) {
        let driven = suite.run(&["page.spec.js"]);
        assert_eq!((driven.count(Outcome::Passed), &driven.problem), (1, &None), "{driven:#?}");
    }
}

#[test]
fn tests_of_odd_names_are_run_again_alone() {
    for suite in suites(RunnerKind::Playwright) {
        super::each_name_alone(&suite, "names.spec.ts", |suite, ids| suite.run_only(&FILES, ids));
    }
}

#[test]
fn a_file_that_cannot_be_loaded_does_not_keep_the_others_from_running() {
    for suite in suites(RunnerKind::Playwright) {
        let driven = suite.run(&["broken.spec.js", "retried.spec.js"]);
        suite.check(
            &driven,
            &[("broken.spec.js", "errored", "Error: Cannot find module './not_there'")],
        );
        let outcomes: BTreeMap<_, _> = in_their_words(&driven);
        assert_eq!((outcomes.len(), driven.problem), (3, None), "{outcomes:#?}");
    }
}

#[test]
fn who_ends_the_process_is_named_and_the_rest_runs() {
    for suite in suites(RunnerKind::Playwright) {
        let dies = |way: &str| {
            format!("{FIRST}test('dies', () => {{ {way} }});\ntest('last', () => {{}});")
        };
        suite.write("exit.spec.js", &dies("process.exit(0);"));
        suite.write("kill.spec.js", &dies("process.kill(process.pid, 'SIGKILL'); for (;;) {}"));
        let driven = suite.run(&["exit.spec.js", "kill.spec.js"]);
        for name in ["exit", "kill"] {
            let id = |test: &str| format!("{name}.spec.js::[chromium] > {test}");
            suite.check(
                &driven,
                &[
                    (&id("first"), "passed", ""),
                    (&id("dies"), "failed", ""),
                    (&id("last"), "passed", ""),
                ],
            );
        }
        assert_eq!(driven.problem, None);
    }
}

#[test]
fn a_test_that_hangs_is_named() {
    for suite in suites(RunnerKind::Playwright) {
        super::hangs(&suite, &format!("{FIRST}{}", super::hanging("require")), "a.spec.js");
    }
}

#[test]
fn no_test_is_nothing_to_run() {
    for suite in suites(RunnerKind::Playwright) {
        suite.write("empty.spec.js", "");
        let driven = suite.run(&["empty.spec.js"]);
        assert!(driven.nothing_to_run && driven.tests.is_empty(), "{driven:#?}");
    }
}

#[test]
fn tests_are_listed_without_running_them() {
    for suite in suites(RunnerKind::Playwright) {
        let mut listed = suite.list(&FILES).discovered;
        let mut run = suite.run(&FILES).discovered;
        listed.sort();
        run.sort();
        assert_eq!(listed, run, "{}", suite.version);
    }
}
