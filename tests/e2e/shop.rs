//! The example of this repository: on a machine with everything, on poorer ones, as JSON, in a
//! pipeline.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use apex_tests::junit::{Counts, cases};
use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use apex_tests::watchdog::Finished;
use serde_json::Value;
use tempfile::TempDir;

/// Whether this machine can run all of the example.
fn is_complete() -> bool {
    tool("python3").is_some() && tool("node").is_some()
}

/// A `PATH` with everything of this machine but some programs: a folder of links. The programs of
/// the whole machine, and not a few chosen ones, so that a compiler finds its linker.
fn path_without(prefixes: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = std::env::var_os("PATH").expect("a PATH");
    let programs = std::env::split_paths(&path)
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    for program in programs {
        let name = program.file_name().to_string_lossy().into_owned();
        if !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            // The first on the PATH wins; later ones of the same name cannot be linked.
            let _ = symlink(program.path(), folder.path().join(name));
        }
    }
    folder
}

fn run(project: &Project, set: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let mut command: Command = project.apex(&["run"]);
    command.args(arguments);
    for (name, value) in set {
        command.env(name, value);
    }
    finish(command)
}

#[test]
fn every_layer_of_the_shop_passes() {
    if !is_complete() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    let report: PathBuf = shop.root().join("reports/all.xml");
    let answer =
        run(&shop, &[], &["--mode", "nightly", "--junit", report.to_str().expect("UTF-8")]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_eq!(answer.stdout, "", "what people read goes to standard error");
    for layer in ["fast_feedback", "core_integration", "service_integration", "e2e_background"] {
        let passed = format!("layer {layer} passed in ");
        assert!(answer.stderr.contains(&passed), "{layer} did not pass:\n{}", answer.stderr);
    }
    assert!(answer.stderr.contains("PASSED in "), "{}", answer.stderr);
    assert!(!answer.stderr.contains('\u{1b}'), "colour where no terminal is: {}", answer.stderr);

    let written = std::fs::read_to_string(&report).expect("the report that was asked for");
    assert_eq!(written, shop.junit(), "both JUnit reports say the same");
    let counts = Counts::of(&cases(&written));
    assert_eq!((counts.failed, counts.errored, counts.skipped), (0, 0, 2), "{written}");
    assert!(counts.passed > 40, "only {} tests passed", counts.passed);
    // Nothing of a run lands outside of its folder.
    assert_eq!(shop.read(".apex/.gitignore").trim(), "*");
    for file in ["plan.json", "events.jsonl", "junit.xml", "summary.json", "output"] {
        assert!(shop.last_run().join(file).exists(), "{file} is missing in the run directory");
    }
}

#[test]
fn the_events_of_the_shop_follow_the_printed_schema() {
    if !is_complete() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    let answer = run(&shop, &[], &["--mode", "nightly", "--progress-mode", "json"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let schema: Value =
        serde_json::from_str(&shop.run(&["schema", "events"]).stdout).expect("a JSON Schema");
    let validator = jsonschema::validator_for(&schema).expect("a sound JSON Schema");
    let lines: Vec<Value> = answer
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for (position, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"].as_u64(), Some(position as u64), "numbers have no gaps");
        let wrong: Vec<String> =
            validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{line}: {wrong:?}");
    }
    assert_eq!(lines[0]["type"], "run.started");
    let last = lines.last().expect("a line");
    assert_eq!(last["type"], "run.finished");
    assert_eq!((&last["verdict"], &last["exit_code"]), (&"passed".into(), &0.into()));
    let journal = std::fs::read_to_string(shop.last_run().join("events.jsonl")).expect("a journal");
    assert_eq!(journal.lines().count(), lines.len(), "the journal holds the same events");
    let line = journal.lines().last().expect("a line");
    assert_eq!(&serde_json::from_str::<Value>(line).expect("JSON"), last);
}

#[test]
fn a_test_that_passes_on_its_second_attempt_is_flaky_and_not_failed() {
    if !is_complete() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    let answer = run(&shop, &[("SHOP_FLAKY", "1")], &["--mode", "fast_feedback"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let line = answer.stderr.lines().find(|line| line.starts_with("FLAKY unit: "));
    let line = line.unwrap_or_else(|| panic!("no flaky test: {}", answer.stderr));
    assert!(line.contains("test_that_passes_only_on_its_second_attempt"), "{line}");
    assert!(answer.stderr.contains("1 flaky"), "{}", answer.stderr);
    assert!(shop.junit().contains("flakyFailure"), "{}", shop.junit());
}

#[test]
fn a_slow_test_is_waited_for() {
    if !is_complete() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    let slow = [("SHOP_SLOW", "1"), ("SHOP_SLOW_SECONDS", "1.5")];
    let answer = run(&shop, &slow, &["--categories", "unit"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let counts = Counts::of(&cases(&shop.junit()));
    assert_eq!((counts.failed, counts.skipped), (0, 1), "only the flaky one is skipped");
}

#[test]
fn without_node_its_category_could_not_run_and_the_rest_did() {
    if tool("python3").is_none() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    let path = path_without(&["node"]);
    let set = [("PATH", path.path().to_str().expect("UTF-8"))];
    let answer = run(&shop, &set, &["--mode", "ci"]);
    assert_eq!(answer.status.code(), Some(3), "{}", answer.stderr);
    let why = "frontend: errored: node was not found: install Node.js";
    assert!(answer.stderr.contains(why), "{}", answer.stderr);
    assert!(answer.stderr.contains("layer core_integration passed"), "{}", answer.stderr);
}

#[test]
fn without_python_what_needs_it_is_named_and_nothing_of_it_is_green() {
    let shop = Project::copy_of("examples/shop");
    let path = path_without(&["python", "pytest", "py.test"]);
    let set = [("PATH", path.path().to_str().expect("UTF-8"))];
    let answer = run(&shop, &set, &["--mode", "nightly", "--fail-fast", "disabled"]);
    assert_eq!(answer.status.code(), Some(3), "{}", answer.stderr);
    for category in ["smoke", "unit", "database", "api", "integration", "e2e"] {
        let why = format!("{category}: errored: python3 was not found: install Python");
        assert!(answer.stderr.contains(&why), "`{why}` is missing in:\n{}", answer.stderr);
    }
    assert!(answer.stderr.contains("pricing: passed"), "{}", answer.stderr);
    if tool("node").is_some() {
        assert!(answer.stderr.contains("frontend: passed"), "{}", answer.stderr);
    }
}

#[test]
fn a_pipeline_sees_plain_lines_and_its_own_environment() {
    if !is_complete() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    let answer = run(&shop, &[("CI", "true")], &["--mode", "fast_feedback"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert!(!answer.stderr.contains('\u{1b}'), "{}", answer.stderr);
}

#[test]
fn a_failure_in_the_shop_is_shown_with_its_reason_and_its_file() {
    if tool("python3").is_none() {
        return;
    }
    let shop = Project::copy_of("examples/shop");
    shop.write(
        "tests/smoke/test_broken.py",
        "import unittest\n\n\nclass Broken(unittest.TestCase):\n    def test_sum(self):\n        \
         self.assertEqual(1 + 1, 3)\n",
    );
    let answer = run(&shop, &[], &["--categories", "smoke"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    for part in ["FAILED smoke: tests.smoke.test_broken.Broken.test_sum", "2 != 3", "exit code 1"] {
        assert!(answer.stderr.contains(part), "`{part}` is missing in:\n{}", answer.stderr);
    }
    assert!(!answer.stderr.contains("full output"), "it wrote nothing: {}", answer.stderr);
    assert!(shop.junit().contains("2 != 3"), "{}", shop.junit());
}

#[test]
fn a_program_that_fails_is_shown_with_the_file_that_holds_what_it_wrote() {
    let project = Project::new(&[(
        "apex.yaml",
        "apex: 1\nlayers: {a: {categories: [{name: x, command: \"echo the reason; exit 9\"}]}}\n",
    )]);
    let answer = project.run(&["run", "--categories", "x"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    let log = answer.stderr.lines().find_map(|line| line.trim().strip_prefix("full output: "));
    let text = project.read(log.expect("the file with the full output"));
    assert_eq!(text.trim(), "the reason");
}
