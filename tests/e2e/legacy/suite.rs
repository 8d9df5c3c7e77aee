//! A real suite that has never heard of Apex: what the older selectors choose is counted as pytest
//! counts it. It comes from a registry, see `tests/suites/README.md`; where it is missing, nothing
//! is compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use apex_tests::apex::apex;
use apex_tests::project::finish;

/// A call of Apex, and what pytest is asked for the same tests.
const PAIRS: [(&[&str], &[&str]); 4] = [
    (&["--category", "unit", "-k", "prompt"], &["-k", "prompt"]),
    (&["-k", "prompt and not color"], &["-k", "prompt and not color"]),
    (&["--file", "tests/test_termui.py"], &["tests/test_termui.py"]),
    (&["--category", "unit", "-m", "not stress", "--fast-fail"], &["-m", "not stress"]),
];

#[test]
fn selectors_choose_of_click_what_pytest_chooses() {
    let Some(suites) = std::env::var_os("APEX_TEST_SUITES").map(PathBuf::from) else { return };
    if !suites.join("click").is_dir() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let project = folder.path().join("click");
    let copied = Command::new("cp").arg("-r").arg(suites.join("click")).arg(&project).status();
    assert!(copied.is_ok_and(|status| status.success()), "click is copied");
    for layer_file in ["apex.yaml", ".apex"] {
        let path = project.join(layer_file);
        let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
    }
    let environment = suites.join("venv");
    for (asked, of_pytest) in PAIRS {
        let mut command = apex();
        command.args(asked).arg("--quiet").current_dir(&project).env("VIRTUAL_ENV", &environment);
        let answer = finish(command);
        assert_eq!(answer.status.code(), Some(0), "{asked:?}: {}{}", answer.stdout, answer.stderr);
        let counted = counted_by_pytest(&environment, &project, of_pytest);
        let line = format!("Selected: {counted} tests in 1 categories");
        assert!(answer.stdout.contains(&line), "{asked:?}: {line}\n{}", answer.stdout);
    }
}

/// How many tests pytest chooses.
fn counted_by_pytest(environment: &Path, project: &Path, asked: &[&str]) -> usize {
    let mut command = Command::new(environment.join("bin/python"));
    command.args(["-m", "pytest", "--collect-only", "-q"]).args(asked).current_dir(project);
    let answer = finish(command);
    answer.stdout.lines().filter(|line| line.contains("::")).count()
}
