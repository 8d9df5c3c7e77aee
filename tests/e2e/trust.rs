//! Suites of Python that nobody said how to cut: in parts once a whole run passed, never red
//! because of that, and whole again when a test turns out to depend on its order.

use apex_tests::project::Project;
use apex_tests::tool::tool_answers;
use apex_tests::watchdog::Finished;

const LAYERS: &str = "apex: 1
layers:
  first:
    categories:
      - {name: unit, runner: RUNNER, paths: [tests]}
";

/// Four files, of which the longest two come into different parts; the last one has `last` as well.
/// They are long enough that cutting pays on a busy machine, too.
fn project(runner: &str, last: &str) -> Option<Project> {
    let needs = if runner == "pytest" { "import pytest" } else { "import unittest" };
    if !tool_answers(runner, "python3", &["-c", needs]) {
        return None;
    }
    let layers = LAYERS.replace("RUNNER", runner);
    let project = Project::new(&[("apex.yaml", &layers)]);
    let begin = "import sys, time, unittest\n";
    for (file, seconds) in [("a", 4.0), ("b", 0.3), ("c", 0.3), ("d", 3.4)] {
        let case = format!(
            "class Case(unittest.TestCase):\n    def test_waits(self):\n        \
             time.sleep({seconds})\n"
        );
        let state = if file == "a" { "sys.modules['of_a'] = sys\n" } else { "" };
        let more = if file == "d" { last } else { "" };
        project.write(&format!("tests/test_{file}.py"), &format!("{begin}{state}{case}{more}"));
    }
    Some(project)
}

const DEPENDS: &str = "    def test_depends(self):\n        import of_a\n";
const FAILS: &str = "    def test_fails(self):\n        self.fail('broken')\n";

fn run(project: &Project) -> Finished {
    project.run(&["run", "--jobs", "2"])
}

/// What the plan says about the category.
fn planned(project: &Project) -> String {
    let answer = project.run(&["plan", "--jobs", "2"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let line = answer.stdout.lines().find(|line| line.trim_start().starts_with("unit "));
    line.unwrap_or_default().to_owned()
}

/// Whether the plan cuts it; into how many depends on what the machine takes to start a program.
fn is_cut(planned: &str) -> bool {
    planned.contains("cut into ") && planned.contains(" by files: ")
}

fn a_dependence_is_no_failure(runner: &str) {
    let Some(project) = project(runner, DEPENDS) else { return };
    assert!(planned(&project).contains("whole: no whole run of it has passed yet"));
    assert_eq!(run(&project).status.code(), Some(0));
    assert!(is_cut(&planned(&project)));
    let in_parts = run(&project);
    assert_eq!(in_parts.status.code(), Some(0), "{}", in_parts.stderr);
    assert!(in_parts.stderr.contains("went wrong in a part"), "{}", in_parts.stderr);
    let note = "test_depends failed in a part and not when all ran in one program";
    assert!(in_parts.stderr.contains(note), "{}", in_parts.stderr);
    let report = project.junit();
    assert!(report.contains("failures=\"0\" errors=\"0\""), "{report}");
    assert!(report.contains("<system-out>depends on what runs before or beside it"), "{report}");
    let plan = planned(&project);
    assert!(
        is_cut(&plan) && plan.contains("failed in a part and not in the whole, once"),
        "{plan}"
    );
    assert_eq!(run(&project).status.code(), Some(0));
    let plan = planned(&project);
    assert!(plan.contains("test_depends depended on what runs before or beside it"), "{plan}");
    let explained = project.run(&["explain", "unit"]).stdout;
    assert!(explained.contains("test_depends depended on"), "{explained}");
    assert_eq!(run(&project).status.code(), Some(0));
    assert!(planned(&project).contains("14 more whole runs"));
    let flaky = project.run(&["flaky"]).stdout;
    assert!(!flaky.contains("test_depends"), "it fails by its order, not by chance: {flaky}");
}

#[test]
fn a_test_of_pytest_that_depends_on_its_order_is_named_and_not_red() {
    a_dependence_is_no_failure("pytest");
}

#[test]
fn a_test_of_unittest_that_depends_on_its_order_is_named_and_not_red() {
    a_dependence_is_no_failure("unittest");
}

#[test]
fn a_real_failure_in_a_part_is_red_and_the_next_run_is_whole() {
    let Some(project) = project("pytest", "") else { return };
    assert_eq!(run(&project).status.code(), Some(0));
    assert_eq!(run(&project).status.code(), Some(0));
    assert!(is_cut(&planned(&project)));
    let text = project.read("tests/test_d.py");
    project.write("tests/test_d.py", &format!("{text}{FAILS}"));
    let failed = run(&project);
    assert_eq!(failed.status.code(), Some(1), "{}", failed.stderr);
    assert!(project.junit().contains("failures=\"1\" errors=\"0\""), "{}", project.junit());
    assert!(planned(&project).contains("whole: its last whole run failed"));
    project.write("tests/test_d.py", &text);
    assert_eq!(run(&project).status.code(), Some(0));
    assert!(is_cut(&planned(&project)));
}

#[test]
fn what_the_layer_file_says_about_shards_and_a_part_that_is_asked_for_stay_as_they_were() {
    let Some(project) = project("pytest", DEPENDS) else { return };
    assert_eq!(run(&project).status.code(), Some(0));
    let file = project.run(&["plan", "tests/test_d.py", "tests/test_a.py", "--jobs", "2"]);
    assert!(!file.stdout.contains("whole run passed"), "{}", file.stdout);
    for shards in ["1", "2", "auto"] {
        let layers = LAYERS.replace("RUNNER", "pytest");
        let layers = layers.replace("paths: [tests]", &format!("paths: [tests], shards: {shards}"));
        project.write("apex.yaml", &layers);
        let plan = planned(&project);
        assert!(!plan.contains("whole"), "shards: {shards}: {plan}");
    }
}
