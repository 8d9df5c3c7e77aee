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
pub(super) fn holds(text: &str, parts: &[&str]) {
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

#[test]
fn the_state_of_the_project_is_told_in_the_older_words_and_as_one_object() {
    let project =
        Project::new(&[("apex.yaml", "apex: 1\ncategories:\n  unit: {command: \"true\"}\n")]);
    let idle = project.run(&["--orchestration-status"]);
    assert_eq!(idle.status.code(), Some(0), "{}", idle.stderr);
    let line = "=".repeat(60);
    holds(
        &idle.stdout,
        &[
            &format!("{line}\nORCHESTRATION STATUS\n{line}\nActive Runs: 0\nBackground Tasks: "),
            "Agents:\n  MasterController idle last heartbeat: never\n",
            "Services:\n",
            "Last Run: none",
        ],
    );
    assert_eq!(project.run(&["--category", "unit"]).status.code(), Some(0));
    let page = project.run(&["--orchestration-status"]).stdout;
    holds(&page, &["Last Run: ", " passed "]);
    let object = project.run(&["--orchestration-status", "--progress-mode", "json"]).stdout;
    assert_eq!(object.lines().count(), 1, "{object}");
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!(object["overall_success"], true, "{object}");
    assert_eq!(object["agent_health"]["MasterController"]["status"], "idle");
    for field in ["mode", "status", "start_time", "end_time", "current_layer", "error_summary"] {
        assert!(object.get(field).is_some(), "{field} is missing in {object}");
    }
}

#[test]
fn logs_are_where_people_follow_them() {
    let project =
        Project::new(&[("apex.yaml", "apex: 1\ncategories:\n  unit: {command: \"true\"}\n")]);
    let folder = project.root().join("logs/orchestration");
    let run = |line: &[&str]| assert_eq!(project.run(line).status.code(), Some(0), "{line:?}");
    run(&["--category", "unit", "--enable-monitoring=false"]);
    assert!(!folder.exists(), "without monitoring there is no log");
    run(&["--category", "unit"]);
    let text = project.read("logs/orchestration/MasterController_production.log");
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    for field in ["timestamp", "level", "logger", "message", "module", "function", "line"] {
        assert!(first.get(field).is_some(), "{field} is missing in {first}");
    }
    assert!(folder.join("TestOrchestrator_production.log").is_file());
    assert!(folder.join("LayerExecution_production.log").is_file());
    assert!(!folder.join("metrics.prom").exists());
    run(&["--category", "unit", "--enable-monitoring"]);
    holds(&project.read("logs/orchestration/metrics.prom"), &["# TYPE "]);
}

#[test]
fn categories_that_a_filter_found_nothing_in_are_named_in_one_line() {
    if tool("pytest").is_none() {
        return;
    }
    let answer = project().run(&["--pattern", "*it_works*"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    holds(&answer.stdout, &["  unit            PASSED (", "  without tests   "]);
    assert!(!answer.stdout.contains(" EMPTY ("), "{}", answer.stdout);
    let named = project().run(&["--category", "smoke"]);
    holds(&named.stdout, &["  smoke           EMPTY ("]);
}
