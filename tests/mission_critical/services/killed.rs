//! Apex is interrupted or killed at any moment: nothing of it stays in the engine.

use std::process::{Command, Stdio};
use std::time::Duration;

use apex_tests::docker::{assert_nothing_left, has_engine, of_project};
use apex_tests::processes::wait_until;
use apex_tests::project::Project;

use super::engine::sweep_by_next_run;
use super::scene::{project, run};

const SERVICES: &str = "one: {image: '{image}', command: 'sleep 60', volumes: ['data:/data']}
two: {image: '{image}', command: 'sleep 2; exec httpd -f -p 80', ports: {main: 80}, depends_on: [one]}";

/// A run that has come as far as this.
fn started(project: &Project, moment: &str) -> std::process::Child {
    let mut command = run(project, &[]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_until(moment, || match moment {
        "the network is there" => !of_project(project.root()).is_empty(),
        "the first container runs" => {
            of_project(project.root()).iter().any(|thing| thing.starts_with("container"))
        }
        _ => project.root().join("started").exists(),
    });
    child
}

fn signal(signal: &str, child: &std::process::Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn what_a_killed_run_left_is_taken_away_by_the_next() {
    if !has_engine() {
        return;
    }
    for moment in ["the network is there", "the first container runs", "the job runs"] {
        let project = project(SERVICES, "touch started; sleep 30");
        let mut child = started(&project, moment);
        signal("-KILL", &child);
        child.wait().unwrap();
        // A request that was on its way may still be done.
        std::thread::sleep(Duration::from_millis(500));
        sweep_by_next_run();
        wait_until("the next run has swept", || of_project(project.root()).is_empty());
    }
}

#[test]
fn the_guardian_takes_away_what_a_killed_run_left_without_another_run() {
    if !has_engine() {
        return;
    }
    let project = project(SERVICES, "touch started; sleep 30");
    let mut child = started(&project, "the job runs");
    signal("-KILL", &child);
    child.wait().unwrap();
    wait_until("the guardian has swept", || of_project(project.root()).is_empty());
}

#[test]
fn an_interrupted_run_takes_everything_away_itself() {
    if !has_engine() {
        return;
    }
    for moment in ["the network is there", "the first container runs", "the job runs"] {
        let project = project(SERVICES, "touch started; sleep 30");
        let mut child = started(&project, moment);
        signal("-INT", &child);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{moment}");
        assert_nothing_left(project.root());
    }
}
