//! `apex watch` with real files.

use std::fs::File;
use std::process::{Child, Stdio};

use apex_tests::apex::apex;
use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use apex_tests::terminal::Terminal;
use apex_tests::tool::tool;

const LAYERS: &str = "\
apex: 1
layers:
  fast_feedback:
    execution_mode: sequential
    categories:
      - {name: steady, command: \"true\"}
      - {name: needy, command: test -e wanted}
";

/// A watch that writes what it says to a file outside of the project.
struct Watch {
    project: Project,
    said: tempfile::NamedTempFile,
    process: Child,
}

impl Watch {
    fn of(layers: &str, options: &[&str]) -> Self {
        let project = Project::new(&[("apex.yaml", layers), (".gitignore", "*.log\nout/\ngo\n")]);
        let said = tempfile::NamedTempFile::new().expect("a file");
        let writer = File::options().append(true).open(said.path()).expect("the file");
        let mut command = apex();
        command.args(["watch", "--progress-mode", "simple"]).args(options);
        command.current_dir(project.root()).stdin(Stdio::null());
        let process = command.stderr(writer).spawn().expect("apex can be started");
        Self { project, said, process }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.said.path()).expect("the file")
    }

    fn waits_for(&self, times: usize, text: &str) {
        wait_until(&format!("{times} times: {text}"), || {
            self.said().matches(text).count() >= times
        });
    }

    fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status();
        assert!(status.expect("kill can be started").success());
    }

    /// Ends it and returns its exit code and what it said.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let code = self.process.wait().expect("an exit code").code();
        (code, self.said())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

#[test]
fn what_failed_runs_first_and_the_rest_when_it_passes() {
    let watch = Watch::of(LAYERS, &[]);
    watch.waits_for(1, "watch: something fails; waiting for changes");
    watch.project.write("source.txt", "1");
    watch.waits_for(1, "watch: source.txt changed\nwatch: first what failed");
    watch.waits_for(2, "watch: something fails; waiting for changes");
    let so_far = watch.said();
    assert_eq!(so_far.matches("steady: passed").count(), 1, "only what failed ran: {so_far}");

    watch.project.write("wanted", "");
    watch.waits_for(1, "watch: wanted changed");
    watch.waits_for(3, "waiting for changes");
    let (code, said) = watch.end("TERM");
    assert_eq!(said.matches("watch: something fails").count(), 2, "{said}");
    assert_eq!(said.matches("steady: passed").count(), 2, "the rest followed: {said}");
    assert_eq!(said.matches("\nPASSED in").count(), 2, "first what failed, then all: {said}");
    assert_eq!(code, Some(143), "{said}");
}

#[test]
fn what_failed_runs_with_the_options_that_were_typed() {
    let options =
        ["--env", "staging", "--layers", "fast_feedback", "--junit", "out/junit.xml", "--jobs=2"];
    let options = [&options[..], &["--verbose", "--heartbeat", "0", "--restart"]].concat();
    let watch = Watch::of(LAYERS, &options);
    watch.waits_for(1, "watch: something fails; waiting for changes");
    let junit = watch.project.root().join("out/junit.xml");
    let report = || std::fs::read_to_string(&junit).unwrap_or_default();
    assert!(report().contains("steady") && report().contains("needy"), "{}", report());

    watch.project.write("source.txt", "1");
    watch.waits_for(2, "watch: something fails; waiting for changes");
    assert!(!report().contains("steady"), "a report of what failed alone: {}", report());
    assert!(report().contains("needy"), "{}", report());
    assert!(report().contains(r#"name="environment" value="staging""#), "{}", report());
    let (_, said) = watch.end("TERM");
    assert_eq!(said.matches("watch: first what failed").count(), 1, "{said}");
}

#[test]
fn what_git_ignores_and_what_apex_writes_is_no_change() {
    let watch = Watch::of(LAYERS, &[]);
    watch.waits_for(1, "waiting for changes");
    watch.project.write("run.log", "1");
    watch.project.write("out/deep/file.txt", "1");
    watch.project.write(".source.txt.swp", "1");
    watch.project.write("new/folder/source.txt", "1");
    watch.waits_for(2, "waiting for changes");
    watch.project.write("new/folder/source.txt", "2");
    watch.waits_for(1, "watch: new/folder/source.txt changed");
    watch.waits_for(3, "waiting for changes");
    let (code, said) = watch.end("INT");
    assert!(!said.contains(".log changed") && !said.contains("out/deep"), "{said}");
    assert!(!said.contains(".swp"), "{said}");
    assert_eq!(code, Some(130), "{said}");
}

#[test]
fn a_file_that_tests_write_does_not_make_them_run_for_ever() {
    let layers = "\
apex: 1
layers:
  fast_feedback:
    categories:
      - {name: writer, command: \"date +%N > written.txt\"}
";
    let watch = Watch::of(layers, &[]);
    // It settles: after a while nothing is run any more, until something else changes.
    watch.waits_for(1, "watch: written.txt changes in every run and no longer counts");
    watch.project.write("source.txt", "1");
    watch.waits_for(1, "watch: source.txt changed");
    wait_until("that it rests", || {
        let before = watch.said().len();
        std::thread::sleep(std::time::Duration::from_secs(2));
        watch.said().len() == before
    });
}

const HELD: &str = "\
apex: 1
layers:
  fast_feedback:
    categories:
      - {name: held, command: \"touch .apex/began; i=0; while [ ! -e go ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done\"}
";

#[test]
fn a_change_in_a_run_is_gathered_or_restarts_it() {
    for (options, stops) in [(&[][..], 0), (&["--restart"], 1)] {
        let watch = Watch::of(HELD, options);
        wait_until("the job", || watch.project.root().join(".apex/began").exists());
        watch.project.write("source.txt", "1");
        if stops > 0 {
            watch.waits_for(2, "layer fast_feedback started");
        }
        watch.project.write("go", "");
        watch.waits_for(2, "layer fast_feedback started");
        watch.waits_for(1, "waiting for changes");
        let (_, said) = watch.end("TERM");
        assert_eq!(said.matches("interrupted by signal 2").count(), stops, "{said}");
    }
}

#[test]
fn ctrl_c_ends_the_run_and_the_watch() {
    if tool("tmux").is_none() {
        return;
    }
    let project = Project::new(&[("apex.yaml", HELD)]);
    let terminal = Terminal::running(&project, "watch", 80, 24);
    wait_until("the job", || project.root().join(".apex/began").exists());
    wait_until("the display", || terminal.screen().contains("? keys"));
    terminal.press("C-c");
    wait_until("the end", || terminal.screen().contains("ended with "));
    let screen = terminal.screen();
    assert!(screen.contains("ended with 130"), "{screen}");
    assert!(!screen.contains("waiting for changes"), "{screen}");
    assert_eq!(terminal.modes(), "echo icanon");
}

#[test]
fn keys_between_runs_run_all_or_what_failed_or_end_it() {
    if tool("tmux").is_none() {
        return;
    }
    let project = Project::new(&[("apex.yaml", LAYERS)]);
    let terminal = Terminal::running(&project, "watch", 80, 24);
    let waits = |times: usize| {
        wait_until("that it waits", || {
            terminal.screen().matches("Enter runs all, f what failed, q ends").count() >= times
        });
    };
    waits(1);
    terminal.press("f");
    waits(2);
    assert!(terminal.screen().contains("watch: first what failed"), "{}", terminal.screen());
    terminal.press("Enter");
    waits(3);
    terminal.press("q");
    wait_until("the end", || terminal.screen().contains("ended with 0"));
    assert_eq!(terminal.modes(), "echo icanon");
}
