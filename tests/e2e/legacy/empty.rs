//! Selections that run nothing: never green, unless that was asked for.

use apex_tests::project::Project;
use apex_tests::tool::tool;

use super::words;

/// Forty ways to ask for nothing in a repository with one passing unit test.
const NOTHING: [&str; 40] = [
    "--category smoke",
    "--category api",
    "--category e2e --no-dependencies",
    "--category cypress --no-dependencies",
    "--category frontend",
    "--category startup",
    "--category post_deployment",
    "--category golden_path_unit --no-dependencies",
    "--category performance --no-dependencies",
    "--category security",
    "--smoke",
    "--mission-critical --no-dependencies",
    "--golden-path --no-dependencies",
    "--categories smoke api --no-dependencies",
    "--level performance --no-dependencies",
    "--level agents --no-dependencies",
    "--level smoke",
    "--category unit -k nothing_like_this",
    "--category unit -m nothing_like_this",
    "--category unit --pattern nothing_like_this",
    "--category unit --pattern *nothing*like*this*",
    "--category unit --file tests/unit/test_missing.py",
    "--category unit --file tests/missing/",
    "--file tests/unit/test_missing.py",
    "--file *missing*.py",
    "--test-path tests/missing/",
    "--test-file test_missing.py",
    "-k nothing_like_this",
    "-m nothing_like_this",
    "--pattern nothing_like_this",
    "--filter nothing|missing",
    "--test nothing_like_this",
    "--keywords nothing_like_this",
    "--tag nothing_like_this",
    "tests/missing/test_gone.py",
    "--category golden_path_staging --no-dependencies",
    "--category unit -k \"works and not works\"",
    "--category unit --pattern gone.py",
    "--collect-only -k nothing_like_this",
    "--category smoke --fast-fail --no-dependencies",
];

#[test]
fn a_selection_that_runs_nothing_is_never_green() {
    if tool("pytest").is_none() {
        return;
    }
    let project =
        Project::new(&[("tests/unit/test_one.py", "def test_it_works():\n    assert True\n")]);
    let mut wrong = Vec::new();
    for line in NOTHING {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = project.run(&words);
        if answer.status.code() != Some(1) {
            wrong.push(format!("{line}: {:?}\n{}{}", answer.status, answer.stdout, answer.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let allowed = project.run(&["--category", "smoke", "--allow-empty"]);
    assert_eq!(allowed.status.code(), Some(0), "{}{}", allowed.stdout, allowed.stderr);
    let fine = project.run(&["--category", "smoke", "--exit-codes", "fine"]);
    assert_eq!(fine.status.code(), Some(4), "{}{}", fine.stdout, fine.stderr);
    let green = project.run(&["--category", "unit"]);
    assert_eq!(green.status.code(), Some(0), "{}{}", green.stdout, green.stderr);
}
