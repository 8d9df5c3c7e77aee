//! pytest: outcomes, selection, broken files, and interpreters that are killed.

use std::sync::Arc;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::plan::{JobSpec, Part, SerialShare, Work};
use apex_tests::tool::tool_answers;

use super::drive::{Project, job, list_in};

const OUTCOMES: &str = r#"
import pytest, sys

def test_passes(): pass

def test_fails():
    print("to the output")
    assert 1 == 2, "numbers differ"

@pytest.fixture
def broken(): raise RuntimeError("no table")

def test_setup(broken): pass

@pytest.fixture
def untidy():
    yield
    raise RuntimeError("cannot close")

def test_teardown(untidy): pass

@pytest.mark.skip(reason="not today")
def test_skipped(): pass

@pytest.mark.xfail(reason="bug 7")
def test_expected(): assert False

@pytest.mark.xfail
def test_surprise(): pass

@pytest.mark.xfail(strict=True)
def test_strict(): pass

@pytest.mark.parametrize("value", ["a b", "é", "x::y", "{out}", "line\nbreak"])
def test_value(value): pass

def test_leaves(): sys.exit(3)
"#;

fn is_missing() -> bool {
    !tool_answers("pytest", "python3", &["-c", "import pytest"])
}

fn with(
    spec: JobSpec,
    change: impl FnOnce(&mut Vec<String>, &mut Option<String>, &mut Vec<String>),
) -> JobSpec {
    let Work::Tests { mut paths, mut markers, keyword, ignore, mut arguments } = spec.work else {
        unreachable!("a job of tests")
    };
    change(&mut paths, &mut markers, &mut arguments);
    JobSpec { work: Work::Tests { paths, markers, keyword, ignore, arguments }, ..spec }
}

#[test]
fn every_outcome_of_pytest_has_its_outcome_and_reason() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[("test_all.py", OUTCOMES)]);
    let driven = project.run(&job(RunnerKind::Pytest), None);
    let expected = [
        ("test_passes", "passed", ""),
        ("test_fails", "failed", "AssertionError: numbers differ"),
        ("test_setup", "errored", "set-up failed: RuntimeError: no table"),
        ("test_teardown", "errored", "tear-down failed: RuntimeError: cannot close"),
        ("test_skipped", "skipped", "not today"),
        ("test_expected", "skipped", "expected failure: bug 7"),
        ("test_surprise", "passed", "passed although it was expected to fail"),
        ("test_strict", "failed", "[XPASS(strict)]"),
        ("test_leaves", "failed", "SystemExit: 3"),
    ];
    for (name, outcome, message) in expected {
        let id = format!("test_all.py::{name}");
        assert_eq!(driven.outcome(&id), outcome, "{name}: {driven:#?}");
        assert!(driven.message(&id).starts_with(message), "{name}: {}", driven.message(&id));
    }
    assert_eq!(driven.problem, None);
    assert_eq!(driven.discovered.len(), 14);
    assert!(driven.output["test_all.py::test_fails"].contains("to the output"));
    assert!(driven.details["test_all.py::test_fails"].contains("assert 1 == 2"));
}

#[test]
fn a_retry_runs_exactly_the_ids_it_was_given() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[("test_all.py", OUTCOMES)]);
    let all = project.run(&job(RunnerKind::Pytest), None);
    let strange: Vec<&str> =
        all.discovered.iter().map(String::as_str).filter(|id| id.contains("test_value")).collect();
    assert_eq!(strange.len(), 5);
    let again = project.run(&job(RunnerKind::Pytest), Some(&strange));
    assert_eq!(again.tests.keys().map(String::as_str).collect::<Vec<_>>(), {
        let mut sorted = strange.clone();
        sorted.sort_unstable();
        sorted
    });
    assert_eq!(again.count(Outcome::Passed), 5);
    assert_eq!(again.problem, None);
}

