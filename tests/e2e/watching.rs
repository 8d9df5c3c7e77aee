//! Jobs are watched while they run: silence, slow tests, floods, and a run that is stopped as a
//! whole and goes on.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use apex_tests::tool::tool;

fn project(category: &str) -> Project {
    let layers = format!(
        "apex: 1\nlayers:\n  fast_feedback:\n    grace_seconds: 2\n    categories:\n      - {category}\n"
    );
    Project::new(&[("apex.yaml", &layers)])
}

#[test]
fn a_job_that_says_nothing_is_told_and_ended() {
    let project = project(
        "{name: mute, quiet_after_seconds: 0.3, no_output_timeout_seconds: 0.9, \
         command: \"echo begins; exec sleep 300\"}",
    );
    let run = project.run(&["run", "--mode", "fast_feedback"]);
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("mute job 0: no output for 0.3"), "{}", run.stderr);
    let why = "it was quiet for longer than `no_output_timeout_seconds`";
    assert!(run.stderr.contains(why), "{}", run.stderr);
}

#[test]
fn a_job_that_says_something_from_time_to_time_is_not_quiet() {
    let project = project(
        "{name: chatty, quiet_after_seconds: 2, no_output_timeout_seconds: 3, \
         command: \"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo $i; sleep 0.2; done\"}",
    );
    let run = project.run(&["run", "--mode", "fast_feedback"]);
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    assert!(!run.stderr.contains("no output for"), "{}", run.stderr);
}

#[test]
fn a_test_that_takes_too_long_is_called_slow_once() {
    let Some(_) = tool("pytest") else { return };
    let project =
        project("{name: unit, runner: pytest, paths: [test_a.py], slow_after_seconds: 0.4}");
    project.write(
        "test_a.py",
        "import time\ndef test_long():\n    time.sleep(1.6)\ndef test_short():\n    pass\n",
    );
    let run = project.run(&["run", "--mode", "fast_feedback"]);
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    let told = run.stderr.matches("slow unit: test_a.py::test_long: 0.4").count();
    assert_eq!(told, 1, "{}", run.stderr);
    assert!(!run.stderr.contains("test_short: "), "{}", run.stderr);
}

#[test]
fn a_flood_without_a_line_end_is_kept_from_both_ends() {
    let project = project(
        "{name: flood, output_limit_mb: 2, \
         command: \"printf BEGIN; head -c 300000000 /dev/zero | tr '\\\\0' x; printf END\"}",
    );
    let run = project.run(&["run", "--mode", "fast_feedback"]);
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    let folder = project.last_run().join("output");
    let files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|one| one.expect("an entry").path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let kept = std::fs::read_to_string(&files[0]).expect("text");
    assert!(kept.len() < 2 * 1024 * 1024 + 200, "{} bytes", kept.len());
    assert!(kept.starts_with("BEGINx") && kept.ends_with("xEND"), "both ends");
    let gone = 300_000_008 - 2 * 1024 * 1024;
    assert!(kept.contains(&format!("{gone} bytes of output were left out here")), "the number");
}

/// Stops a run with the signal of Ctrl-Z for longer than its limits, and lets it go on.
#[test]
fn a_run_that_is_stopped_by_a_key_stands_still_and_goes_on() {
    let project = project(
        "{name: counter, timeout_seconds: 3, no_output_timeout_seconds: 2, \
         command: \"for i in 1 2 3 4 5 6 7 8; do echo $i >> ticks; echo $i; sleep 0.2; done\"}",
    );
    let said = std::fs::File::create(project.root().join("said")).expect("a file");
    let mut command = project.apex(&["run", "--mode", "fast_feedback"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn();
    let mut child = child.expect("apex starts");
    let ticks = || std::fs::read_to_string(project.root().join("ticks")).unwrap_or_default();
    wait_until("the job runs", || ticks().lines().count() >= 2);
    signal(&child, "TSTP");
    wait_until("apex stands still", || state(&child) == Some('T'));
    let before = ticks();
    // Longer than both limits of the job.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(ticks(), before, "the job stands still, too");
    signal(&child, "CONT");
    let mut status = None;
    wait_until("the end of the run", || {
        status = child.try_wait().expect("a child can be waited for");
        status.is_some()
    });
    let said = project.read("said");
    assert_eq!(status.and_then(|status| status.code()), Some(0), "{said}");
    assert!(said.contains("paused") && said.contains("goes on"), "{said}");
    assert_eq!(ticks().lines().count(), 8, "{said}");
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill can be started").success(), "kill -s {name}");
}

/// The state of a process as `/proc` says it.
fn state(child: &Child) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
