//! Flags that need a plug-in of pytest: with it they do what they say, without it they say so.

use apex_tests::project::{Project, finish};
use apex_tests::tool::{tool, tool_answers};

const CODE: &str = "def used():\n    return 1\n\ndef unused():\n    x = 2\n    y = 3\n    z = 4\n    return x + y + z\n";
const TESTS: &str = "import shop\n\ndef test_it_is_used():\n    assert shop.used() == 1\n";

/// A module of which half is tested.
fn project() -> Project {
    Project::new(&[("conftest.py", ""), ("shop.py", CODE), ("tests/unit/test_shop.py", TESTS)])
}

/// A call in which no plug-in of pytest can be imported: the code, and everything that was said.
fn without_plugins(project: &Project, line: &[&str]) -> (Option<i32>, String) {
    for module in ["pytest_cov", "xdist"] {
        project.write(&format!("absent/{module}/__init__.py"), "raise ImportError('absent')\n");
    }
    let mut command = project.apex(line);
    command.env("PYTHONPATH", project.root().join("absent"));
    command.env("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1");
    let answer = finish(command);
    (answer.status.code(), format!("{}{}", answer.stdout, answer.stderr))
}

#[test]
fn coverage_is_measured_shown_and_held_against_the_least_that_is_asked_for() {
    if !tool_answers("pytest-cov", "python3", &["-c", "import pytest_cov"]) {
        return;
    }
    let project = project();
    let measured = project.run(&["--category", "unit", "--coverage"]);
    assert_eq!(measured.status.code(), Some(0), "{}{}", measured.stdout, measured.stderr);
    assert!(project.root().join("htmlcov/index.html").is_file());
    assert!(project.root().join(".coverage").is_file());
    let little = project.run(&["--category", "unit", "--min-coverage", "10"]);
    assert_eq!(little.status.code(), Some(0), "{}{}", little.stdout, little.stderr);
    assert!(little.stdout.contains("% of at least 10%"), "{}", little.stdout);
    let much = project.run(&["--category", "unit", "--min-coverage", "99"]);
    assert_eq!(much.status.code(), Some(1), "{}", much.stdout);
    assert!(much.stdout.contains("Reason: coverage is below"), "{}", much.stdout);
    let line = ["--category", "unit", "--coverage", "--no-coverage"];
    let fresh = self::project();
    assert_eq!(fresh.run(&line).status.code(), Some(0));
    assert!(!fresh.root().join("htmlcov").exists());
}

#[test]
fn without_the_plug_in_coverage_says_so_and_no_least_is_reached() {
    if tool("pytest").is_none() {
        return;
    }
    let project = project();
    let (code, told) = without_plugins(&project, &["--category", "unit", "--coverage"]);
    assert_eq!(code, Some(0), "{told}");
    let note = "note: --coverage: nothing is measured, pytest-cov is not installed";
    assert!(told.contains(note), "{told}");
    let (code, told) = without_plugins(&project, &["--category", "unit", "--min-coverage", "1"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("nothing was measured, at least 1%"), "{told}");
}

#[test]
fn workers_inside_a_category_need_the_plug_in_and_say_so_without_it() {
    if tool("pytest").is_none() {
        return;
    }
    let (code, told) = without_plugins(&project(), &["--category", "unit", "--parallel"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("note: --parallel: pytest-xdist is not installed"), "{told}");
}