#[test]
fn a_test_that_kills_the_interpreter_is_named_and_the_rest_runs() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[(
        "test_kill.py",
        "import os\n\ndef test_a(): pass\ndef test_kill(): os.kill(os.getpid(), 9)\ndef test_b(): pass\ndef test_exit(): os._exit(3)\ndef test_c(): pass\n",
    )]);
    let driven = project.run(&job(RunnerKind::Pytest), None);
    assert_eq!(driven.message("test_kill.py::test_kill"), "killed by signal 9 while it ran");
    assert_eq!(
        driven.message("test_kill.py::test_exit"),
        "ended the process with exit code 3 while it ran"
    );
    assert_eq!((driven.count(Outcome::Passed), driven.count(Outcome::Errored)), (3, 2));
    assert_eq!(driven.problem, None);
}

#[test]
fn a_broken_file_is_named_and_the_others_run() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("test_good.py", "def test_good(): pass\n"),
        ("test_bad.py", "import nothing_of_this_name\n"),
        ("test_worse.py", "def (:\n"),
        ("test_skipped.py", "import pytest\npytest.skip('no device', allow_module_level=True)\n"),
    ]);
    let driven = project.run(&job(RunnerKind::Pytest), None);
    assert_eq!(driven.outcome("test_good.py::test_good"), "passed");
    assert_eq!(driven.outcome("test_bad.py"), "errored");
    assert_eq!(driven.outcome("test_worse.py"), "errored");
    assert_eq!(driven.outcome("test_skipped.py"), "skipped");
    assert_eq!(driven.message("test_skipped.py"), "no device");
    let problem = driven.problem.clone().expect("a problem");
    assert!(
        problem.starts_with("2 files could not be collected: test_bad.py: ModuleNotFoundError"),
        "{problem}"
    );
}

#[test]
fn a_broken_conftest_is_a_problem_that_names_it() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("conftest.py", "raise RuntimeError('no settings')\n"),
        ("test_good.py", "def test_good(): pass\n"),
    ]);
    let driven = project.run(&job(RunnerKind::Pytest), None);
    let problem = driven.problem.clone().expect("a problem");
    assert!(problem.contains("conftest.py") && problem.contains("no settings"), "{problem}");
    assert_eq!(driven.outcome("conftest.py"), "errored");
}

#[test]
fn tests_that_an_early_stop_left_out_are_a_problem_and_not_a_pass() {
    if is_missing() {
        return;
    }
    let source = "import pytest\n\ndef test_a(): pass\ndef test_b(): pytest.exit('enough', returncode=0)\ndef test_c(): pass\n";
    let project = Project::with(&[("test_exit.py", source)]);
    let driven = project.run(&job(RunnerKind::Pytest), None);
    assert_eq!(driven.outcome("test_exit.py::test_c"), "-");
    let problem = driven.problem.clone().expect("a problem");
    assert!(problem.contains("did not run") && problem.contains("enough"), "{problem}");
}

#[test]
fn every_test_is_in_exactly_one_shard() {
    if is_missing() {
        return;
    }
    let files: Vec<(String, String)> = (0..7)
        .map(|n| (format!("test_{n}.py"), "def test_a(): pass\ndef test_b(): pass\n".to_owned()))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let project = Project::with(&files);
    let mut seen = Vec::new();
    for number in 1..=3 {
        let spec = JobSpec { shard: Some((number, 3)), ..job(RunnerKind::Pytest) };
        seen.extend(project.run(&spec, None).tests.into_keys());
    }
    seen.sort();
    let mut all = project.run(&job(RunnerKind::Pytest), None).discovered;
    all.sort();
    assert_eq!(seen, all);
}

#[test]
fn markers_and_paths_select_and_nothing_found_is_no_problem() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("pytest.ini", "[pytest]\nmarkers =\n    slow: takes long\n"),
        (
            "tests/test_a.py",
            "import pytest\n\n@pytest.mark.slow\ndef test_slow(): pass\ndef test_quick(): pass\n",
        ),
    ]);
    let slow = with(job(RunnerKind::Pytest), |_, markers, _| *markers = Some("slow".to_owned()));
    assert_eq!(project.run(&slow, None).discovered, ["tests/test_a.py::test_slow"]);
    let none = with(job(RunnerKind::Pytest), |_, markers, _| {
        *markers = Some("slow and not slow".to_owned())
    });
    let driven = project.run(&none, None);
    assert_eq!((driven.problem, driven.tests.len()), (None, 0));
    let missing =
        with(job(RunnerKind::Pytest), |paths, _, _| paths.push("tests/test_b.py".to_owned()));
    let problem = project.run(&missing, None).problem.expect("a problem");
    assert!(problem.contains("test_b.py"), "{problem}");
}

