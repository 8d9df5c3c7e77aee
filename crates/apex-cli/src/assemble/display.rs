//! Who shows a run.

use std::io::IsTerminal as _;
use std::sync::Arc;

use apex_core::Sink;
use apex_monitor::ExitRule;
use apex_monitor::console::{
    ColourChoice, Console, ConsoleOptions, Mode, Surroundings, Verbosity, terminal_size,
};
use apex_monitor::json::JsonLines;

use crate::args::{ColorWord, GlobalArgs, ProgressMode};

/// Who shows a run that goes on.
pub(super) fn of_run(
    global: &GlobalArgs,
    progress: ProgressMode,
    run_directory: String,
    rule: &ExitRule,
) -> Vec<Box<dyn Sink>> {
    let options = options(global, run_directory, rule);
    let mode = match progress {
        ProgressMode::Silent => return Vec::new(),
        ProgressMode::Json => {
            let lines = JsonLines::new(std::io::stdout());
            return vec![Box::new(lines.exit(Arc::clone(rule)))];
        }
        ProgressMode::Auto => options.mode,
        ProgressMode::Rich => Mode::Live,
        ProgressMode::Simple => Mode::Plain,
    };
    vec![console(ConsoleOptions { mode, ..options })]
}

/// Who shows a run that is over: its failures and its summary, and with `--verbose` how it got on.
pub(super) fn of_record(
    global: &GlobalArgs,
    run_directory: String,
    rule: &ExitRule,
) -> Box<dyn Sink> {
    let verbosity = if global.verbose { Verbosity::Normal } else { Verbosity::Quiet };
    let options = options(global, run_directory, rule);
    console(ConsoleOptions { mode: Mode::Plain, verbosity, ..options })
}

fn console(options: ConsoleOptions) -> Box<dyn Sink> {
    Box::new(Console::new(Box::new(std::io::stderr()), options))
}

/// What the global options and the surroundings mean for the console.
fn options(global: &GlobalArgs, run_directory: String, rule: &ExitRule) -> ConsoleOptions {
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings {
        is_terminal: std::io::stderr().is_terminal(),
        colour: match global.color {
            ColorWord::Auto => ColourChoice::Auto,
            ColorWord::Always => ColourChoice::Always,
            ColorWord::Never => ColourChoice::Never,
        },
        variable: &variable,
    };
    ConsoleOptions {
        mode: surroundings.mode(),
        verbosity: match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        },
        style: surroundings.style(),
        size: terminal_size,
        run_directory: Some(run_directory),
        exit: Arc::clone(rule),
    }
}
