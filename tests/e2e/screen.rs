//! The live display on a real terminal, seen through tmux.

use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use apex_tests::terminal::Terminal;
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

#[test]
fn a_terminal_shows_the_run_while_it_goes_on_and_its_summary_at_the_end() {
    if tool("tmux").is_none() {
        return;
    }
    for (columns, rows) in [(80, 24), (40, 15)] {
        let project = Project::new(&[("apex.yaml", LAYERS)]);
        let terminal = Terminal::running(&project, "run", columns, rows);
        wait_until("the failure and what still runs", || {
            let screen = terminal.screen();
            screen.contains("FAILED broken: broken") && screen.contains(" held (job ")
        });
        let during = terminal.screen();
        assert!(during.contains("exit code 3") && during.contains("the reason"), "{during}");
        let layer = during.lines().rfind(|line| line.starts_with("fast_feedback"));
        let layer = layer.unwrap_or_else(|| panic!("no line of the layer: {during}"));
        assert!(layer.contains('%') && layer.contains("1 failed"), "{layer}");
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

#[test]
fn keys_show_what_runs_and_skip_the_rest_of_a_layer() {
    if tool("tmux").is_none() {
        return;
    }
    let project = Project::new(&[("apex.yaml", LAYERS)]);
    let terminal = Terminal::running(&project, "run", 90, 30);
    wait_until("what runs", || terminal.screen().contains(" held (job "));
    terminal.press("?");
    wait_until("the keys", || terminal.screen().contains("skip the rest of a layer (asks first)"));
    terminal.press("f");
    wait_until("the failure", || terminal.screen().contains("1 failure so far"));
    terminal.press("Enter");
    wait_until("the output", || terminal.screen().contains("last output of held"));
    terminal.press("s");
    wait_until("the question", || {
        terminal.screen().contains("skip the rest of fast_feedback? [y/n]")
    });
    terminal.press("n");
    wait_until("the answer", || !terminal.screen().contains("[y/n]"));
    terminal.press("s");
    terminal.press("y");
    wait_until("the end", || terminal.screen().contains("ended with "));
    let after = terminal.screen();
    assert!(after.contains("layer fast_feedback skipped by you"), "{after}");
    assert!(after.contains("held: cancelled: the user skipped the rest of its layer"), "{after}");
    assert!(after.contains("core_integration  passed"), "the layer behind it goes on: {after}");
    assert!(after.contains("ended with 8") || after.contains("ended with 1"), "{after}");
    assert_eq!(terminal.modes(), "echo icanon", "the terminal is given back");
}

#[test]
fn the_terminal_is_given_back_however_the_run_ends() {
    if tool("tmux").is_none() {
        return;
    }
    for (keys, code) in [(&["q"][..], 130), (&["C-c"], 130), (&["C-c", "C-c"], 130)] {
        let project = Project::new(&[("apex.yaml", LAYERS)]);
        let terminal = Terminal::running(&project, "run", 80, 24);
        wait_until("what runs", || terminal.screen().contains(" held (job "));
        assert_ne!(terminal.modes(), "echo icanon", "keys are read");
        for key in keys {
            terminal.press(key);
        }
        wait_until("the end", || terminal.screen().contains("ended with "));
        let after = terminal.screen();
        assert!(after.contains(&format!("ended with {code}")), "{keys:?}: {after}");
        assert_eq!(terminal.modes(), "echo icanon", "{keys:?}");
    }
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    if tool("tmux").is_none() {
        return;
    }
    let project = Project::new(&[("apex.yaml", LAYERS)]);
    project.write("go", "");
    let terminal = Terminal::with(&project, "TERM=dumb", "run", 80, 24);
    wait_until("the end", || terminal.screen().contains("ended with "));
    let after = terminal.screen();
    assert!(after.contains("layer fast_feedback started"), "{after}");
    assert!(!after.contains("slots busy"), "{after}");
}
