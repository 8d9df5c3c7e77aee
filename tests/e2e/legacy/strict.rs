//! `--compat strict`: the codes and defaults of the earlier runner, each beside that of Apex.

use apex_tests::project::Project;
use apex_tests::tool::tool;

use super::texts::holds;

/// A project of which one category passes and the others wait for it.
fn project() -> Project {
    Project::new(&[
        ("tests/unit/test_good.py", "def test_it_works():\n    assert True\n"),
        ("tests/smoke/test_first.py", "def test_it_starts():\n    assert True\n"),
    ])
}

/// A code, and everything that was said.
type Told = (Option<i32>, String);

/// A call as it is, and under the older rules.
fn both(project: &Project, line: &[&str]) -> (Told, Told) {
    let told = |line: &[&str]| {
        let answer = project.run(line);
        (answer.status.code(), format!("{}{}", answer.stdout, answer.stderr))
    };
    (told(line), told(&[line, &["--compat", "strict"]].concat()))
}

#[test]
fn under_the_older_rules_codes_are_those_of_the_earlier_runner() {
    let project = Project::new(&[]);
    let unknown = project.run(&["--category", "unti", "--compat", "strict"]);
    assert_eq!(unknown.status.code(), Some(0), "{}", unknown.stderr);
    let unknown = project.run(&["--category", "unti"]);
    assert_eq!(unknown.status.code(), Some(2));
    holds(&unknown.stderr, &["hint: did you mean `--category unit`?"]);
    let contradiction = ["--fast-fail", "--no-fast-fail"];
    assert_eq!(project.run(&contradiction).status.code(), Some(2));
    let older = [&contradiction[..], &["--compat", "strict"]].concat();
    assert_eq!(project.run(&older).status.code(), Some(1));
    let production = project.run(&["--env", "prod", "--category", "unit", "--dry-run"]);
    assert_eq!(production.status.code(), Some(2));
    holds(&production.stderr, &["hint: add --allow-prod"]);
}

#[test]
fn a_look_at_files_and_a_large_report_end_with_1_and_say_so() {
    if tool("pytest").is_none() {
        return;
    }
    let project = project();
    for (line, why) in [
        (&["--category", "unit", "--fast-collection"][..], "--fast-collection"),
        (
            &["--category", "unit", "--json-verbosity", "4", "--json-size-limit", "1"],
            "a report beyond its limit",
        ),
    ] {
        let ((usual, text), (older, told)) = both(&project, line);
        assert_eq!((usual, older), (Some(0), Some(1)), "{text}\n{told}");
        holds(&told, &[&format!("note: exit code 1 under --compat strict: {why}")]);
    }
    let fits = ["--category", "unit", "--json-auto-truncate", "--json-size-limit", "1"];
    assert_eq!(both(&project, &fits).1.0, Some(0), "what is cut is no failure");
}

#[test]
fn the_last_of_repeated_selectors_holds() {
    let project = project();
    let line = ["--category", "unit", "--category", "smoke", "--no-dependencies", "--dry-run"];
    let ((_, added), (_, last)) = both(&project, &line);
    holds(&added, &["Total Categories: 2"]);
    holds(&last, &["Total Categories: 1", "  - smoke (", "note: --category is given again"]);
    let line = ["--category", "unit", "--categories", "smoke", "--no-dependencies", "--dry-run"];
    holds(&both(&project, &line).1.1, &["Total Categories: 2"]);
}

#[test]
fn coverage_is_on_unless_it_is_put_off() {
    let project = project();
    let line = ["--category", "unit", "--dry-run", "--progress-mode", "json"];
    let ((_, usual), (_, older)) = both(&project, &line);
    assert!(!usual.contains("--cov=."), "{usual}");
    holds(&older, &["--cov=.", r#""COVERAGE_ENABLED":"true""#]);
    let off = [&line[..], &["--no-coverage"]].concat();
    assert!(!both(&project, &off).1.1.contains("--cov=."));
}

#[test]
fn the_code_of_the_framework_is_passed_on_for_staging() {
    let file = "apex: 1\ncategories:\n  e2e: {command: \"exit 4\"}\n";
    let project = Project::new(&[("apex.yaml", file)]);
    let line = ["--staging-e2e", "--category", "e2e", "--no-dependencies"];
    let ((usual, text), (older, told)) = both(&project, &line);
    assert_eq!((usual, older), (Some(1), Some(4)), "{text}\n{told}");
    holds(&told, &["note: exit code 4 under --compat strict: the code of the framework itself"]);
}

#[test]
fn estimates_are_those_of_the_table() {
    if tool("pytest").is_none() {
        return;
    }
    let project = project();
    assert_eq!(project.run(&["--category", "unit"]).status.code(), Some(0));
    let ((_, measured), (_, table)) = both(&project, &["--category", "unit", "--dry-run"]);
    holds(&table, &["Estimated Duration: 0:05:00"]);
    holds(&measured, &["Estimated Duration: 0:00:0"]);
}
