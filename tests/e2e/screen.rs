//! The live display on a real terminal, seen through tmux.

use std::process::Command;

use apex_tests::apex::apex;
use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use apex_tests::tool::tool;

const LAYERS: &str = "\
apex: 1
layers:
  fast_feedback:
    max_duration_minutes: 2
    execution_mode: parallel
    success_criteria: {max_failures: 10, min_pass_rate: 0}
    categories:
      - {name: broken, timeout_seconds: 100, command: \"echo the reason; exit 3\"}
      - {name: held, timeout_seconds: 100,
         command: \"i=0; while [ ! -e go ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done\"}
  core_integration:
    max_duration_minutes: 3
    dependencies: [fast_feedback]
    categories: [{name: later, timeout_seconds: 100, command: \"true\"}]
execution_config:
  fail_fast_strategy: {fast_feedback: disabled, core_integration: disabled}
";

/// A terminal of a given size; it ends when dropped.
struct Terminal {
    server: String,
}

impl Terminal {
    fn running(project: &Project, columns: u32, rows: u32) -> Self {
        let terminal = Self { server: format!("apex-{}-{columns}", std::process::id()) };
        let program = apex().get_program().to_owned();
        let line = format!(
            "env -u CI -u NO_COLOR {} run; echo ended with $?; exec sleep 100",
            program.to_str().expect("a UTF-8 path")
        );
        let size = [columns.to_string(), rows.to_string()];
        let mut command = terminal.tmux(&["new-session", "-d", "-x", &size[0], "-y", &size[1]]);
        command.arg(line).current_dir(project.root());
        for name in ["APEX_CONFIG", "APEX_STATE_DIR", "TMUX"] {
            command.env_remove(name);
        }
        assert!(command.status().expect("tmux can be started").success(), "tmux new-session");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-f", "/dev/null", "-L", &self.server]).args(arguments);
        command
    }

    /// What stands on the screen, and what has scrolled away above it.
    fn screen(&self) -> String {
        let arguments = ["capture-pane", "-p", "-J", "-S", "-500"];
        let output = self.tmux(&arguments).output().expect("tmux answers");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).output();
    }
}

#[test]
fn a_terminal_shows_the_run_while_it_goes_on_and_its_summary_at_the_end() {
    if tool("tmux").is_none() {
        return;
    }
    for (columns, rows) in [(80, 24), (40, 15)] {
        let project = Project::new(&[("apex.yaml", LAYERS)]);
        let terminal = Terminal::running(&project, columns, rows);
        wait_until("the failure and what still runs", || {
            let screen = terminal.screen();
            screen.contains("FAILED broken: broken") && screen.contains(" held (job ")
        });
        let during = terminal.screen();
        assert!(during.contains("exit code 3") && during.contains("the reason"), "{during}");
        let layer = during.lines().rfind(|line| line.starts_with("fast_feedback"));
        let layer = layer.unwrap_or_else(|| panic!("no line of the layer: {during}"));
        assert!(layer.contains('%') && layer.contains("running"), "{layer}");
        assert_eq!(layer.contains("of 2m00s"), columns == 80, "{layer}");
        assert!(during.contains("core_integration  waiting"), "{during}");

        project.write("go", "");
        wait_until("the end", || terminal.screen().contains("ended with "));
        let after = terminal.screen();
        assert!(after.contains("1 test that did not pass:"), "{after}");
        assert!(after.contains("FAILED (exit code 1: "), "{after}");
        assert!(after.contains("ended with 1"), "{after}");
        assert!(!after.contains("waiting"), "the changing part is gone: {after}");
        assert!(!after.contains("slots busy"), "the changing part is gone: {after}");
        assert_eq!(after.matches("FAILED broken: broken").count(), 2, "block and list: {after}");
    }
}