#[test]
fn listing_names_every_test_and_runs_none() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[("test_all.py", OUTCOMES)]);
    let listed = list_in(project.path(), &job(RunnerKind::Pytest));
    assert_eq!((listed.discovered.len(), listed.tests.len(), listed.problem), (14, 0, None));
}

#[test]
fn what_apex_says_is_what_the_junit_report_of_pytest_says() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[("test_all.py", OUTCOMES)]);
    let spec = with(job(RunnerKind::Pytest), |_, _, arguments| {
        arguments.push("--junitxml=own.xml".to_owned());
    });
    let driven = project.run(&spec, None);
    let own = std::fs::read(project.path().join("own.xml")).expect("the report of pytest");
    let own = apex_agents::runners::read_report(&own);
    for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Skipped, Outcome::Errored] {
        // pytest writes a test whose tear-down failed twice, the last one counts.
        let names: std::collections::BTreeMap<&str, Outcome> = own
            .tests
            .iter()
            .map(|test| (test.name.as_str(), test.outcome.unwrap_or(Outcome::Passed)))
            .collect();
        let count = names.values().filter(|one| **one == outcome).count();
        assert_eq!(driven.count(outcome), count, "{outcome}");
    }
}

/// A job of a part of some work.
fn in_part(spec: &JobSpec, paths: &[&str], part: Part) -> JobSpec {
    let spec = with(spec.clone(), |own, _, _| {
        *own = paths.iter().map(|path| (*path).to_owned()).collect();
    });
    JobSpec { part: Some(Arc::new(part)), ..spec }
}

const SERIAL: &str = "
import pytest

@pytest.mark.serial
def test_alone(): pass

def test_beside(): pass

@pytest.mark.serial
@pytest.mark.parametrize('value', ['{out}', 'b'])
def test_each(value): pass
";

#[test]
fn parts_run_every_test_of_pytest_once() {
    if is_missing() {
        return;
    }
    let skipped =
        "import pytest\npytest.skip('not here', allow_module_level=True)\n# mark.serial\n";
    let project = Project::with(&[
        ("pytest.ini", "[pytest]\nmarkers = serial: alone\n"),
        ("tests/test_a.py", "def test_one(): pass\ndef test_two(): pass\ndef test_new(): pass\n"),
        ("tests/test_b.py", "def test_one(): pass\n"),
        ("tests/deep/test_c.py", SERIAL),
        ("tests/deep/test_d.py", skipped),
    ]);
    let list = |texts: &[&str]| texts.iter().map(|text| Arc::from(*text)).collect::<Vec<_>>();
    let share = |marked| {
        let files = list(&["tests/deep/test_c.py", "tests/deep/test_d.py"]);
        Some(SerialShare { files, marked })
    };
    let spec = job(RunnerKind::Pytest);
    let rest = Part {
        leave: list(&["tests/test_b.py"]),
        without: list(&["tests/test_a.py::test_one"]),
        serial: share(false),
        ..Part::default()
    };
    let other = Part { only: list(&["tests/test_a.py::test_one"]), ..Part::default() };
    let serial = Part { serial: share(true), ..Part::default() };
    let jobs = [
        in_part(&spec, &["tests"], rest),
        in_part(&spec, &["tests/test_a.py", "tests/test_b.py"], other),
        in_part(&spec, &["tests/deep/test_c.py", "tests/deep/test_d.py"], serial),
    ];
    let ran: Vec<Vec<String>> = jobs
        .iter()
        .map(|job| {
            let driven = project.run(job, None);
            assert_eq!(driven.problem, None);
            driven.tests.keys().cloned().collect()
        })
        .collect();
    let c = |name: &str| format!("tests/deep/test_c.py::{name}");
    assert_eq!(
        ran[0],
        [
            c("test_beside").as_str(),
            "tests/deep/test_d.py",
            "tests/test_a.py::test_new",
            "tests/test_a.py::test_two"
        ]
    );
    assert_eq!(ran[1], ["tests/test_a.py::test_one", "tests/test_b.py::test_one"]);
    assert_eq!(ran[2], [c("test_alone"), c("test_each[b]"), c("test_each[{out}]")]);
}
