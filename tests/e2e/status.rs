//! How a project stands, asked from another shell; and whether everything is there.

use std::process::Stdio;
use std::time::Duration;

use apex_monitor::status::{ActiveRun, Status};
use apex_monitor::wire::status_schema;
use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use serde_json::Value;

/// A layer that waits for a word, and one behind it.
const LAYERS: &str = r#"
apex: 1
layers:
  front:
    max_duration_minutes: 2
    categories:
      - {name: waiting, command: [sh, -c, "touch begun; until test -e go; do sleep 0.02; done; printf '1..1\nok 1 - one\n'"], report: stdout}
  behind:
    dependencies: [front]
    categories: [{name: last, command: [sh, -c, "exit 1"]}]
telemetry: {resources: {interval_seconds: 0.2}}
alerts:
  - {name: somebody waits, metric: queue_length, above: 0, level: low}
"#;

fn project() -> Project {
    Project::new(&[("apex.yaml", LAYERS)])
}

/// The status as JSON, true to its schema.
#[track_caller]
fn status(project: &Project) -> Status {
    let answer = project.run(&["status", "--json"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    let schema = status_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{}", answer.stdout);
    serde_json::from_value(document).unwrap()
}

#[track_caller]
fn assert_holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_run_is_seen_from_another_shell_while_it_goes_on_and_afterwards() {
    let project = project();
    let before = status(&project);
    assert!(before.active.is_empty() && before.recent.is_empty() && before.layers.is_empty());
    assert!(!project.root().join(".apex").exists(), "who only asks leaves nothing behind");

    let mut run = project.apex(&["run", "--mode", "nightly"]);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !project.root().join("begun").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Alerts are looked at once a second of the run.
    let mut during = status(&project);
    let has_seen_jobs = |run: &ActiveRun| run.used.as_ref().is_some_and(|one| !one.jobs.is_empty());
    while !during.active.iter().any(|run| has_seen_jobs(run) && !run.alerts.is_empty()) {
        during = status(&project);
    }
    let page = project.run(&["status"]).stdout;
    project.write("go", "");
    child.wait().unwrap();

    let [active] = &during.active[..] else { panic!("{during:#?}") };
    let states: Vec<(&str, &str)> =
        active.layers.iter().map(|layer| (&*layer.id, &*layer.state)).collect();
    assert_eq!(states, [("front", "running"), ("behind", "waiting")]);
    assert_eq!((active.running_jobs, active.queue), (1, 1), "{active:#?}");
    assert_eq!(active.layers[0].budget_seconds, Some(120.0));
    let used = active.used.as_ref().unwrap();
    assert_eq!((&*used.jobs[0].name, used.jobs[0].job), ("waiting", Some(0)));
    assert!(used.jobs[0].used.memory_mb > Some(0) && used.apex.memory_mb > Some(0), "{used:#?}");
    let alerts: Vec<(&str, &str)> =
        active.alerts.iter().map(|alert| (&*alert.alert, &*alert.level)).collect();
    assert_eq!(alerts, [("somebody waits", "low")]);
    assert!(during.recent.is_empty());
    assert_holds(
        &page,
        &[
            &active.run,
            "mode nightly",
            "front   running",
            "of 2 min",
            "somebody waits",
            "; apex itself ",
            "uses      waiting #0  ",
            "machine: ",
        ],
    );

    let after = status(&project);
    assert!(after.active.is_empty());
    let verdicts: Vec<(&str, &str)> =
        after.layers.iter().map(|last| (&*last.layer, &*last.verdict)).collect();
    assert_eq!(verdicts, [("front", "passed"), ("behind", "failed")]);
    assert_eq!((&*after.recent[0].run, &*after.recent[0].verdict), (&*active.run, "failed"));
    assert_holds(&project.run(&["status"]).stdout, &["no run goes on", "behind  failed"]);
}

#[test]
fn an_engine_that_does_not_answer_is_told_with_the_reason() {
    let project = project();
    let mut command = project.apex(&["status"]);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let answer = finish(command);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_holds(&answer.stdout, &["container engine: does not answer: ", "/nowhere/docker.sock"]);
}

/// What the doctor says, with its exit code.
fn doctor(project: &Project, variables: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let ask = |arguments: &[&str]| {
        let mut command = project.apex(arguments);
        command.envs(variables.iter().copied());
        finish(command)
    };
    let document = ask(&["doctor", "--json"]);
    let page = ask(&["doctor"]);
    assert_eq!(document.status.code(), page.status.code(), "{}", page.stderr);
    let parsed = serde_json::from_str(&document.stdout).unwrap();
    (page.status.code(), parsed, page.stdout)
}

/// The state of a check, and how to mend it.
fn check(document: &Value, what: &str) -> (String, String) {
    let all = document["checks"].as_array().unwrap();
    let one = all.iter().find(|check| check["what"] == what);
    let one = one.unwrap_or_else(|| panic!("{what} was not looked at: {document:#}"));
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("mend"))
}

/// What is wrong, the layer file, variables, what is broken, a word of how to mend it.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
fn the_doctor_names_what_is_broken_and_how_to_mend_it() {
    let layers = |rest: &str| format!("apex: 1\nlayers:\n  one:\n    categories: [{rest}]\n");
    let command = layers("{name: unit, command: [sh, -c, 'exit 0']}");
    let pytest = layers("{name: unit, runner: pytest, paths: [tests]}");
    let container = format!("{command}services:\n  web: {{image: \"web:1\"}}\n");
    let cases: [Case<'_>; 4] = [
        ("a program is missing", &pytest, &[("PATH", "/nowhere")], "pytest", "install pytest"),
        (
            "an engine is needed and does not answer",
            &container,
            &[("DOCKER_HOST", "unix:///nowhere/docker.sock")],
            "container engine",
            "",
        ),
        (
            "records cannot be written",
            &command,
            &[("APEX_STATE_DIR", "/proc/1/records")],
            "records",
            "APEX_STATE_DIR",
        ),
        ("a wrong layer file", "layers: 1", &[], "configuration", "apex config check"),
    ];
    for (case, file, variables, what, mend) in cases {
        let project = Project::new(&[("apex.yaml", file)]);
        let (code, document, page) = doctor(&project, variables);
        assert_eq!(code, Some(3), "{case}: {page}");
        let (state, how) = check(&document, what);
        assert_eq!(state, "broken", "{case}: {page}");
        assert!(!how.is_empty() && how.contains(mend), "{case}: {how}");
        assert_holds(&page, &["broken", what, "next: ", "is broken"]);
    }
}

#[test]
fn the_doctor_is_content_with_a_project_that_needs_nothing_special() {
    if tool("git").is_none() {
        return;
    }
    let project = project();
    let (code, document, page) =
        doctor(&project, &[("DOCKER_HOST", "unix:///nowhere/docker.sock")]);
    assert_eq!(code, Some(0), "{page}");
    for what in ["apex", "configuration", "git", "container engine", "records", "clock", "history"]
    {
        assert_eq!(check(&document, what).0, "fine", "{what}: {page}");
    }
    assert!(!project.root().join(".apex").exists(), "who only looks leaves nothing behind");
}
