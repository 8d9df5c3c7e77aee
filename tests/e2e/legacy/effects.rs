//! What each flag does: a row for every row of the table of flags, which a test compares.

use std::collections::BTreeSet;

use apex_tests::project::Project;
use apex_tests::tool::tool;
use serde_json::Value;

use super::{repository, words};

/// A flag, a call with it, and what the answer holds; `!` in front means that it does not.
type Row = (&'static str, &'static str, &'static [&'static str]);

/// Calls that are looked at with `--dry-run --progress-mode json`: what the plan says.
#[rustfmt::skip]
const PLANNED: &[Row] = &[
    ("--category", "--category unit --category smoke", &[r#""name":"unit""#, r#""name":"smoke""#]),
    ("--categories", "--categories unit,smoke unit", &[r#""selectors":["smoke","unit"]"#]),
    ("--service", "--service auth", &[r#""name":"security""#, "note: auth of --service auth is not defined here"]),
    ("--level", "--level critical", &[r#""name":"startup""#, r#""name":"mission_critical""#]),
    ("--file", "--file test_gamma.py", &[r#""paths":["tests/unit/core/test_gamma.py"]"#]),
    ("--keyword", "--category unit -k alpha", &[r#""keyword":"alpha""#]),
    ("--markers", "--category unit -m critical", &[r#""markers":"critical""#]),
    ("--exclude-env", "--categories golden_path_staging unit --env staging --exclude-env staging", &[r#""name":"unit""#, "!\"name\":\"golden_path_staging\""]),
    ("--resume-from", "--categories unit integration --resume-from integration", &[r#""name":"integration""#, "!\"name\":\"unit\""]),
    ("--no-dependencies", "--category integration --no-dependencies", &["!\"name\":\"database\""]),
    ("--e2e", "--category unit --e2e", &[r#""name":"e2e""#]),
    ("--staging-e2e", "--staging-e2e", &[r#""environment":"staging""#, r#""name":"e2e""#]),
    ("--env", "--category unit --env dev", &[r#""environment":"development""#]),
    ("--allow-prod", "--category unit --env prod --allow-prod", &[r#""ALLOW_PROD_TESTS":"true""#, r#""USE_TEST_DATABASE":"false""#]),
    ("--real-llm", "--category unit --real-llm", &[r#""TEST_LLM_MODE":"real""#]),
    ("--no-docker", "--category unit --no-docker", &[r#""USE_DOCKER_SERVICES":"false""#]),
    ("--docker-bypass", "--category unit --docker-bypass", &[r#""USE_DOCKER_SERVICES":"false""#]),
    ("--no-services", "--category unit --no-services --real-services", &[r#""TEST_NO_SERVICES":"true""#, r#""USE_REAL_SERVICES":"false""#]),
    ("--docker-production", "--category unit --docker-production", &[r#""TEST_USE_PRODUCTION_IMAGES":"true""#]),
    ("--no-rebuild", "--category unit --no-rebuild", &["note: --no-rebuild has no effect: an image"]),
    ("--rebuild-all", "--category unit --rebuild-all", &["note: --rebuild-all has no effect: an image"]),
    ("--docker-pull-policy", "--category unit --docker-pull-policy never", &[r#""DOCKER_PULL_POLICY":"never""#]),
    ("--parallel", "--category unit --parallel", &[r#""arguments":["-n","4"]"#]),
    ("--workers", "--category unit --workers 2", &[r#""slots":2"#]),
    ("--max-workers", "--category unit --parallel --max-workers 3", &[r#""arguments":["-n","3"]"#]),
    ("--disable-auto-split", "--category unit --disable-auto-split", &[r#""jobs":[{"category":0"#, "!\"part\""]),
    ("--timeout", "--category unit --timeout 7", &[r#""timeout_seconds":7.0"#]),
    ("--fast-fail", "--category unit --fast-fail", &[r#""fail_fast":"immediate""#, r#""arguments":["-x"]"#]),
    ("--no-fast-fail", "--category unit --no-fast-fail", &[r#""fail_fast":"disabled""#]),
    ("--maxfail", "--category unit --maxfail 2", &[r#""arguments":["--maxfail=2"]"#]),
    ("--fail-fast-mode", "--category unit --fail-fast-mode threshold_based", &[r#""fail_fast":"threshold_based""#]),
    ("--no-phase-dependencies", "--category unit --no-phase-dependencies", &[r#""fail_fast":"disabled""#]),
    ("--failed-first", "--category unit --ff", &["--failed-first"]),
    ("--parallel-collection", "--category unit --parallel-collection", &["note: --parallel-collection has no effect: collection is always"]),
    ("--fix", "--category unit --fix", &["note: --fix has no effect without --lint"]),
    ("--watch", "--category unit --watch", &["note: --watch has no effect: a run ends"]),
    ("--update-snapshots", "--category unit -u", &["note: --update-snapshots has no effect here: pytest"]),
    ("--cypress-browser", "--category unit --cypress-browser edge", &["note: --cypress-browser has no effect here: pytest"]),
    ("--progress-mode", "--category unit", &[r#""schema":"apex.plan/1""#]),
    ("--no-coverage", "--category unit --coverage --no-coverage", &[r#""arguments":["--no-cov"]"#, r#""COVERAGE_ENABLED":"false""#]),
    ("--coverage", "--category unit --coverage", &[r#""COVERAGE_ENABLED":"true""#, "--cov-report=html"]),
    ("--use-layers", "--use-layers", &[r#""mode":"development""#, r#""id":"fast_feedback""#]),
    ("--layers", "--layers core_integration", &[r#""id":"fast_feedback""#, r#""id":"core_integration""#]),
    ("--execution-mode", "--execution-mode ci", &[r#""mode":"ci""#]),
    ("--max-parallel-layers", "--use-layers --max-parallel-layers 1", &[r#""run_mode":"sequential""#]),
    ("--golden-path-check", "--golden-path-check", &[r#""name":"golden_path""#]),
    ("--test-file", "--test-path tests/unit/core", &["tests/unit/core"]),
    ("--test", "--test tests/unit/test_beta.py", &["tests/unit/test_beta.py"]),
    ("--test-list", "--test-list docs/selected_tests.txt", &[r#""paths":["tests/unit/test_alpha.py"]"#]),
    ("--tag", "--category unit --tag golden-path", &[r#""markers":"golden_path""#]),
    ("--all-categories", "--all", &[r#""name":"cypress""#, r#""name":"startup""#, r#""ALLOW_PROD_TESTS":"false""#]),
    ("--smoke", "--smoke", &[r#""name":"smoke""#]),
    ("--mission-critical", "--mission-critical", &[r#""name":"mission_critical""#]),
    ("--comprehensive", "--comprehensive", &[r#""name":"agent""#, r#""name":"e2e""#]),
    ("--backend-only", "--backend-only", &[r#""name":"websocket""#]),
    ("--skip-dependencies", "--category integration --skip-dependencies", &["!\"name\":\"database\""]),
    ("--with-dependencies", "--category integration -k x --with-dependencies", &[r#""name":"database""#]),
    ("--mock-services", "--category unit --real-services --mock-services", &[r#""USE_REAL_SERVICES":"false""#]),
    ("--mock-llm", "--category unit --env dev --mock-llm", &[r#""TEST_LLM_MODE":"mock""#]),
    ("--staging", "--category unit --env test --staging", &[r#""environment":"staging""#, "note: --env test is dropped, --staging comes later"]),
    ("--environment", "--category unit --environment stage", &[r#""environment":"staging""#]),
    ("--local", "--category unit --local", &[r#""environment":"test""#]),
    ("--llm-timeout", "--category unit --llm-timeout 9", &[r#""TEST_LLM_TIMEOUT":"9""#]),
    ("--llm-model", "--category unit --llm-model small", &[r#""TEST_LLM_MODEL":"small""#]),
    ("--exclude-docker", "--category unit --exclude-docker", &[r#""USE_DOCKER_SERVICES":"false""#]),
    ("--fail-on-missing-services", "--category unit --fail-on-missing-services", &[r#""USE_REAL_SERVICES":"true""#]),
    ("--cleanup-old-environments", "--cleanup-old-environments --category unit", &["note: with --dry-run nothing is removed"]),
    ("--no-parallel", "--category unit --parallel --no-parallel", &["!\"-n\""]),
    ("--parallel-workers", "--category unit --parallel-workers 3", &[r#""slots":3"#]),
    ("--timeout-multiplier", "--use-layers --timeout-multiplier 2", &[r#""budget_seconds":240.0"#]),
    ("--fail-fast", "--category unit --fail-fast", &[r#""fail_fast":"immediate""#]),
    ("--no-fail-fast", "--category unit --continue-on-failure", &[r#""fail_fast":"disabled""#]),
    ("--max-duration", "--category unit --max-duration 9", &[r#""budget_seconds":9.0"#]),
    ("--max-retries", "--category unit --retries 2", &[r#""retries":2"#]),
    ("--enable-retry", "--category unit --enable-retry", &[r#""retries":1"#]),
    ("--failure-threshold", "--category unit --failure-threshold 0.5", &[r#""share":0.5"#]),
    ("--consecutive-failures", "--category unit --consecutive-failures 2", &[r#""in_a_row":2"#]),
    ("--platform-aware", "--category unit --platform-aware", &["note: --platform-aware has no effect: it is always on"]),
    ("--show-output", "--category unit -s", &["--capture=no"]),
    ("--capture", "--category unit --capture=sys", &["--capture=sys"]),
    ("--coverage-report", "--category unit --coverage-html", &[r#""COVERAGE_ENABLED":"true""#]),
    ("--layer", "--layer core_integration", &[r#""id":"core_integration""#]),
    ("--custom-suite", "--custom-suite critical_path", &[r#""name":"startup""#, r#""name":"security""#]),
    ("--mode", "--category unit --mode real-everything", &[r#""TEST_MODE":"real""#]),
    ("--background-e2e", "--background-e2e --env staging", &["Background task: apex run --background --categories e2e --background-timeout 30 --env staging"]),
    ("--queue-e2e", "--queue-e2e", &["Background task: apex run --background --categories e2e"]),
    ("--background-category", "--queue-e2e --background-category cypress", &["--background --categories cypress"]),
    ("--background-timeout", "--queue-e2e --background-timeout 45", &["--background-timeout 45"]),
    ("--background-mode", "--background-mode --category unit", &["--background --categories unit"]),
    ("--kill-background", "--kill-background a1b2", &["note: with --dry-run nothing is ended: apex bg cancel a1b2"]),
    ("--no-wait", "--execution-mode nightly --no-wait", &[r#""handed_over":["e2e_background"]"#]),
    ("--wait", "--execution-mode hybrid --no-wait --wait", &["!\"handed_over\":[\"e2e_background\"]"]),
    ("--project-root", "--project-root . --category unit", &[r#""name":"unit""#]),
];

/// Flags whose effect is looked at in `cutting.rs`, `services.rs` and `deciding.rs`, in projects made
/// for them.
const ELSEWHERE: [&str; 13] = [
    "--auto-services",
    "--check-deps",
    "--collection-timeout",
    "--cypress-headed",
    "--cypress-open",
    "--cypress-parallel",
    "--cypress-workers",
    "--fail-on-dependency",
    "--prefer-staging",
    "--real-services",
    "--splitting-strategy",
    "--start-docker",
    "--window-size",
];

/// Calls that print and run nothing.
#[rustfmt::skip]
const SHOWN: &[Row] = &[
    ("--list", "--list", &["comprehensive: mission_critical, smoke, unit"]),
    ("--list-categories", "--list-categories", &["Total Categories: 21"]),
    ("--show-category-stats", "--show-category-stats", &["Parallel Safe: 15"]),
    ("--show-layers", "--show-layers --layers fast_feedback", &["Total Layers: 1"]),
    ("--list-layers", "--list-layers", &["Total Layers: 4"]),
    ("--show-config", "--show-config --env staging", &["layers:"]),
    ("--help", "--category unit --help", &["Selecting tests:"]),
    ("--version", "--version --caetgory", &["apex "]),
    ("--dry-run", "--category unit --dry-run", &["EXECUTION PLAN", "!SUMMARY"]),
    ("--explain", "--category integration --dry-run --explain", &["database: integration depends on it"]),
    ("--fast-collection", "--category unit --fast-collection", &["Test files: 20"]),
    ("--health-check", "--category unit --health-check", &["the selection has no service"]),
    ("--environment", "--category unit --environment stage --dry-run", &["Total Categories: 1"]),
];

/// Calls that run the one passing, the one failing or the one skipped test.
#[rustfmt::skip]
const RUN: &[(&str, &str, i32, &[&str])] = &[
    ("--pattern", "--category unit --pattern *good*works*", 0, &["Selected: 1 tests in 1 categories; executed: 1"]),
    ("--test-pattern", "--category unit --filter it_works|nothing", 0, &["executed: 1"]),
    ("--validate", "--category unit --validate", 0, &["valid: 3 tests collected"]),
    ("--validate-syntax", "--category unit --import-only", 0, &["valid: 3 tests"]),
    ("--collect-only", "--category unit --collect-only", 0, &["tests/unit/test_good.py::test_it_works\n"]),
    ("--no-validate", "--category unit -k works --full-validate --no-validate", 0, &["Overall: PASSED", "!test_broken.py"]),
    ("--full-validate", "--category unit -k works --full-validate", 1, &["tests/security/test_broken.py"]),
    ("--strict-validation", "--category unit -k works --strict-validation", 1, &["hint: mend it"]),
    ("--lint", "--category unit -k works --lint", 1, &["lint            FAILED"]),
    ("--build", "--category unit -k works --build", 0, &["build           PASSED"]),
    ("--type-check", "--category unit -k works --type-check", 0, &["note: --type-check: no project"]),
    ("--install-deps", "--category unit -k works --install-deps", 0, &["install-deps"]),
    ("--verbose", "--category unit -k works --verbose", 0, &["[unit] "]),
    ("-v", "--category unit -k works -v", 0, &["[unit] "]),
    ("--show-work", "--category unit -k works --show-work", 0, &["[unit] "]),
    ("--quiet", "--category unit -k works --quiet", 0, &["Overall: PASSED", "!EXECUTION PLAN"]),
    ("--summary-only", "--category unit -k works --summary-only", 0, &["!EXECUTION PLAN"]),
    ("--profile", "--category unit -k works --profile", 0, &["SLOWEST TESTS"]),
    ("--slowest", "--category unit -k works --slowest 1", 0, &["SLOWEST TESTS"]),
    ("--memory-profile", "--category unit -k works --memory-profile", 0, &["SLOWEST TESTS"]),
    ("--show-warnings", "--category unit -k works --show-warnings", 0, &["an old way"]),
    ("--no-warnings", "--category unit -k works --show-warnings --no-warnings", 0, &["!an old way"]),
    ("--min-coverage", "--category unit -k works --min-coverage 99", 1, &["Coverage: "]),
    ("--coverage-threshold", "--category unit -k works --coverage-threshold 99", 1, &["Coverage: "]),
    ("--json-output", "--category unit -k works --json-output", 0, &["\"overall_success\": true"]),
    ("--json-report", "--category unit -k works --json-report", 0, &["\"overall_success\": true"]),
    ("--html-output", "--category unit -k works --html-output", 0, &["@test_report_*.html"]),
    ("--html-report", "--category unit -k works --html-report", 0, &["@test_report_*.html"]),
    ("--json-verbosity", "--category unit -k works --json-output --json-verbosity 1", 0, &["!\"categories\""]),
    ("--json-size-limit", "--category unit -k works --json-size-limit 1 --json-verbosity 4", 0, &["more than 1 KB"]),
    ("--json-auto-truncate", "--category unit -k works --json-size-limit 1 --json-verbosity 4 --json-auto-truncate --json-output", 0, &["\"truncated\""]),
    ("--json-optimization", "--category unit -k works --json-size-limit 1 --json-verbosity 4 --json-optimization --json-output", 0, &["\"truncated\""]),
    ("--no-json-optimization", "--category unit -k works --json-optimization --no-json-optimization --json-size-limit 1 --json-output", 0, &["!\"truncated\""]),
    ("--json-format", "--category unit -k works --json-output --json-format compact", 0, &["\"overall_success\":true"]),
    ("--json-preserve-fields", "--category unit -k works --json-size-limit 1 --json-verbosity 4 --json-auto-truncate --json-preserve-fields categories --json-output", 0, &["\"categories\""]),
    ("--output-format", "--category unit -k works --output-format csv,junit", 0, &["@test_report_*.csv", "@junit_*.xml"]),
    ("--junit-xml", "--category unit -k works --junit-xml", 0, &["@junit_*.xml"]),
    ("--output", "--category unit -k works --output test_reports/mine.json", 0, &["@mine*.json"]),
    ("--ci-mode", "--category unit -k works --ci-mode", 0, &["@junit_*.xml"]),
    ("--color", "--category unit -k works --color never", 0, &["!\u{1b}["]),
    ("--failure-analysis", "--category unit -k breaks --failure-analysis", 1, &["FAILURE ANALYSIS", "  1 x "]),
    ("--expect-failures", "--category unit -k breaks --expect-failures", 0, &["Overall: PASSED"]),
    ("--expect-pass", "--category unit -k works --expect-failures --expect-pass", 0, &["Overall: PASSED"]),
    ("--no-skip", "--category unit -k \"skipped or works\" --no-skip", 1, &["none may be"]),
    ("--no-progress-streaming", "--category unit -k works --no-progress-streaming", 0, &["!unit started", "Overall: PASSED"]),
    ("--websocket-thread-id", "--category unit -k works --websocket-thread-id user-7", 0, &["http://127.0.0.1"]),
    ("--enable-monitoring", "--category unit -k works --enable-monitoring", 0, &["@logs/orchestration/metrics*.prom"]),
    ("--metrics", "--category unit -k works --metrics", 0, &["@logs/orchestration/metrics*.prom"]),
    ("--master-orchestration", "--master-orchestration --layers fast_feedback -k works", 0, &["TEST EXECUTION RESULTS", "Success: True"]),
    ("--event-dialect", "--category unit -k works --progress-mode json --event-dialect legacy", 0, &["orchestration_started"]),
    ("--compat", "--category unti --compat strict", 0, &["unti is no category and is left out"]),
    ("--exit-codes", "--category smoke --exit-codes fine", 4, &[]),
    ("--allow-empty", "--category smoke --allow-empty", 0, &[]),
    ("--docker-stats", "--category unit -k works --docker-stats", 0, &["{\"services\":[]}"]),
    ("--background-status", "--background-status", 0, &["no background task"]),
    ("--background-results", "--background-results 2", 0, &["no background task"]),
    ("--orchestration-status", "--orchestration-status", 0, &["ORCHESTRATION STATUS", "Active Runs: 0"]),
];

/// Flags whose effect is on services: the services of a plan, in a repository that has some.
#[rustfmt::skip]
const SERVICES: &[Row] = &[
    ("--service-timeout", "--service-timeout 7", &["timeout_seconds: 7"]),
    ("--no-service-cleanup", "--no-service-cleanup", &["scope: keep"]),
    ("--keep-alive", "--keep-alive", &["scope: keep"]),
    ("--docker-no-cleanup", "--docker-no-cleanup", &["scope: keep"]),
    ("--docker-dedicated", "--docker-dedicated", &["scope: run"]),
    ("--docker-force-restart", "--docker-force-restart", &["scope: run"]),
    ("--force-recreate", "--force-recreate", &["scope: run"]),
    ("--no-alpine", "--no-alpine", &["image: \"cache:7\""]),
    ("--alpine", "--no-alpine --alpine", &["alpine: \"cache:7-alpine\""]),
    ("--docker-production", "--docker-production", &["image: \"cache:7-production\""]),
    ("--docker-pull-policy", "--docker-pull-policy never", &["pull: never"]),
    ("--service-category", "--service-category mine", &["--service-category"]),
    ("--config", "--config apex.yaml", &["cache:7"]),
];

#[track_caller]
fn compare(wrong: &mut Vec<String>, line: &str, text: &str, parts: &[&str], project: &Project) {
    for part in parts {
        let is_right = if let Some(absent) = part.strip_prefix('!') {
            !text.contains(absent)
        } else if let Some(file) = part.strip_prefix('@') {
            has_file(project, file)
        } else {
            text.contains(part)
        };
        if !is_right {
            wrong.push(format!("{line}: `{part}`\n{text}"));
        }
    }
}

/// Whether there is a file whose name begins and ends like that, in the folder of reports where
/// none is named.
fn has_file(project: &Project, name: &str) -> bool {
    let (folder, name) = name.rsplit_once('/').unwrap_or(("test_reports", name));
    let (begin, end) = name.split_once('*').expect("a star");
    let entries = std::fs::read_dir(project.root().join(folder)).into_iter().flatten();
    entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with(begin) && name.ends_with(end)
    })
}

fn answer(project: &Project, line: &str, more: &[&str]) -> (Option<i32>, String) {
    let words = words(line);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.extend(more);
    let answer = project.run(&words);
    (answer.status.code(), format!("{}{}", answer.stdout, answer.stderr))
}

#[test]
fn every_row_of_the_table_has_a_row_here() {
    let table = Project::new(&[]).run(&["compat", "list", "--json"]).stdout;
    let table: Value = serde_json::from_str(&table).unwrap();
    let rows = table["flags"].as_array().unwrap().iter().filter(|row| row["kind"] != "refused");
    let known: BTreeSet<&str> = rows.filter_map(|row| row["spellings"][0].as_str()).collect();
    let planned = PLANNED.iter().chain(SHOWN).chain(SERVICES).map(|row| row.0);
    let tested: BTreeSet<&str> =
        planned.chain(RUN.iter().map(|row| row.0)).chain(ELSEWHERE).collect();
    assert_eq!(known.difference(&tested).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn flags_change_the_plan_as_their_rows_say() {
    if tool("pytest").is_none() {
        return;
    }
    let project = repository();
    let mut wrong = Vec::new();
    for (_, line, parts) in PLANNED {
        let (_, text) = answer(&project, line, &["--dry-run", "--progress-mode", "json"]);
        compare(&mut wrong, line, &text, parts, &project);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn flags_that_look_print_and_run_nothing() {
    let project = repository();
    let mut wrong = Vec::new();
    for (_, line, parts) in SHOWN {
        let (code, text) = answer(&project, line, &[]);
        if code != Some(0) {
            wrong.push(format!("{line}: {code:?}\n{text}"));
        }
        compare(&mut wrong, line, &text, parts, &project);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!project.root().join("test_reports").exists());
}

#[test]
fn flags_of_services_change_the_configuration_of_services() {
    const FILE: &str = "apex: 1\ncategories:\n  mine: {command: \"true\", services: [cache]}\nservices:\n  \
                        cache:\n    image: {default: \"cache:7\", alpine: \"cache:7-alpine\", production: \"cache:7-production\"}\n    \
                        ports: {main: 6379}\n";
    let project = Project::new(&[("apex.yaml", FILE)]);
    let mut wrong = Vec::new();
    for (_, line, parts) in SERVICES {
        let (_, text) = answer(&project, line, &["--show-config"]);
        compare(&mut wrong, line, &text, parts, &project);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn flags_of_a_run_do_what_their_rows_say() {
    const TESTS: &str = "import warnings\nimport pytest\n\ndef test_it_works():\n    warnings.warn('an old way', DeprecationWarning)\n\n\
                         def test_it_breaks():\n    assert 1 == 2\n\n@pytest.mark.skip(reason='not now')\ndef test_skipped():\n    pass\n";
    if tool("pytest").is_none() || tool("npm").is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for (_, line, code, parts) in RUN {
        let project = Project::new(&[
            ("tests/unit/test_good.py", TESTS),
            ("package.json", "{\"scripts\": {\"lint\": \"exit 1\", \"build\": \"true\"}}"),
        ]);
        if line.contains("valid") && line.contains("-k") {
            project.write("tests/security/test_broken.py", "def broken(:\n");
        }
        let (got, text) = answer(&project, line, &[]);
        if got != Some(*code) {
            wrong.push(format!("{line}: {got:?}\n{text}"));
        }
        compare(&mut wrong, line, &text, parts, &project);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn spellings_without_a_meaning_are_refused_with_their_hint() {
    let project = Project::new(&[]);
    let table = project.run(&["compat", "list", "--json"]).stdout;
    let table: Value = serde_json::from_str(&table).unwrap();
    let mut rows = 0;
    for row in table["flags"].as_array().unwrap().iter().filter(|row| row["kind"] == "refused") {
        for spelling in row["spellings"].as_array().unwrap() {
            let (code, text) = answer(&project, spelling.as_str().unwrap(), &[]);
            assert_eq!(code, Some(2), "{text}");
            assert!(text.contains(row["meaning"].as_str().unwrap()), "{text}");
        }
        rows += 1;
    }
    assert_eq!(rows, 8);
}
