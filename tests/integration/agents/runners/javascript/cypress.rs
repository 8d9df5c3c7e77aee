//! Cypress as its documentation describes it.

use std::path::PathBuf;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_tests::tool::tool;

use super::Suite;

const FILES: [&str; 3] = ["values.cy.js", "names.cy.js", "broken.cy.js"];

/// The suite, with the stand-in installed as the package.
fn suite() -> Option<Suite> {
    let node = tool("node")?;
    let folder = tempfile::tempdir().expect("a folder");
    let package = folder.path().join("node_modules/cypress");
    std::fs::create_dir_all(package.join("bin")).expect("a folder");
    let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/javascript/cypress/cypress_program.cjs");
    std::fs::copy(fixture, package.join("bin/cypress")).expect("a copy");
    let manifest = r#"{"name": "cypress", "version": "15.3.0", "bin": {"cypress": "bin/cypress"}}"#;
    std::fs::write(package.join("package.json"), manifest).expect("a file");
    // The packages have to last as long as the process: the folder is left to the system.
    Some(Suite::new(RunnerKind::Cypress, &folder.keep(), &node))
}

#[test]
fn specs_are_reported_test_by_test() {
    let Some(suite) = suite() else { return };
    let driven = suite.run(&FILES);
    suite.check(
        &driven,
        &[
            ("values.cy.js::outer > adds", "passed", ""),
            ("values.cy.js::outer > inner > fails", "failed", "it is not so"),
            ("values.cy.js::outer > inner > left out", "skipped", ""),
            (
                "values.cy.js::passes at last",
                "flaky",
                "passed when it was tried again, after: try 1",
            ),
            ("names.cy.js::twice #2", "passed", ""),
            ("broken.cy.js::An uncaught error was detected outside of a test", "failed", ""),
        ],
    );
    assert_eq!((driven.tests.len(), &driven.problem), (11, &None), "{driven:#?}");
}

#[test]
fn a_spec_that_ends_the_program_is_named_and_the_rest_runs() {
    let Some(suite) = suite() else { return };
    suite.write("exit.cy.js", "it('first', () => {});\nit('dies', () => process.exit(0));");
    let driven = suite.run(&["exit.cy.js", "names.cy.js"]);
    suite.check(
        &driven,
        &[
            ("exit.cy.js::first", "passed", ""),
            ("exit.cy.js::dies", "errored", "ended the process with exit code 0 while it ran"),
            ("names.cy.js::twice", "passed", ""),
        ],
    );
}

#[test]
fn a_retry_reports_the_wanted_test_only() {
    let Some(suite) = suite() else { return };
    let id = "values.cy.js::outer > inner > fails";
    let driven = suite.run_only(&FILES, &[id]);
    assert_eq!((driven.count(Outcome::Failed), driven.tests.len()), (1, 1), "{driven:#?}");
}

#[test]
fn specs_are_listed_and_none_is_nothing_to_run() {
    let Some(suite) = suite() else { return };
    assert_eq!(suite.list(&FILES).discovered, FILES);
    assert!(suite.run(&["none.cy.js"]).nothing_to_run);
}
