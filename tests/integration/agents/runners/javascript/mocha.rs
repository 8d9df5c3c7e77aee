//! mocha: against its own JSON, by odd names, with files that break, and when tests end its
//! process.

use std::collections::BTreeMap;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use serde_json::Value;

use super::{Numbered, Suite, in_their_words, suites};

const FILES: [&str; 3] = ["values.test.js", "names.test.mjs", "retried.test.js"];

const FIRST: &str = "it('first', () => {});\n";

#[test]
fn a_suite_is_counted_as_mocha_counts_it() {
    for suite in suites(RunnerKind::Mocha) {
        let driven = suite.run(&FILES);
        let arguments =
            [&["--no-config", "--reporter=json", "--reporter-option=output=own.json"], &FILES[..]];
        let own = suite.own_report(&arguments.concat(), Some("own.json"));
        let mut ours = in_their_words(&driven);
        // Mocha reports the hook and no test; here each test says why it did not run.
        let hooks = [
            ("values.test.js::a group with a broken beginning > never runs", "\"before all\" hook"),
            (
                "values.test.js::a group with a broken set-up > is not reached",
                "\"before each\" hook",
            ),
        ];
        for (id, message) in hooks {
            suite.check(&driven, &[(id, "errored", message)]);
            ours.remove(id);
        }
        let ours = ours.into_iter().map(|(id, outcome)| (id.replace(" > ", " "), outcome));
        assert_eq!(ours.collect::<BTreeMap<_, _>>(), of_report(&suite, &own), "{}", suite.version);
        assert_eq!(driven.problem, None);
        suite.check(
            &driven,
            &[
                ("values.test.js::waits too long", "timed_out", "Timeout of 50ms exceeded"),
                (
                    "retried.test.js::passes at last",
                    "flaky",
                    "passed when it was tried again, after: try 1",
                ),
                ("names.test.mjs::twice #2", "failed", "the second"),
            ],
        );
        assert_eq!(driven.output["values.test.js::outer > inner > fails"], "said by fails\n");
        let heard = std::fs::read_to_string(suite.heard()).expect("the reporter of the project");
        assert!(heard.lines().count() > 15, "its own reporter hears of every test");
    }
}

fn of_report(suite: &Suite, report: &Value) -> BTreeMap<String, String> {
    let is_hook =
        |test: &&Value| test["title"].as_str().is_some_and(|title| title.contains(" hook for "));
    let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();
    let pending = list("pending");
    let mut numbered = Numbered::default();
    for test in list("tests").iter().filter(|test| !is_hook(test)) {
        let text = |key: &str| test[key].as_str().unwrap_or_default();
        let is_failed = test["err"].as_object().is_some_and(|error| !error.is_empty());
        let outcome = match is_failed {
            true => "failed",
            false if pending.contains(test) => "skipped",
            false => "passed",
        };
        let id =
            format!("{}::{}", suite.relative(text("file")), text("fullTitle").replace(" > ", " "));
        numbered.put(id, outcome);
    }
    numbered.0.retain(|id, _| !id.contains("is not reached"));
    numbered.0
}

#[test]
fn tests_of_odd_names_are_run_again_alone() {
    for suite in suites(RunnerKind::Mocha) {
        super::each_name_alone(&suite, "names.test.mjs", |suite, ids| suite.run_only(&FILES, ids));
    }
}

#[test]
fn a_file_that_cannot_be_loaded_does_not_keep_the_others_from_running() {
    for suite in suites(RunnerKind::Mocha) {
        let all = ["names.test.mjs", "broken.test.js", "retried.test.js", "values.test.js"];
        let driven = suite.run(&all);
        suite.check(
            &driven,
            &[("broken.test.js", "errored", "Error: Cannot find module './not_there'")],
        );
        let without = suite.run(&FILES);
        assert_eq!(driven.tests.len(), without.tests.len() + 1, "{driven:#?}");
        assert_eq!(driven.problem, None, "{driven:#?}");
    }
}

#[test]
fn who_ends_the_process_is_named_and_the_rest_runs() {
    for suite in suites(RunnerKind::Mocha) {
        let ways = [
            ("exit", "process.exit(3)", "ended the process with exit code 3 while it ran"),
            ("silent", "process.exit(0)", "ended the process with exit code 0 while it ran"),
            ("kill", "process.kill(process.pid, 'SIGKILL')", "killed by signal 9 while it ran"),
        ];
        for (name, way, _) in ways {
            let text = format!(
                "describe('in {name}', () => {{ {FIRST} it('dies', () => {{ {way}; for (;;) {{}} }});\n\
                 it('last', () => {{}}); }});"
            );
            suite.write(&format!("{name}.test.js"), &text);
        }
        let driven =
            suite.run(&["exit.test.js", "silent.test.js", "kill.test.js", "names.test.mjs"]);
        for (name, _, message) in ways {
            let id = |test: &str| format!("{name}.test.js::in {name} > {test}");
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
    }
}

#[test]
fn a_test_that_hangs_is_named() {
    for suite in suites(RunnerKind::Mocha) {
        let text = super::hanging("require").replace("test(", "it(");
        super::hangs(&suite, &format!("{FIRST}{text}"), "a.test.js");
    }
}

#[test]
fn no_test_is_nothing_to_run() {
    for suite in suites(RunnerKind::Mocha) {
        suite.write("empty.test.js", "");
        let driven = suite.run(&["empty.test.js"]);
        assert!(driven.nothing_to_run && driven.tests.is_empty(), "{driven:#?}");
    }
}

#[test]
fn tests_are_listed_without_running_them() {
    for suite in suites(RunnerKind::Mocha) {
        let mut listed = suite.list(&FILES).discovered;
        let mut run = suite.run(&FILES).discovered;
        listed.sort();
        run.sort();
        assert_eq!(listed, run, "{}", suite.version);
    }
}
