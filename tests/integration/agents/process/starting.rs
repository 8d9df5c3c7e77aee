//! Programs that cannot be started: the report says what, why, and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use apex_agents::runners::Invocation;
use apex_core::event::ProcessEnd;

use super::scene::{Scene, program, sh};

async fn check(scene: &mut Scene, invocation: Invocation, words: &[&str]) {
    let story = scene.run(invocation).await;
    let ProcessEnd::NotStarted(reason) = story.process_end() else { panic!("{story:?}") };
    for word in words {
        assert!(reason.contains(word), "no {word:?} in {reason:?}");
    }
}

fn write_program(scene: &Scene, name: &str, content: &str, mode: u32) {
    let path = scene.root().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_name_that_no_folder_of_the_path_has() {
    let words = ["cannot start `no-such-program`", "on PATH", "install it"];
    check(&mut Scene::new(), program(&["no-such-program"]), &words).await;
}

#[tokio::test]
async fn an_empty_path() {
    let mut scene = Scene::new();
    scene.job_env.insert("PATH".to_owned(), String::new());
    check(&mut scene, program(&["true"]), &["PATH is empty"]).await;
}

#[tokio::test]
async fn a_file_that_does_not_exist() {
    check(&mut Scene::new(), program(&["./missing"]), &["missing", "does not exist"]).await;
}

#[tokio::test]
async fn a_file_that_must_not_be_executed() {
    let mut scene = Scene::new();
    write_program(&scene, "script", "#!/bin/sh\n", 0o644);
    check(&mut scene, program(&["./script"]), &["must not be executed", "chmod +x"]).await;
    let root = scene.root().display().to_string();
    scene.job_env.insert("PATH".to_owned(), root);
    check(&mut scene, program(&["script"]), &["is not executable", "chmod +x"]).await;
}

#[tokio::test]
async fn a_script_whose_interpreter_is_missing() {
    let mut scene = Scene::new();
    write_program(&scene, "script", "#!/no/such/interpreter -x\n", 0o755);
    check(&mut scene, program(&["./script"]), &["`/no/such/interpreter`", "first line"]).await;
}

#[tokio::test]
async fn a_directory_as_program() {
    let mut scene = Scene::new();
    fs::create_dir(scene.root().join("folder")).unwrap();
    check(&mut scene, program(&["./folder"]), &["is a directory"]).await;
}

#[tokio::test]
async fn a_working_directory_that_does_not_exist() {
    let mut invocation = sh("true");
    invocation.working_directory = "no/such/folder".to_owned();
    let words = ["no/such/folder", "working directory does not exist"];
    check(&mut Scene::new(), invocation, &words).await;
}

#[tokio::test]
async fn arguments_that_are_too_long() {
    let long = "x".repeat(4 * 1024 * 1024);
    check(&mut Scene::new(), program(&["true", &long]), &["too long", "split the work"]).await;
}

#[tokio::test]
async fn an_empty_argument_list() {
    check(&mut Scene::new(), program(&[]), &["argument list is empty"]).await;
}

#[tokio::test]
async fn an_argument_with_a_zero_byte() {
    check(&mut Scene::new(), program(&["true", "a\0b"]), &["cannot start", "nul byte"]).await;
}

#[tokio::test]
async fn a_session_that_runs_nothing_is_no_success() {
    let mut scene = Scene::new();
    scene.submit(Vec::new());
    let story = scene.finish().await;
    assert!(matches!(story.process_end(), ProcessEnd::NotStarted(_)), "{story:?}");
}
