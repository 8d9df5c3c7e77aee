//! Apex's own log, and metrics as a file, beside a run.

use apex_tests::project::{Project, finish};
use apex_tests::watchdog::Finished;
use serde_json::Value;

const LAYERS: &str = r#"
apex: 1
layers:
  front:
    categories:
      - {name: steady, command: [sh, -c, "printf '1..2\nok 1 - one\nnot ok 2 - two\n'; exit 1"], report: stdout}
"#;

const MASTER: &str = "MasterController_production.log";

fn project(rest: &str) -> Project {
    Project::new(&[("apex.yaml", &format!("{LAYERS}{rest}"))])
}

fn run(project: &Project, options: &[&str], variables: &[(&str, &str)]) -> Finished {
    let mut command = project.apex(&[&["run"], options].concat());
    command.env_remove("APEX_LOG").envs(variables.iter().copied());
    let answer = finish(command);
    assert_eq!(answer.status.code(), Some(1), "the log changes no verdict: {}", answer.stderr);
    answer
}

fn lines(project: &Project, path: &str) -> Vec<Value> {
    project.read(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn runs_add_to_the_log_in_the_state_folder_and_nowhere_else() {
    let project = project("");
    run(&project, &[], &[]);
    run(&project, &[], &[]);
    let all = lines(&project, &format!(".apex/logs/{MASTER}"));
    let runs: Vec<&str> = all
        .iter()
        .filter(|line| line["function"] == "run.finished")
        .map(|line| line["run"].as_str().unwrap())
        .collect();
    let folders = project.runs();
    let folders: Vec<&str> =
        folders.iter().map(|run| run.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(runs, folders);
    let mut here: Vec<String> = std::fs::read_dir(project.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    here.sort();
    assert_eq!(here, [".apex", "apex.yaml"]);
}

#[test]
fn the_layer_file_says_where_the_log_goes_and_the_variable_how_much_it_says() {
    let project = project(
        "telemetry:\n  logs: {dir: logs/orchestration, level: error}\n  metrics: {file: out/apex.prom}\n",
    );
    run(&project, &[], &[]);
    assert!(!project.root().join("logs/orchestration").join(MASTER).exists(), "nothing went wrong");
    assert!(project.read("out/apex.prom").contains("\napex_test_case_count_total{"));
    run(&project, &[], &[("APEX_LOG", "off,TestOrchestrator=debug")]);
    assert!(!project.root().join("logs/orchestration").join(MASTER).exists());
    let tests = lines(&project, "logs/orchestration/TestOrchestrator_production.log");
    let passed = |line: &&Value| line["outcome"] == "passed" && line["level"] == "DEBUG";
    assert_eq!(tests.iter().filter(passed).count(), 1, "{tests:#?}");
    run(&project, &[], &[("ORCHESTRATION_DEBUG", "1")]);
    assert!(project.read("logs/orchestration/LayerExecution_production.log").contains("\"DEBUG\""));
    let answer = run(&project, &[], &[("APEX_LOG", "loud")]);
    assert!(answer.stderr.contains("warning: APEX_LOG: `loud` is no level"), "{}", answer.stderr);
}

#[test]
fn a_log_that_cannot_be_written_is_told_and_changes_nothing() {
    let project = project("telemetry: {logs: {dir: taken}}\n");
    project.write("taken", "a file");
    let answer = run(&project, &[], &[]);
    assert!(answer.stderr.contains("warning: logs: "), "{}", answer.stderr);
    assert!(answer.stderr.contains(" were lost: "), "{}", answer.stderr);
}

#[test]
fn verbose_tells_people_what_apex_does_with_jobs() {
    let project = project("");
    let answer = run(&project, &["--progress-mode", "simple", "--verbose"], &[]);
    let told = "debug LayerExecution: an attempt of the job ended";
    let line = answer.stderr.lines().find(|line| line.contains(told));
    let line = line.unwrap_or_else(|| panic!("{}", answer.stderr));
    for id in ["attempt=1", "category=steady", "exit_code=1", "job=0", "layer=front"] {
        assert!(line.contains(id), "{id}: {line}");
    }
    let quiet = run(&project, &["--progress-mode", "simple"], &[]);
    assert!(!quiet.stderr.contains(told), "{}", quiet.stderr);
}

#[test]
fn a_secret_stays_out_of_every_log_at_every_level() {
    let secret = "hunter2-and-more-of-it";
    let layers = r#"
apex: 1
layers:
  front:
    categories:
      - name: steady
        command: [sh, -c, "printf '1..1\nnot ok 1 - with %s\n  ---\n  message: key %s was refused\n  ...\n' $API_TOKEN $API_TOKEN; echo $API_TOKEN >&2; exit 1"]
        report: stdout
"#;
    let project = Project::new(&[("apex.yaml", layers)]);
    let answer = run(&project, &["--verbose"], &[("APEX_LOG", "trace"), ("API_TOKEN", secret)]);
    assert!(!answer.stderr.contains(secret), "{}", answer.stderr);
    let mut looked_at = 0;
    for entry in std::fs::read_dir(project.root().join(".apex/logs")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(secret), "{text}");
        looked_at += text.lines().filter(|line| line.contains("test.settled")).count();
    }
    assert!(looked_at > 0, "the test is in the log, and only its secret is not");
}
