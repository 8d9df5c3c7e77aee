//! `apex config check`: which categories would find no work, and which tools are missing; nothing
//! is started for the answer.

use apex_tests::project::{Project, finish};
use serde_json::Value;

/// Severity, line and column, and the message of every problem, for a project and an exit code.
#[track_caller]
fn check(project: &Project, path: Option<&str>, code: i32) -> Vec<String> {
    let mut command = project.apex(&["config", "check", "--json"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let answer = finish(command);
    assert_eq!(answer.status.code(), Some(code), "{}{}", answer.stdout, answer.stderr);
    let value: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let rows = value["problems"].as_array().expect("problems").iter().map(|one| {
        let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
        let place = format!("{}:{}:{}", text("source"), one["line"], one["column"]);
        format!("{} {place} {} | {}", text("severity"), text("message"), text("hint"))
    });
    rows.collect()
}

#[track_caller]
fn assert_rows(rows: &[String], wanted: &[(&str, &str)]) {
    assert_eq!(rows.len(), wanted.len(), "{rows:#?}");
    for (row, (begin, part)) in rows.iter().zip(wanted) {
        assert!(row.starts_with(begin) && row.contains(part), "`{begin}` .. `{part}`: {row}");
    }
}

/// Three categories of which one has tests, in either dialect.
fn layers(first_line: &str) -> String {
    format!(
        "{first_line}\nlayers:\n  first:\n    categories:\n      - name: contract\n      \
         - name: fuzz\n      - name: smoke\n      - {{name: mine, paths: [tests/nope]}}\n"
    )
}

fn project(layer_file: &str) -> Project {
    Project::new(&[
        ("apex.yaml", layer_file),
        ("tests/contract/test_a.py", "import unittest\n"),
        ("bin/python3", "#!/bin/sh\necho started > started\n"),
    ])
}

#[test]
fn a_category_of_ones_own_without_work_is_refused_in_a_native_file_and_told_in_others() {
    let fuzz = "category `fuzz` would find no work: no test folder `fuzz`";
    let smoke = "category `smoke` would find no work: no test folder `smoke`";
    let mine = "category `mine` would find no work: `tests/nope` does not exist; the nearest";
    let native = project(&layers("apex: 1"));
    let rows = check(&native, None, 2);
    let wanted = [
        ("error apex.yaml:6:9 ", fuzz),
        ("warning apex.yaml:7:9 ", smoke),
        ("error apex.yaml:8:29 ", mine),
    ];
    assert_rows(&rows, &wanted);
    assert!(rows.iter().all(|row| !row.ends_with("| ")), "a hint is missing: {rows:#?}");
    let said = native.run(&["config", "check"]);
    assert_eq!(said.status.code(), Some(2));
    assert!(said.stderr.contains("hint: name its tests with `paths:`"), "{}", said.stderr);
    assert!(said.stderr.contains("2 errors in the configuration"), "{}", said.stderr);

    let older = project(&layers("# an older file"));
    let wanted = wanted.map(|(begin, part)| (begin.replace("error", "warning"), part));
    let wanted: Vec<(&str, &str)> =
        wanted.iter().map(|(one, part)| (one.as_str(), *part)).collect();
    assert_rows(&check(&older, None, 0), &wanted);
}

#[test]
fn missing_tools_are_named_and_nothing_is_started() {
    let project = project(
        "apex: 1
layers:
  first:
    categories:
      - {name: contract, runner: pytest}
      - {name: lint, command: [no-such-linter, .]}
      - {name: built, command: [./build/checks]}
      - {name: text, command: \"echo hello\"}
      - {name: web, command: [sh, x], working_directory: nowhere}
      - {name: journeys, runner: playwright}
      - {name: rust, runner: cargo}
services:
  api: {process: {command: [no-such-server]}}
",
    );
    project.write("Cargo.toml", "[package]\nname = \"a\"\n");
    project.write("src/lib.rs", "");
    project.write("journeys/shop.spec.ts", "import { test } from '@playwright/test';\n");
    let python = project.root().join("bin/python3");
    let mut permissions = std::fs::metadata(&python).expect("a file").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&python, permissions).expect("permissions");
    let path = project.root().join("bin");
    std::os::unix::fs::symlink("/bin/sh", path.join("sh")).expect("a link");
    let rows = check(&project, path.to_str(), 0);
    let wanted = [
        (
            "warning apex.yaml:6:9 ",
            "`lint` cannot run here: `no-such-linter` was not found on PATH",
        ),
        ("warning apex.yaml:7:9 ", "`built` cannot run here: there is no file `./build/checks`"),
        ("warning apex.yaml:9:9 ", "`working_directory` nowhere is no folder of the project"),
        ("warning apex.yaml:10:9 ", "`journeys` cannot run here: "),
        ("warning apex.yaml:11:9 ", "`rust` cannot run here: cargo was not found: install Rust"),
        ("warning apex.yaml:13:18 ", "service `api` cannot start here: `no-such-server` was not"),
    ];
    assert_rows(&rows, &wanted);
    assert!(!project.root().join("started").exists(), "an interpreter was started");
}

#[test]
fn of_the_built_in_layers_a_check_says_what_they_have_here() {
    let project = Project::new(&[("tests/api/test_a.py", "import unittest\n")]);
    let rows = check(&project, None, 0);
    assert_rows(
        &rows,
        &[("note built-in layers:0:0 of their categories `api` have tests here", "`smoke`")],
    );
    let empty = Project::new(&[]);
    let rows = check(&empty, None, 0);
    assert_rows(&rows, &[("warning built-in layers:0:0 none of their categories", "`apex init`")]);
}
