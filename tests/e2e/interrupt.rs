//! Signals: an orderly end at the first, an end at once at the second, and what a `kill -9` of
//! Apex itself leaves behind.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use apex_tests::junit::{Ended, cases};
use apex_tests::processes::{assert_none_left, wait_until, with_mark};
use apex_tests::project::Project;
use apex_tests::tool::tool;

/// One program that ends when it is asked to, one that does not, and one that never starts.
fn project(grace_seconds: u32) -> Project {
    let project = Project::new(&[]);
    let mark = mark(project.root());
    let layers = format!(
        "apex: 1\nlayers:\n  fast_feedback:\n    grace_seconds: {grace_seconds}\n    \
         execution_mode: parallel\n    categories:\n      \
         - {{name: polite, env: {{E2E_MARK: \"{mark}\"}}, command: \"touch polite.ran; exec sleep 300\"}}\n      \
         - {{name: stubborn, env: {{E2E_MARK: \"{mark}\"}}, command: \"trap '' TERM INT; touch stubborn.ran; \
         while :; do sleep 1; done\"}}\n      \
         - {{name: later, command: \"touch later.ran\"}}\n    \
         resource_limits: {{max_parallel_instances: 2}}\n"
    );
    project.write("apex.yaml", &layers);
    project
}

/// A run of Apex that has got as far as running both programs.
fn started(project: &Project) -> Child {
    let log = std::fs::File::create(project.root().join("said")).expect("a file");
    let mut command = project.apex(&["run", "--mode", "fast_feedback"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    let child = child.expect("apex starts");
    wait_until("both programs run", || {
        ["polite.ran", "stubborn.ran"].iter().all(|file| project.root().join(file).exists())
    });
    let seen = with_mark(mark(project.root())).len();
    assert!(seen >= 2 || !Path::new("/proc").exists(), "the search for processes sees {seen}");
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill can be started").success(), "kill -s {name}");
}

/// Waits for the end, and checks the exit code and that nothing is left.
fn ended_with(mut child: Child, project: &Project, code: i32) -> String {
    let mut status = None;
    wait_until("the end of the run", || {
        status = child.try_wait().expect("a child can be waited for");
        status.is_some()
    });
    let said = project.read("said");
    assert_eq!(status.and_then(|status| status.code()), Some(code), "{said}");
    assert_none_left(mark(project.root()));
    said
}

/// The word by which the children of a run are found: the layer file puts it into their
/// environment.
fn mark(root: &Path) -> &str {
    root.to_str().expect("a UTF-8 folder")
}

#[test]
fn one_interrupt_ends_a_run_in_order() {
    if tool("kill").is_none() {
        return;
    }
    let project = project(1);
    let child = started(&project);
    signal(&child, "INT");
    let said = ended_with(child, &project, 130);
    assert!(said.contains("a second signal kills it at once"), "{said}");
    assert!(said.contains("stopped by an interrupt (signal 2)"), "{said}");
    assert!(!said.contains("FAILED polite"), "what Apex ended did not fail: {said}");
    assert!(!project.root().join("later.ran").exists(), "nothing starts after a signal");
    let report = cases(&project.junit());
    assert!(report.iter().all(|case| case.ended != Ended::Passed), "{report:?}");
    assert!(report.iter().any(|case| case.name.contains("later")), "{report:?}");
    for file in ["events.jsonl", "summary.json"] {
        assert!(project.last_run().join(file).exists(), "{file} is missing");
    }
}

#[test]
fn a_second_interrupt_does_not_wait_for_the_grace() {
    if tool("kill").is_none() {
        return;
    }
    // The limit of the waiting is far below this grace: the test ends only without it.
    let project = project(300);
    let child = started(&project);
    signal(&child, "INT");
    wait_until("the first signal is answered", || project.read("said").contains("interrupted"));
    signal(&child, "INT");
    let said = ended_with(child, &project, 130);
    assert!(said.contains("killing what runs"), "{said}");
}

#[test]
fn a_request_to_end_is_answered_like_an_interrupt() {
    if tool("kill").is_none() {
        return;
    }
    let project = project(1);
    let child = started(&project);
    signal(&child, "TERM");
    ended_with(child, &project, 143);
}

#[test]
fn a_killed_apex_does_not_hinder_the_next_run() {
    if tool("kill").is_none() {
        return;
    }
    let project = project(1);
    let mut child = started(&project);
    signal(&child, "KILL");
    child.wait().expect("a killed child ends");
    let left = with_mark(mark(project.root()));
    project.write("apex.yaml", "apex: 1\nlayers: {a: {categories: [{name: x, command: 'true'}]}}");
    let answer = project.run(&["run", "--mode", "weekend", "--no-wait"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_eq!(project.runs().len(), 2, "the record of the killed run is kept");
    for line in left {
        // Children of a killed run survive it; they are taken away by this test.
        let id = line.split(':').next().unwrap_or_default();
        let _ = Command::new("kill").args(["-s", "KILL", id]).status();
    }
}

/// A run of one category that has got as far as writing these files.
fn under_way(project: &Project, path: Option<&std::ffi::OsStr>, files: &[&str]) -> Child {
    let log = std::fs::File::create(project.root().join("said")).expect("a file");
    let mut command = project.apex(&["run", "--categories", "unit"]);
    if let Some(path) = path {
        command.env("PATH", path).env("RUST_TEST_THREADS", "1");
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    wait_until("the tests are under way", || {
        files.iter().all(|file| project.root().join(file).exists())
    });
    child.expect("apex starts")
}

fn layers(root: &Path, category: &str) -> String {
    let mark = mark(root);
    format!(
        "apex: 1\nlayers:\n  a:\n    grace_seconds: 20\n    categories:\n      - {{name: unit, \
         retries: 0, env: {{E2E_MARK: \"{mark}\"}}, {category}}}\n"
    )
}

/// How a test of the latest report ended.
fn ended(project: &Project, name: &str) -> Ended {
    let cases = cases(&project.junit());
    let case = cases.iter().find(|case| case.name.ends_with(name));
    case.unwrap_or_else(|| panic!("{name} is not in {cases:?}")).ended
}

#[test]
fn a_failure_from_before_the_signal_stays_a_failure() {
    let (Some(_), Some(cargo)) = (tool("kill"), tool("cargo")) else { return };
    // Without nextest: libtest tells why a test failed only at its own end.
    let tools = tempfile::tempdir().expect("a folder");
    for name in ["cargo", "rustc", "rustdoc"] {
        let program = cargo.with_file_name(name);
        std::os::unix::fs::symlink(program, tools.path().join(name)).expect("a link");
    }
    let rest = ["/usr/bin", "/bin"].map(Into::into);
    let path = std::env::join_paths([tools.path().to_owned()].into_iter().chain(rest));
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"held\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
        ),
        (
            "src/lib.rs",
            "#[test] fn a_fails() { panic!(\"no\"); }\n#[test] fn b_hangs() { \
             std::fs::write(\"b.ran\", \"\").unwrap(); \
             std::thread::sleep(std::time::Duration::from_secs(600)); }\n",
        ),
    ]);
    project.write("apex.yaml", &layers(project.root(), "runner: cargo"));
    let child = under_way(&project, Some(&path.expect("a path")), &["b.ran"]);
    signal(&child, "INT");
    let said = ended_with(child, &project, 130);
    assert_eq!(ended(&project, "a_fails"), Ended::Failed, "{said}");
    assert_eq!(ended(&project, "b_hangs"), Ended::Skipped, "{said}");
}

#[test]
fn a_test_that_breaks_off_because_of_the_signal_has_not_failed() {
    let (Some(_), Some(_)) = (tool("kill"), tool("python3")) else { return };
    let project = Project::new(&[(
        "tests/test_signal.py",
        "import signal, time, unittest\n\n\ndef fail(*_):\n    raise AssertionError('told to end')\n\n\n\
         class Suite(unittest.TestCase):\n    def test_breaks_off(self):\n        \
         signal.signal(signal.SIGTERM, fail)\n        open('it.ran', 'w').close()\n        \
         time.sleep(300)\n",
    )]);
    project.write("apex.yaml", &layers(project.root(), "runner: unittest, paths: [tests]"));
    let child = under_way(&project, None, &["it.ran"]);
    signal(&child, "INT");
    let said = ended_with(child, &project, 130);
    assert_eq!(ended(&project, "test_breaks_off"), Ended::Skipped, "{said}");
}

#[test]
fn what_apex_was_started_to_ignore_its_programs_ignore_too() {
    if !Path::new("/proc/self/status").exists() {
        return;
    }
    let project = Project::new(&[(
        "apex.yaml",
        "apex: 1\nlayers: {a: {categories: [{name: x, command: [grep, SigIgn, /proc/self/status]}]}}\n",
    )]);
    let ignored_by_programs = |trap: &str| {
        let apex = project.apex(&["run"]);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{trap} exec \"$@\""), "sh"]);
        command.arg(apex.get_program()).args(apex.get_args()).current_dir(project.root());
        for (name, value) in apex.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        assert!(command.output().expect("sh can be started").status.success());
        let text = std::fs::read_to_string(project.last_run().join("output/x-0-1.log"));
        let text = text.expect("captured output");
        let mask = text.trim_end().strip_prefix("SigIgn:\t").expect("the line asked for");
        // Those of POSIX; the C library has two behind them.
        u64::from_str_radix(mask, 16).expect("a hexadecimal number") & 0x7fff_ffff
    };
    // A shell that starts something in the background ignores some, and so may do these tests.
    let before = ignored_by_programs("");
    assert_eq!(before & (1 << 9 | 1 << 11), 0, "{before:x}");
    // The tenth signal and the twelfth; Apex itself reacts to none of them.
    assert_eq!(ignored_by_programs("trap '' USR1 USR2;"), before | 1 << 9 | 1 << 11);
}
