//! The example of a tool that Apex does not know: listed, run by its ids, and reported.

use apex_tests::junit::{Ended, cases};
use apex_tests::project::Project;
use apex_tests::tool::tool;

#[test]
fn the_tool_of_the_example_is_known_test_by_test() {
    let Some(_) = tool("python3") else { return };
    let project = Project::copy_of("examples/reporter");
    let listed = project.run(&["list", "tests"]);
    assert!(listed.stdout.contains("arithmetic::division"), "{}", listed.stdout);
    let run = project.run(&["run"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", run.stdout, run.stderr);
    let cases = cases(&project.junit());
    let passed = cases.iter().filter(|case| case.ended == Ended::Passed).count();
    assert_eq!((cases.len(), passed), (2, 2), "{cases:?}");
}

#[test]
fn a_test_of_the_example_that_is_not_reported_is_no_pass() {
    let Some(_) = tool("python3") else { return };
    let project = Project::copy_of("examples/reporter");
    let text = project.read("tool.py");
    project.write(
        "tool.py",
        &text.replace("for name in arguments or", "for name in arguments[:1] or"),
    );
    let run = project.run(&["run"]);
    assert_ne!(run.status.code(), Some(0), "{}{}", run.stdout, run.stderr);
    let said = "1 test was announced and not reported";
    assert!(run.stderr.contains(said), "{}{}", run.stdout, run.stderr);
}
