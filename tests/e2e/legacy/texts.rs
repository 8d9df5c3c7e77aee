//! Texts, files and codes that scripts look for.

use apex_tests::project::Project;
use apex_tests::tool::tool;
use serde_json::Value;

fn project() -> Project {
    Project::new(&[
        ("tests/unit/test_good.py", "def test_it_works():\n    assert True\n"),
        ("tests/integration/test_bad.py", "def test_it_breaks():\n    assert 1 == 2\n"),
    ])
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn lists_say_the_numbers_of_the_built_in_table() {
    let project = Project::new(&[]);
    let list = project.run(&["--list-categories"]).stdout;
    holds(&list, &["AVAILABLE TEST CATEGORIES", "CRITICAL Priority:", "Total Categories: 21"]);
    holds(&list, &["                    Dependencies: unit, database\n", "Est. Duration: 0:05:00"]);
    let numbers = project.run(&["--show-category-stats"]).stdout;
    holds(
        &numbers,
        &[
            "Total Categories: 21\nParallel Safe: 15\nRequire Real Services: 6\nRequire Real LLM: 7\n\
             Memory Intensive: 6\nCPU Intensive: 2\nDatabase Dependent: 3\nAverage Duration: 0:09:57\n",
            "  CRITICAL: 9\n  HIGH: 4\n  MEDIUM: 5\n  LOW: 3\n  OPTIONAL: 0\n",
            "  functional: 5\n  technical: 3\n  quality: 4\n  integration: 2\n",
        ],
    );
    holds(&project.run(&["--show-layers"]).stdout, &["AVAILABLE TEST LAYERS", "Total Layers: 4"]);
    holds(&project.run(&["--list"]).stdout, &["comprehensive: mission_critical, smoke, unit"]);
    let help = project.run(&["--help"]).stdout;
    holds(
        &help,
        &["--use-layers", "--execution-mode", "--background-e2e", "--orchestration-status"],
    );
}

#[test]
fn a_run_says_and_writes_what_scripts_look_for() {
    if tool("pytest").is_none() {
        return;
    }
    let project = project();
    let green = project.run(&["--category", "unit"]);
    assert_eq!(green.status.code(), Some(0), "{}", green.stderr);
    holds(
        &green.stdout,
        &[
            "EXECUTION PLAN",
            "Phase 1: 1 categories",
            "PHASE 1: 1 categories",
            "TEST EXECUTION SUMMARY",
            "Environment: test",
            "  unit            PASSED (",
            "Selected: 1 tests in 1 categories; executed: 1",
            "Overall: PASSED",
            "Report: test_reports/test_report_",
        ],
    );
    let red =
        project.run(&["--categories", "unit", "integration", "--no-dependencies", "--ci-mode"]);
    assert_eq!(red.status.code(), Some(1), "{}", red.stderr);
    holds(
        &red.stdout,
        &["FAILURES", "tests/integration/test_bad.py::test_it_breaks", "Overall: FAILED"],
    );
    let report: Value = serde_json::from_str(&project.read("test_reports/latest.json")).unwrap();
    assert_eq!(report["overall_success"], false);
    assert_eq!(report["exit_code"], 1);
    assert_eq!(report["failed_tests"][0], "tests/integration/test_bad.py::test_it_breaks");
    assert_eq!(report["categories"]["unit"]["status"], "passed");
    assert_eq!(report["categories"]["integration"]["failed"], 1);
    assert_eq!(report["execution_plan"], Value::Null, "level 2 has no plan");
    let history: Value =
        serde_json::from_str(&project.read("test_reports/failure_history.json")).unwrap();
    assert_eq!(history["tests/integration/test_bad.py::test_it_breaks"]["fail"], 1);
    let kept: Vec<String> = std::fs::read_dir(project.root().join("test_reports"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(kept.iter().any(|name| name.starts_with("junit_")), "{kept:?}");
}

#[test]
fn a_report_stays_below_its_limit_and_changes_no_verdict() {
    if tool("pytest").is_none() {
        return;
    }
    let project = project();
    let arguments = ["--category", "unit", "--json-verbosity", "4", "--json-size-limit", "1"];
    let whole = project.run(&arguments);
    assert_eq!(whole.status.code(), Some(0), "{}", whole.stderr);
    holds(&whole.stderr, &["note: the report has more than 1 KB"]);
    let mut cut = arguments.to_vec();
    cut.extend(["--json-auto-truncate", "--json-format", "compact", "--json-output"]);
    let cut = project.run(&cut);
    let report: Value = serde_json::from_str(&cut.stdout).expect("one document");
    assert_eq!(report["truncated"], true);
    assert_eq!(report["summary"]["passed"], 1);
    let text = project.read("test_reports/latest.json");
    assert!(text.len() <= 1024 && text.lines().count() == 1, "{} bytes", text.len());
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
fn events_and_nothing_else_stand_on_standard_output_when_asked() {
    if tool("pytest").is_none() {
        return;
    }
    let line = ["--category", "unit", "--progress-mode", "json", "--event-dialect", "legacy"];
    let answer = project().run(&line);
    let lines: Vec<Value> =
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.first().unwrap()["type"], "orchestration_started");
    assert_eq!(lines.last().unwrap()["type"], "orchestration_completed");
}
