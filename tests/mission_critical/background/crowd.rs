//! Many shells at the same time: no task is lost or doubled, and nobody waits for long.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use apex_tests::processes::assert_none_left;
use apex_tests::watchdog::finish_within;

use super::{lines, project, state, tasks};

/// Shells.
const SHELLS: u32 = 20;

#[test]
fn twenty_shells_put_list_and_cancel_at_once_and_nothing_is_lost_or_doubled() {
    let project = project(SHELLS, "0.01");
    let ids: Vec<(u32, String)> = std::thread::scope(|scope| {
        let shells: Vec<_> = (0..SHELLS)
            .map(|shell| {
                let project = &project;
                scope.spawn(move || {
                    let category = format!("a{shell}");
                    let run = ["run", "--background", "--categories", &category];
                    let mut put = project.apex(&run);
                    put.stdin(Stdio::null());
                    let put = finish_within(put, Duration::from_secs(120)).expect("it ends");
                    assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
                    let id = put.stdout.trim().to_owned();
                    let listed = tasks(project);
                    assert!(listed.iter().any(|task| task["task"] == *id), "{id} is listed");
                    if shell % 2 == 0 {
                        // It may have ended in the meantime; that is refused.
                        let cancelled = project.run(&["bg", "cancel", &id]);
                        let code = cancelled.status.code();
                        assert!(matches!(code, Some(0 | 2)), "{code:?} {}", cancelled.stderr);
                    }
                    (shell, id)
                })
            })
            .collect();
        shells.into_iter().map(|shell| shell.join().expect("no panic")).collect()
    });
    let different: BTreeSet<&String> = ids.iter().map(|(_, id)| id).collect();
    assert_eq!(different.len(), SHELLS as usize, "a task each");
    let waited = project.run(&["bg", "wait"]);
    assert!(waited.status.code().is_some(), "{}", waited.stderr);
    let all = tasks(&project);
    assert_eq!(all.len(), SHELLS as usize);
    for (shell, id) in &ids {
        let task = all.iter().find(|task| task["task"] == **id).expect("every task is there");
        let ran = lines(project.root(), &format!("ran-a{shell}"));
        match state(task) {
            "finished" => assert_eq!((ran, &task["exit_code"]), (1, &0.into()), "{task:#}"),
            "cancelled" => assert!(shell % 2 == 0 && ran <= 1, "{task:#}"),
            other => panic!("{other}: {task:#}"),
        }
    }
    assert_none_left(project.root().to_str().expect("UTF-8"));
}

#[test]
fn twenty_shells_that_ask_for_the_same_get_one_task() {
    let project = project(1, "3");
    let ids: BTreeSet<String> = std::thread::scope(|scope| {
        let ask = || {
            let put = project.run(&["run", "--background", "--categories", "a0"]);
            assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
            put.stdout.trim().to_owned()
        };
        let shells: Vec<_> = (0..SHELLS).map(|_| scope.spawn(ask)).collect();
        shells.into_iter().map(|shell| shell.join().expect("no panic")).collect()
    });
    // Without a commit, work that runs already may see other files; what waits is the same.
    assert!(ids.len() <= 2, "{ids:?}");
    assert_eq!(project.run(&["bg", "wait"]).status.code(), Some(0));
    assert_eq!(lines(project.root(), "ran-a0"), ids.len());
}
