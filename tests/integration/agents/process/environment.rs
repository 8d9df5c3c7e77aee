//! What a program gets: variables, arguments, standard input, where it is found.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use apex_core::event::ProcessEnd;
use apex_tests::tool::tool;

use super::scene::{Scene, idle, program, sh};

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn variables_are_those_given_and_later_layers_win() {
    let Some(env) = tool("env") else { return };
    let mut scene = Scene::with_base_env(variables(&[("A", "base"), ("B", "base"), ("C", "base")]));
    scene.job_env = variables(&[("B", "job"), ("C", "job"), ("D", "job")]);
    scene.run_env = variables(&[("C", "run"), ("D", "run")]);
    let mut invocation = program(&[env.to_str().unwrap()]);
    invocation.env = variables(&[("D", "invocation")]);
    let story = scene.run(invocation).await;
    let mut lines: Vec<&str> = story.text.lines().collect();
    lines.sort_unstable();
    let is_own =
        |line: &&str| !line.starts_with("APEX_JOB_COOKIE=") && !line.starts_with("TMPDIR=");
    let (lines, of_apex): (Vec<&str>, Vec<&str>) = lines.into_iter().partition(is_own);
    assert_eq!(lines, ["A=base", "B=job", "C=job", "D=invocation"]);
    assert_eq!(of_apex.len(), 2, "every program carries a mark and has a folder: {of_apex:?}");
}

#[tokio::test]
async fn temporary_files_go_into_a_folder_of_the_attempt_which_goes_with_it() {
    let mut scene = Scene::new();
    let story = scene.run(sh("touch $TMPDIR/left && chmod 700 $TMPDIR && echo $TMPDIR")).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0), "{story:?}");
    let folder = std::path::Path::new(story.text.trim());
    assert!(folder.is_absolute() && !folder.exists(), "{}", folder.display());
    let mut scene = Scene::new();
    scene.job_env = variables(&[("TMPDIR", "/of/the/category")]);
    assert_eq!(scene.run(sh("echo $TMPDIR")).await.text, "/of/the/category\n");
}

#[tokio::test]
async fn a_folder_for_temporary_files_is_used_again_only_when_it_is_as_it_was_made() {
    // What a program does with its folder, and whether the next one may get it.
    let table = [
        ("true", true),
        ("echo text > $TMPDIR/file && rm $TMPDIR/file", true),
        ("mkdir $TMPDIR/.hidden", false),
        ("for n in 1 2 3 4 5 6 7 8 9; do : > $TMPDIR/a_file_of_a_longer_name_$n; done", false),
        ("ln -s /nowhere $TMPDIR/dangling", false),
        ("chmod 755 $TMPDIR", false),
        ("rmdir $TMPDIR", false),
        ("rmdir $TMPDIR && ln -s $HOST $TMPDIR", false),
        ("rmdir $TMPDIR && : > $TMPDIR", false),
    ];
    for (what, is_again) in table {
        let mut scene = Scene::new();
        let host = scene.root().join("host");
        fs::create_dir(&host).unwrap();
        fs::set_permissions(&host, fs::Permissions::from_mode(0o700)).unwrap();
        scene.job_env = variables(&[("HOST", host.to_str().unwrap())]);
        let first = scene.run(sh(&format!("echo $TMPDIR; {what}"))).await;
        let look = "echo $TMPDIR; ls -A $TMPDIR; stat -c %a $TMPDIR";
        let second = scene.run(sh(look)).await;
        let lines: Vec<&str> = second.text.lines().collect();
        assert_eq!(lines.len(), 2, "{what}: the next one found it empty: {second:?}");
        assert_eq!(lines[1], "700", "{what}");
        assert_eq!(lines[0] == first.text.trim(), is_again, "{what}: {first:?} {second:?}");
        assert!(host.exists(), "{what}: what a link leads to is nobody's to remove");
        drop(std::mem::replace(&mut scene.executor, idle()));
        assert!(!std::path::Path::new(lines[0]).exists(), "{what}: it goes with the executor");
    }
}

#[tokio::test]
async fn two_attempts_at_the_same_time_have_each_a_folder_of_its_own() {
    let mut scene = Scene::new();
    scene.submit(vec![sh("echo $TMPDIR; until [ -e go ]; do sleep 0.01; done")]);
    let first = scene.wait_for("\n").await;
    let second = scene.run(sh("echo $TMPDIR")).await;
    assert_ne!(first.text, second.text);
    fs::write(scene.root().join("go"), "").unwrap();
    assert_eq!(scene.finish().await.process_end(), &ProcessEnd::Exited(0));
}

#[tokio::test]
async fn standard_input_is_empty() {
    let story = Scene::new().run(program(&["cat"])).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0));
    assert_eq!(story.text, "");
}

#[tokio::test]
async fn arguments_are_not_read_by_a_shell() {
    let story = Scene::new().run(program(&["printf", "%s|", "$HOME", "a b", "*", ""])).await;
    assert_eq!(story.text, "$HOME|a b|*||");
}

#[tokio::test]
async fn a_program_is_looked_up_on_the_path_that_it_gets() {
    let mut scene = Scene::new();
    let folder = scene.root().join("tools");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("true"), "#!/bin/sh\necho own: $0\n").unwrap();
    fs::set_permissions(folder.join("true"), fs::Permissions::from_mode(0o755)).unwrap();
    scene.job_env.insert("PATH".to_owned(), format!("/nowhere:{}", folder.display()));
    let story = scene.run(program(&["true"])).await;
    assert_eq!(story.text, format!("own: {}/true\n", folder.display()));
}

#[tokio::test]
async fn a_path_counts_from_the_working_directory() {
    let mut scene = Scene::new();
    let folder = scene.root().join("sub");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("here"), "#!/bin/sh\npwd\n").unwrap();
    fs::set_permissions(folder.join("here"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut invocation = program(&["./here"]);
    invocation.working_directory = "sub".to_owned();
    let story = scene.run(invocation).await;
    assert_eq!(story.text.trim_end(), folder.canonicalize().unwrap().to_str().unwrap());
}

#[tokio::test]
async fn a_program_leads_a_group_of_its_own() {
    let story = Scene::new().run(sh("echo $$; cut -d' ' -f5 /proc/$$/stat")).await;
    let ids: Vec<&str> = story.text.lines().collect();
    assert_eq!(ids[0], ids[1]);
}
