//! unittest: outcomes, sub-tests, broken files, killed interpreters.

use std::sync::Arc;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::plan::{JobSpec, Part};
use apex_tests::tool::tool;

use super::drive::{Project, job, list_in};

const OUTCOMES: &str = r#"
import unittest

class Plain(unittest.TestCase):
    def test_passes(self): pass
    def test_fails(self):
        print("to the output")
        self.assertEqual(1, 2, "numbers differ")
    def test_errors(self): raise RuntimeError("no table")
    @unittest.skip("not today")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail("bug 7")
    @unittest.expectedFailure
    def test_surprise(self): pass
    def test_parts(self):
        for n in range(4):
            with self.subTest(n=n):
                self.assertNotIn(n, (1, 3))

class Unset(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError("no server")
    def test_a(self): pass
    def test_b(self): pass
"#;

#[test]
fn every_outcome_of_unittest_has_its_outcome_and_reason() {
    let Some(_) = tool("python3") else { return };
    let project = Project::with(&[("tests/__init__.py", ""), ("tests/test_all.py", OUTCOMES)]);
    let driven = project.run(&job(RunnerKind::Unittest), None);
    let expected = [
        ("Plain.test_passes", "passed", ""),
        ("Plain.test_fails", "failed", "AssertionError: 1 != 2 : numbers differ"),
        ("Plain.test_errors", "errored", "RuntimeError: no table"),
        ("Plain.test_skipped", "skipped", "not today"),
        ("Plain.test_expected", "skipped", "expected failure: AssertionError: bug 7"),
        ("Plain.test_surprise", "failed", "passed although it was expected to fail"),
        ("Plain.test_parts", "failed", "(n=1): AssertionError"),
        ("Unset.test_a", "errored", "setUpClass failed: RuntimeError: no server"),
        ("Unset.test_b", "errored", "setUpClass failed: RuntimeError: no server"),
    ];
    for (name, outcome, message) in expected {
        let id = format!("tests.test_all.{name}");
        assert_eq!(driven.outcome(&id), outcome, "{name}: {driven:#?}");
        assert!(driven.message(&id).starts_with(message), "{name}: {}", driven.message(&id));
    }
    assert_eq!((driven.tests.len(), &driven.problem), (9, &None));
    assert!(driven.output["tests.test_all.Plain.test_fails"].contains("to the output"));
    let parts = &driven.details["tests.test_all.Plain.test_parts"];
    assert!(parts.contains("(n=1)") && parts.contains("(n=3)"), "{parts}");
}

#[test]
fn a_killed_interpreter_and_a_broken_file_do_not_take_the_others_with_them() {
    let Some(_) = tool("python3") else { return };
    let source = "import os, unittest\n\nclass T(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): os._exit(3)\n    def test_c(self): pass\n";
    let project = Project::with(&[
        ("test_kill.py", source),
        ("test_bad.py", "import nothing_of_this_name\n"),
    ]);
    let driven = project.run(&job(RunnerKind::Unittest), None);
    assert_eq!(
        driven.message("test_kill.T.test_b"),
        "ended the process with exit code 3 while it ran"
    );
    assert_eq!(driven.outcome("test_bad.py"), "errored");
    assert_eq!((driven.count(Outcome::Passed), driven.count(Outcome::Errored)), (2, 2));
    let problem = driven.problem.expect("a problem");
    assert!(
        problem.starts_with("1 file could not be collected: test_bad.py: ModuleNotFoundError"),
        "{problem}"
    );
}

#[test]
fn a_retry_runs_one_test_and_listing_runs_none() {
    let Some(_) = tool("python3") else { return };
    let project = Project::with(&[("tests/test_all.py", OUTCOMES)]);
    let again =
        project.run(&job(RunnerKind::Unittest), Some(&["tests.test_all.Plain.test_passes"]));
    assert_eq!((again.tests.len(), again.count(Outcome::Passed), again.problem), (1, 1, None));
    let listed = list_in(project.path(), &job(RunnerKind::Unittest));
    assert_eq!((listed.discovered.len(), listed.tests.len(), listed.problem), (9, 0, None));
}

#[test]
fn a_part_of_unittest_leaves_the_files_of_the_others() {
    let Some(_) = tool("python3") else { return };
    let file = "import unittest\nclass T(unittest.TestCase):\n    def test_one(self): pass\n";
    let project = Project::with(&[("tests/test_a.py", file), ("tests/test_b.py", file)]);
    let part = Part { leave: vec!["tests/test_a.py".into()], ..Part::default() };
    let rest = JobSpec { part: Some(Arc::new(part)), ..job(RunnerKind::Unittest) };
    let driven = project.run(&rest, None);
    assert_eq!(driven.tests.keys().collect::<Vec<_>>(), ["tests.test_b.T.test_one"]);
    assert_eq!(driven.problem, None);
}
