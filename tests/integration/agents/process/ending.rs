//! How programs end, are ended, and what they leave behind.

use std::time::Duration;

use apex_agents::executor::{Ending, Executor};
use apex_core::event::ProcessEnd;
use tokio::time::{Instant, sleep};

use super::scene::{Scene, exists, program, runs, sh};

#[tokio::test]
async fn exit_codes_and_signals_are_reported() {
    for (script, end) in [
        ("exit 0", ProcessEnd::Exited(0)),
        ("exit 7", ProcessEnd::Exited(7)),
        ("exit 255", ProcessEnd::Exited(255)),
        ("kill -KILL $$", ProcessEnd::Signalled(9)),
        ("kill -TERM $$", ProcessEnd::Signalled(15)),
        ("kill -SEGV $$", ProcessEnd::Signalled(11)),
    ] {
        let mut scene = Scene::new();
        let story = scene.run(sh(script)).await;
        assert_eq!(story.process_end(), &end, "{script}");
        assert_eq!(scene.fed.lock().unwrap().ends, [end], "{script}");
        assert!(story.notes.is_empty(), "{script}: {story:?}");
    }
}

#[tokio::test]
async fn a_program_that_ended_is_no_zombie() {
    let story = Scene::new().run(sh("echo $$")).await;
    assert!(!exists(story.written_id()));
}

#[tokio::test]
async fn a_request_to_end_reaches_the_whole_group() {
    let mut scene = Scene::new();
    let job = scene.submit(vec![sh("sleep 300 & echo $!; wait")]);
    let story = scene.wait_for("\n").await;
    scene.executor.cancel(job, Ending::Terminate);
    assert_eq!(scene.finish().await.process_end(), &ProcessEnd::Signalled(15));
    assert!(!runs(story.written_id()));
}

#[tokio::test]
async fn what_was_written_before_the_request_is_told_before_it() {
    let mut scene = Scene::new();
    let script = "trap 'echo late; exit 1' TERM; echo ready; while ! test -e go; do sleep 0.02; \
                  done; echo early; touch written; while :; do sleep 0.02; done";
    let job = scene.submit(vec![sh(script)]);
    scene.wait_for("ready").await;
    std::fs::write(scene.root().join("go"), "").unwrap();
    // This test has one thread: while it is held, the executor reads nothing.
    while !scene.root().join("written").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    scene.executor.cancel(job, Ending::Terminate);
    let story = scene.finish().await;
    let before = story.before_stop.expect("the request reached it");
    assert!(before.contains("early") && !before.contains("late"), "{before}");
    assert!(story.text.contains("late"), "{}", story.text);
}

#[tokio::test]
async fn a_program_that_ignores_the_request_is_ended_by_the_kill() {
    let mut scene = Scene::new();
    let job =
        scene.submit(vec![sh("trap 'echo heard' TERM; echo $$; while :; do sleep 0.02; done")]);
    let story = scene.wait_for("\n").await;
    scene.executor.cancel(job, Ending::Terminate);
    scene.wait_for("heard").await;
    scene.executor.cancel(job, Ending::Kill);
    let killed = scene.finish().await;
    assert_eq!(killed.process_end(), &ProcessEnd::Signalled(9));
    assert!(killed.notes.is_empty(), "{killed:?}");
    assert!(!exists(story.written_id()));
}

#[tokio::test]
async fn members_of_the_group_may_use_the_grace_when_the_leader_is_faster() {
    let mut scene = Scene::new();
    let cleans_up = "(trap 'sleep 0.4; echo cleaned; exit' TERM; echo ready; \
                     while :; do sleep 0.02; done) & wait";
    let job = scene.submit(vec![sh(cleans_up)]);
    scene.wait_for("ready").await;
    scene.executor.cancel(job, Ending::Terminate);
    let story = scene.finish().await;
    assert!(story.text.contains("cleaned"), "{story:?}");
    assert!(story.notes.is_empty(), "{story:?}");
}

