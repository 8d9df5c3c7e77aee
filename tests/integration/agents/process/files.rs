//! The event channel, the private folder and report files.

use std::fs;

use apex_agents::runners::Invocation;
use apex_core::event::ProcessEnd;

use super::scene::{Scene, program, sh};

fn with_channel(script: &str) -> Invocation {
    Invocation { event_channel: Some("EVENTS"), ..sh(script) }
}

async fn lines_of(script: &str) -> Vec<String> {
    let mut scene = Scene::new();
    let story = scene.run(with_channel(script)).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0), "{script}: {story:?}");
    assert_eq!(scene.private_folders(), 0, "{script}");
    let fed = scene.fed.lock().unwrap();
    fed.lines.clone()
}

#[tokio::test]
async fn lines_of_the_event_channel_arrive_in_order() {
    for (script, lines) in [
        ("true", vec![]),
        ("echo one > $EVENTS; echo two >> $EVENTS", vec!["one", "two"]),
        ("printf 'a\\nb\\r\\n\\nc' > $EVENTS", vec!["a", "b", "", "c"]),
        ("echo one > $EVENTS; sleep 0.1; exec sh -c 'echo two > $EVENTS'", vec!["one", "two"]),
    ] {
        assert_eq!(lines_of(script).await, lines, "{script}");
    }
}

#[tokio::test]
async fn many_lines_written_before_the_end_are_all_read() {
    let lines = lines_of("seq 20000 > $EVENTS").await;
    assert_eq!(lines.len(), 20000);
    assert_eq!(lines.last().unwrap(), "20000");
}

#[tokio::test]
async fn a_line_over_the_limit_is_left_out_with_a_note() {
    let mut scene = Scene::new();
    let script = "{ head -c 1100000 /dev/zero | tr '\\0' x; echo; echo short; } > $EVENTS";
    let story = scene.run(with_channel(script)).await;
    assert_eq!(scene.fed.lock().unwrap().lines, ["short"]);
    let [note] = &*story.notes else { panic!("{:?}", story.notes) };
    assert!(note.contains("1 events were longer"), "{note}");
}

#[tokio::test]
async fn placeholders_name_a_folder_that_is_gone_afterwards() {
    let mut scene = Scene::new();
    let invocation = Invocation {
        env: [("OUT".to_owned(), "{out}".to_owned())].into(),
        private_files: &[("plugin.py", "content of the plugin")],
        report_files: vec!["{out}".to_owned(), "{private}/*.xml".to_owned()],
        event_channel: Some("EVENTS"),
        ..program(&[
            "sh",
            "-c",
            "test \"$1\" = \"$OUT\" && test {events} = \"$EVENTS\" && test -p {events} && \
             test ! -e \"$OUT\" && stat -c %a {private} {events} && \
             cat {private}/plugin.py && echo report > {out} && echo xml > {private}/b.xml && \
             cp {private}/b.xml {private}/a.xml",
            "sh",
            "{out}",
        ])
    };
    let story = scene.run(invocation).await;
    assert_eq!(story.process_end(), &ProcessEnd::Exited(0), "{story:?}");
    assert_eq!(story.text, "700\n600\ncontent of the plugin");
    assert_eq!(scene.private_folders(), 0);
    let fed = scene.fed.lock().unwrap();
    let names: Vec<&str> =
        fed.files.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["out", "a.xml", "b.xml"]);
    assert_eq!(fed.files[0].1, "report\n");
}

#[tokio::test]
async fn the_private_folder_is_there_as_long_as_the_attempt() {
    let mut scene = Scene::new();
    scene.submit(vec![sh("echo ready; sleep 0.1; : {private}")]);
    scene.wait_for("ready").await;
    assert_eq!(scene.private_folders(), 1);
    scene.finish().await;
    assert_eq!(scene.private_folders(), 0);
}

#[tokio::test]
async fn reports_of_an_earlier_run_are_not_read() {
    let mut scene = Scene::new();
    let reports = scene.root().join("sub/target");
    fs::create_dir_all(&reports).unwrap();
    fs::write(reports.join("old.xml"), "old").unwrap();
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options()
        .append(true)
        .open(reports.join("old.xml"))
        .unwrap()
        .set_modified(an_hour_ago)
        .unwrap();
    let invocation = Invocation {
        working_directory: "sub".to_owned(),
        report_files: vec!["target/**/*.xml".to_owned(), "./plain.xml".to_owned()],
        ..sh("mkdir target/deep; echo new > target/deep/new.xml; echo p > plain.xml; \
              echo no > target/no.txt")
    };
    scene.run(invocation).await;
    let fed = scene.fed.lock().unwrap();
    let files: Vec<(&str, &str)> = fed
        .files
        .iter()
        .map(|(path, content)| (path.rsplit("sub/").next().unwrap(), content.trim()))
        .collect();
    assert_eq!(files, [("target/deep/new.xml", "new"), ("plain.xml", "p")]);
}

#[tokio::test]
async fn a_report_over_the_limit_is_a_note() {
    let mut scene = Scene::new();
    let invocation = Invocation {
        report_files: vec!["*.xml".to_owned()],
        ..sh("echo small > b.xml; truncate -s 65M a.xml")
    };
    let story = scene.run(invocation).await;
    let [note] = &*story.notes else { panic!("{:?}", story.notes) };
    assert!(note.contains("a.xml") && note.contains("64 MiB"), "{note}");
    assert_eq!(scene.fed.lock().unwrap().files.len(), 1);
}

#[tokio::test]
async fn a_pattern_that_is_none_is_a_note() {
    let mut scene = Scene::new();
    let invocation = Invocation { report_files: vec!["[".to_owned()], ..sh("true") };
    let story = scene.run(invocation).await;
    let [note] = &*story.notes else { panic!("{:?}", story.notes) };
    assert!(note.contains("is not a pattern"), "{note}");
}
