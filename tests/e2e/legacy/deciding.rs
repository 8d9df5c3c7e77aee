//! Flags that decide before the first test, or after the last one, whether a run is green.

use apex_tests::project::Project;
use apex_tests::tool::tool;

#[test]
fn a_failed_category_that_nobody_asked_for_counts_only_when_that_is_said() {
    let file =
        "apex: 1\ncategories:\n  unit: {command: \"false\"}\n  websocket: {command: \"true\"}\n";
    let project = Project::new(&[("apex.yaml", file)]);
    let line = ["--category", "websocket", "--no-phase-dependencies"];
    let green = project.run(&line);
    assert_eq!(green.status.code(), Some(0), "{}{}", green.stdout, green.stderr);
    assert!(green.stdout.contains("Dependency failed: unit\n"), "{}", green.stdout);
    let red = project.run(&[&line[..], &["--fail-on-dependency"]].concat());
    assert_eq!(red.status.code(), Some(1), "{}{}", red.stdout, red.stderr);
    assert!(red.stdout.contains("Reason: dependency failed: unit\n"), "{}", red.stdout);
}

#[test]
fn a_missing_tool_is_named_before_the_first_test_when_tools_are_checked() {
    if tool("pytest").is_none() || tool("node").is_none() {
        return;
    }
    let project = Project::new(&[
        ("tests/unit/test_good.py", "def test_it_works():\n    assert True\n"),
        ("web/package.json", "{\"devDependencies\": {\"jest\": \"29\", \"react\": \"18\"}}"),
        ("web/a.test.js", "test('x', () => {});\n"),
    ]);
    let line = ["--categories", "unit", "frontend"];
    let checked = project.run(&[&line[..], &["--check-deps"]].concat());
    assert_eq!(checked.status.code(), Some(1), "{}", checked.stderr);
    assert!(
        checked.stderr.contains("error: frontend: jest is not installed"),
        "{}",
        checked.stderr
    );
    assert!(!checked.stdout.contains("unit started"), "{}", checked.stdout);
    let fine = project.run(&[&line[..], &["--check-deps", "--exit-codes", "fine"]].concat());
    assert_eq!(fine.status.code(), Some(3), "{}", fine.stderr);
    let unchecked = project.run(&line);
    assert!(unchecked.stdout.contains("unit            PASSED"), "{}", unchecked.stdout);
}
