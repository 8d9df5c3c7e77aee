//! What a program writes: kept whole, shown in bounds, fed in order.

use std::fs;

use apex_agents::process::{END_LIMIT, TEXT_LIMIT};
use apex_core::event::ProcessEnd;

use super::scene::{Scene, sh};

#[tokio::test]
async fn both_outputs_are_kept_shown_and_fed() {
    let mut scene = Scene::new();
    let story = scene.run(sh("echo one; echo two >&2; printf three")).await;
    let log = fs::read_to_string(scene.log()).unwrap();
    for word in ["one", "two", "three"] {
        assert!(log.contains(word), "log: {log:?}");
        assert!(story.text.contains(word), "{story:?}");
    }
    assert_eq!(log.len(), 13);
    let fed = scene.fed.lock().unwrap();
    assert_eq!(fed.stdout, b"one\nthree");
    assert_eq!(fed.bytes, 13);
}

#[tokio::test]
async fn a_silent_job_makes_no_log_file() {
    let mut scene = Scene::new();
    scene.run(sh("exit 0")).await;
    assert!(!scene.log().exists());
}

#[tokio::test]
async fn programs_of_one_attempt_and_further_attempts_append_to_the_log() {
    let mut scene = Scene::new();
    scene.submit(vec![sh("echo one"), sh("echo two")]);
    scene.finish().await;
    scene.run(sh("echo three")).await;
    assert_eq!(fs::read_to_string(scene.log()).unwrap(), "one\ntwo\nthree\n");
}

#[tokio::test]
async fn a_hundred_megabytes_are_kept_whole_and_shown_in_bounds() {
    const SIZE: u64 = 100 * 1024 * 1024;
    let mut scene = Scene::new();
    let story = scene.run(sh(&format!("yes 0123456789abcde | head -c {SIZE}"))).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0));
    assert_eq!(fs::metadata(scene.log()).unwrap().len(), SIZE);
    assert_eq!(scene.fed.lock().unwrap().bytes, SIZE);
    assert!((TEXT_LIMIT..=TEXT_LIMIT + END_LIMIT).contains(&story.text.len()));
    assert_eq!(story.omitted, SIZE - story.text.len() as u64, "its beginning and its end are told");
}

#[tokio::test]
async fn a_flood_on_one_output_does_not_hide_the_other() {
    let mut scene = Scene::new();
    let job = scene.submit(vec![sh("(sleep 0.1; echo seen >&2) & cat /dev/zero")]);
    while !fs::read(scene.log()).is_ok_and(|log| log.windows(4).any(|part| part == b"seen")) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    use apex_agents::executor::{Ending, Executor};
    scene.executor.cancel(job, Ending::Kill);
    assert_eq!(scene.finish().await.process_end(), &ProcessEnd::Signalled(9));
}

#[tokio::test]
async fn a_character_that_arrives_in_two_parts_is_shown_whole() {
    let mut scene = Scene::new();
    let story = scene.run(sh(r"printf '\303'; sleep 0.1; printf '\244\n\377\n'")).await;
    assert_eq!(story.text, "ä\n\u{fffd}\n");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_a_note_and_no_failure() {
    let mut scene = Scene::new();
    fs::create_dir_all(scene.log()).unwrap();
    let story = scene.run(sh("echo one; sleep 0.05; echo two")).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0));
    assert_eq!(story.text, "one\ntwo\n");
    let [note] = &*story.notes else { panic!("{:?}", story.notes) };
    assert!(note.contains("job.log"), "{note}");
}
