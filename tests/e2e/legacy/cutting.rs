//! Flags that say how a category is cut into jobs, and what a browser is told.

use std::fmt::Write as _;
use std::path::PathBuf;

use apex_tests::project::Project;
use apex_tests::tool::tool;
use serde_json::{Value, json};

/// A category of four files with ten tests each that may be cut, of which one run is known: the
/// tests of the first file took a minute each, the others a second.
fn project() -> Project {
    let project = Project::new(&[("apex.yaml", "apex: 1\ncategories:\n  e2e: {shards: auto}\n")]);
    let mut history = String::from("{\"type\":\"head\",\"schema\":\"apex.history/1\"}\n");
    let run = json!({
        "type": "run", "run": "01a20baa-abfa-7533-b89f-ffc5c805ff0c",
        "unix_millis": 1_795_492_064_258_u64, "environment": "test", "cores": 2, "slots": 2,
        "verdict": "passed", "duration_micros": 631_000_000, "jobs": 1, "tests": 40,
    });
    let job = json!({
        "type": "job", "category": "e2e", "layer": "selection", "runner": "pytest", "job": 0,
        "attempt": 1, "ended_itself": true, "duration_micros": 631_000_000,
        "in_tests_micros": 630_000_000, "tests": 40, "beside": 0,
    });
    let _ = writeln!(history, "{run}\n{job}");
    for file in 0..4 {
        let path = format!("tests/e2e/test_{file}.py");
        let mut text = String::new();
        for test in 0..10 {
            let _ = writeln!(text, "def test_{test}():\n    pass\n");
            let test = json!({
                "type": "test", "category": "e2e", "id": format!("{path}::test_{test}"),
                "file": path, "job": 0, "attempt": 1, "outcome": "passed",
                "duration_micros": if file == 0 { 60_000_000 } else { 1_000_000 },
            });
            let _ = writeln!(history, "{test}");
        }
        project.write(&path, &text);
    }
    project.write("old.jsonl", &history);
    assert_eq!(project.run(&["history", "import", "old.jsonl"]).status.code(), Some(0));
    project
}

/// The jobs of the plan for a call.
fn jobs(project: &Project, line: &str) -> Vec<Value> {
    let line = format!("{line} --no-dependencies --dry-run --progress-mode json");
    let words = super::words(&line);
    let answer = project.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let document: Value = serde_json::from_str(&answer.stdout).expect("one document");
    document["plan"]["jobs"].as_array().expect("jobs").clone()
}

/// What is said of how each job was cut.
fn how(jobs: &[Value]) -> Vec<&str> {
    jobs.iter().map(|job| job["why"].as_str().unwrap_or_default()).collect()
}

#[test]
fn a_window_and_a_strategy_decide_into_how_many_jobs_tests_are_dealt() {
    if tool("pytest").is_none() {
        return;
    }
    let project = project();
    let narrow = jobs(&project, "--category e2e --window-size 2");
    let wide = jobs(&project, "--category e2e --window-size 60");
    assert!(narrow.len() > wide.len(), "{:?}\n{:?}", how(&narrow), how(&wide));
    let by_time = jobs(&project, "--category e2e --window-size 2 --splitting-strategy time_based");
    assert_eq!(how(&by_time), how(&narrow), "by time is the usual way");
    let by_count =
        jobs(&project, "--category e2e --window-size 2 --splitting-strategy count_based");
    assert_ne!(how(&by_count), how(&by_time));
    let files = |job: &Value| job["work"]["paths"].as_array().map_or(0, Vec::len);
    assert!(by_count.iter().all(|job| files(job) > 0), "{by_count:?}");
    let by_content =
        jobs(&project, "--category e2e --window-size 2 --splitting-strategy complexity_based");
    assert!(by_content.len() < by_time.len(), "no time is known: {:?}", how(&by_content));
    for whole in ["--disable-auto-split", "--splitting-strategy category_based"] {
        let line = format!("--category e2e --window-size 2 {whole}");
        assert_eq!(jobs(&project, &line).len(), 1, "{whole}");
    }
}

#[test]
fn cypress_runs_in_as_many_jobs_and_in_the_browser_that_is_asked_for() {
    if tool("node").is_none() {
        return;
    }
    let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/javascript/cypress/cypress_program.cjs");
    let program = std::fs::read_to_string(fixture).expect("the stand-in");
    let project = Project::new(&[
        ("package.json", "{\"devDependencies\": {\"cypress\": \"15\"}}"),
        ("cypress.config.js", "module.exports = {};"),
        ("node_modules/cypress/bin/cypress", &program),
        (
            "node_modules/cypress/package.json",
            "{\"name\": \"cypress\", \"version\": \"15.3.0\", \"bin\": {\"cypress\": \"bin/cypress\"}}",
        ),
    ]);
    for name in ["a", "b", "c", "d"] {
        project.write(&format!("cypress/e2e/{name}.cy.js"), "it('works', () => {});");
    }
    assert_eq!(jobs(&project, "--category cypress").len(), 1);
    assert_eq!(jobs(&project, "--category cypress --cypress-parallel").len(), 4);
    assert_eq!(jobs(&project, "--category cypress --cypress-parallel --workers 3").len(), 3);
    assert_eq!(jobs(&project, "--category cypress --cypress-workers 2").len(), 2);
    let words = |line: &str| jobs(&project, line)[0]["work"]["arguments"].clone();
    assert_eq!(words("--category cypress --cypress-headed"), json!(["--headed"]));
    assert_eq!(words("--category cypress --cypress-open"), json!(["--headed"]));
    assert_eq!(words("--category cypress --cypress-browser edge"), json!(["--browser", "edge"]));
    let ran =
        project.run(&["--category", "cypress", "--no-dependencies", "--cypress-workers", "2"]);
    assert!(
        ran.stdout.contains("Selected: 4 tests in 1 categories; executed: 4"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_look_for_names_that_takes_too_long_is_ended_and_the_rest_runs() {
    if tool("pytest").is_none() {
        return;
    }
    let project = Project::new(&[
        ("tests/unit/test_good.py", "def test_it_works():\n    assert True\n"),
        ("tests/smoke/conftest.py", "import time\ntime.sleep(600)\n"),
        ("tests/smoke/test_never.py", "def test_never():\n    pass\n"),
    ]);
    let line = ["--categories", "unit", "smoke", "--collection-timeout", "3"];
    let answer = project.run(&line);
    assert_eq!(answer.status.code(), Some(1), "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.contains("smoke: its tests were not named in time"), "{}", answer.stderr);
    assert!(answer.stdout.contains("collection_error"), "{}", answer.stdout);
    assert!(answer.stdout.contains("unit            PASSED"), "{}", answer.stdout);
}
