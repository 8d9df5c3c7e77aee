//! Supervisors and runs that are killed at random moments: every task ends in exactly one state,
//! nothing is done twice, nothing is left running, and another try does only what was left open.
//!
//! `APEX_BACKGROUND_KILLS=n` changes how often that happens.

use std::thread::sleep;
use std::time::Duration;

use apex_tests::processes::{assert_none_left, wait_until};
use apex_tests::random::Random;

use super::{kill, lines, project, state, supervisors, tasks, times};

/// Kills, unless the variable says something else.
const KILLS: u32 = 6;

/// The longest time between a look and the next kill, in milliseconds.
const LONGEST: u64 = 700;

#[test]
fn a_supervisor_that_is_killed_costs_no_task_and_doubles_none() {
    let project = project(6, "0.3");
    let mut random = Random::new(8);
    for number in 0..6 {
        let category = format!("a{number}");
        let put = project.run(&["run", "--background", "--categories", &category]);
        assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
    }
    for _ in 0..times("APEX_BACKGROUND_KILLS", KILLS) {
        sleep(Duration::from_millis(random.within(0, LONGEST)));
        supervisors(&project).into_iter().for_each(kill);
        // Any command finds the truth, and starts a supervisor when work is left.
        let _ = tasks(&project);
    }
    let waited = project.run(&["bg", "wait"]);
    let all = tasks(&project);
    let mut interrupted = Vec::new();
    for task in &all {
        match state(task) {
            "finished" => {
                assert_eq!(task["exit_code"], 0, "{task:#}");
                assert_eq!(task["runs"].as_array().map(Vec::len), Some(1), "{task:#}");
            }
            // The supervisor was killed between writing a start down and starting.
            "interrupted" => interrupted.push(task["task"].as_str().expect("an id").to_owned()),
            other => panic!("{other}: {task:#}"),
        }
    }
    assert_eq!(all.len(), 6, "{}", waited.stderr);
    for id in interrupted {
        assert_eq!(project.run(&["bg", "retry", &id]).status.code(), Some(0));
    }
    assert_eq!(project.run(&["bg", "wait"]).status.code(), Some(0));
    for number in 0..6 {
        let ran = lines(project.root(), &format!("ran-a{number}"));
        assert_eq!(ran, 1, "category a{number} ran once");
    }
    assert_none_left(project.root().to_str().expect("UTF-8"));
}

#[test]
fn a_run_that_is_killed_is_interrupted_and_a_retry_does_only_what_was_left_open() {
    let project = project(4, "0.4");
    let put = project.run(&["run", "--background", "--layers", "all", "--jobs", "1"]);
    assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
    let id = put.stdout.trim().to_owned();
    // What Apex has written down, not what a test has done: between them lies a moment.
    let settled = || tasks(&project)[0]["progress"]["settled"].as_u64().unwrap_or(0);
    wait_until("the second category", || settled() >= 2);
    let listed = tasks(&project);
    let run = listed[0]["process"].as_u64().expect("it runs");
    // Supervisor and run, and with the run everything it started.
    supervisors(&project).into_iter().for_each(kill);
    kill(u32::try_from(run).expect("a process id"));
    wait_until("the truth", || state(&tasks(&project)[0]) == "interrupted");
    assert_none_left(&id);

    let again = project.run(&["bg", "retry", &id]);
    assert_eq!(again.status.code(), Some(0), "{}", again.stderr);
    let waited = project.run(&["bg", "wait", &id]);
    assert_eq!(waited.status.code(), Some(0), "{}{}", waited.stdout, waited.stderr);
    let mut repeated = 0;
    for number in 0..4 {
        let ran = lines(project.root(), &format!("ran-a{number}"));
        assert!(lines(project.root(), &format!("done-a{number}")) >= 1, "a{number} was run");
        repeated += usize::from(ran > 1);
        assert!(ran <= 2, "category a{number} ran {ran} times");
    }
    assert!(repeated <= 1, "only what was running when the run was killed is repeated");
    assert_none_left(project.root().to_str().expect("UTF-8"));
}
