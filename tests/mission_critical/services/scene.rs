//! A project with services and one job that needs them.

use std::process::Command;

use apex_tests::apex::apex;
use apex_tests::docker::assert_nothing_left;
use apex_tests::project::{Project, finish};
use apex_tests::watchdog::Finished;

/// One thing that goes wrong.
pub(super) struct Row {
    /// What it is, for messages.
    pub(super) name: &'static str,
    /// The services, as YAML under `services:`; `{image}` is an image with busybox.
    pub(super) services: &'static str,
    /// What the job runs.
    pub(super) job: &'static str,
    /// The exit code.
    pub(super) code: i32,
    /// Words that have to be said.
    pub(super) words: &'static [&'static str],
}

/// A project whose one category needs every service that begins in the first column.
pub(super) fn project(services: &str, job: &str) -> Project {
    let is_name = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let names: Vec<&str> =
        services.lines().filter(is_name).filter_map(|line| line.split(':').next()).collect();
    let indented: String = services.lines().map(|line| format!("  {line}\n")).collect();
    let indented = indented.replace("{image}", "apex-test/busybox:1");
    let job = serde_json::to_string(job).unwrap();
    let text = format!(
        "apex: 1\nlayers:\n  first:\n    required_services: [{}]\n    categories:\n      - name: \
         probe\n        timeout_seconds: 60\n        grace_seconds: 1\n        command: {job}\n\
         services:\n{indented}",
        names.join(", ")
    );
    Project::new(&[("apex.yaml", &text)])
}

/// A call of `apex run` in a project.
pub(super) fn run(project: &Project, env: &[(&str, &str)]) -> Command {
    let mut command = apex();
    command.current_dir(project.root()).args(["run", "--verbose"]);
    command.envs(env.iter().copied());
    command
}

/// Runs a row and requires what it says; nothing may be left.
pub(super) fn check(row: &Row) {
    let project = project(row.services, row.job);
    let answer = finish(run(&project, &[]));
    require(row, &answer);
    assert_nothing_left(project.root());
}

/// Requires exit code and words.
pub(super) fn require(row: &Row, answer: &Finished) {
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.status.code(), Some(row.code), "{}: {said}", row.name);
    for word in row.words {
        assert!(said.contains(word), "{}: no {word:?} in {said}", row.name);
    }
}