#[tokio::test]
async fn the_grace_of_members_ends_with_the_kill() {
    let mut scene = Scene::new();
    scene.grace = Duration::from_secs(300);
    let stubborn = "(trap 'echo heard' TERM; echo $$; while :; do sleep 0.02; done) & wait";
    let job = scene.submit(vec![sh(stubborn)]);
    scene.wait_for("\n").await;
    scene.executor.cancel(job, Ending::Terminate);
    scene.wait_for("heard").await;
    scene.executor.cancel(job, Ending::Kill);
    assert_eq!(scene.finish().await.process_end(), &ProcessEnd::Signalled(15));
}

#[tokio::test]
async fn what_a_program_leaves_behind_is_killed_and_reported() {
    for leaves in [
        "sleep 300 & echo $!",
        "sleep 300 >/dev/null 2>&1 & echo $!",
        "(trap '' TERM HUP; sleep 300) & echo $!",
        "(while :; do echo flood; done) & echo $!",
    ] {
        let mut scene = Scene::new();
        let story = scene.run(sh(leaves)).await;
        assert_eq!(story.process_end(), &ProcessEnd::Exited(0), "{leaves}");
        assert!(!runs(story.written_id()), "{leaves}");
        let [note] = &*story.notes else { panic!("{leaves}: {:?}", story.notes) };
        assert!(note.contains("left") && note.contains("killed"), "{leaves}: {note}");
    }
}

#[tokio::test]
async fn a_process_that_left_the_group_does_not_hold_the_attempt() {
    if apex_tests::tool::tool("setsid").is_none() {
        return;
    }
    let mut scene = Scene::new();
    // It ends by itself soon after: nothing of this test outlives it for long.
    let story = scene.run(sh("setsid sleep 3 & sleep 0.1; echo done")).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0));
    assert_eq!(story.text, "done\n");
}

#[tokio::test]
async fn after_a_request_to_end_no_further_program_is_started() {
    let mut scene = Scene::new();
    let marker = scene.root().join("marker");
    let first = sh("echo ready; sleep 300");
    let job = scene.submit(vec![first, sh("touch marker")]);
    scene.wait_for("ready").await;
    scene.executor.cancel(job, Ending::Terminate);
    assert_eq!(scene.finish().await.process_end(), &ProcessEnd::Signalled(15));
    assert!(!marker.exists());
}

#[tokio::test]
async fn a_request_for_another_job_changes_nothing() {
    let mut scene = Scene::new();
    let job = scene.submit(vec![sh("echo ready; sleep 0.1; exit 3")]);
    scene.wait_for("ready").await;
    scene.executor.cancel(apex_core::id::JobIx(job.0 + 1), Ending::Kill);
    assert_eq!(scene.finish().await.process_end(), &ProcessEnd::Exited(3));
}

#[tokio::test]
async fn a_panic_of_a_session_ends_its_attempt_and_its_processes() {
    let mut scene = Scene::new();
    let waits = "echo $$; while ! test -e go; do sleep 0.02; done; echo panic > $EVENTS; sleep 300";
    let mut panics = sh(waits);
    panics.event_channel = Some("EVENTS");
    scene.submit(vec![panics]);
    let id = scene.wait_for("\n").await.written_id();
    std::fs::write(scene.root().join("go"), "").unwrap();
    let story = scene.finish().await;
    let ProcessEnd::NotStarted(reason) = story.process_end() else { panic!("{story:?}") };
    assert!(reason.contains("internal error"), "{reason}");
    assert!(reason.contains("a line that a session cannot bear"), "{reason}");
    while runs(id) {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(scene.run(program(&["true"])).await.process_end(), &ProcessEnd::Exited(0));
}

#[tokio::test]
async fn a_shutdown_kills_what_still_runs() {
    let mut scene = Scene::new();
    scene.submit(vec![sh("trap '' TERM; echo $$; while :; do sleep 0.02; done")]);
    let story = scene.wait_for("\n").await;
    let deadline = Instant::now() + Duration::from_secs(30);
    assert_eq!(scene.executor.shutdown(deadline).await, 0);
    assert!(!exists(story.written_id()));
}
