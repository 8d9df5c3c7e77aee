//! Who shows a run.

use std::io::IsTerminal as _;
use std::sync::Arc;

use apex_core::Sink;
use apex_monitor::ExitRule;
use apex_monitor::console::{
    ColourChoice, Console, ConsoleOptions, Mode, Surroundings, Verbosity, terminal_size,
};
use apex_monitor::dialect::{Chat, DialectLines, Legacy};
use apex_monitor::json::JsonLines;

use crate::args::{ColorWord, DialectWord, GlobalArgs, ProgressMode, StreamArgs};
use crate::failure::Failure;

/// Who shows a run that goes on.
pub(crate) fn of_run(
    global: &GlobalArgs,
    progress: ProgressMode,
    stream: &StreamArgs,
    run_directory: String,
    rule: &ExitRule,
) -> Result<Vec<Box<dyn Sink>>, Failure> {
    refuse_unused(progress, stream)?;
    let options = options(global, run_directory, rule);
    let mode = match progress {
        ProgressMode::Silent => return Ok(Vec::new()),
        ProgressMode::Json => return Ok(vec![lines(stream, rule)]),
        ProgressMode::Auto => options.mode,
        ProgressMode::Rich => Mode::Live,
        ProgressMode::Simple => Mode::Plain,
    };
    Ok(vec![console(ConsoleOptions { mode, ..options })])
}

/// The events as lines of JSON, by the names that were asked for.
fn lines(stream: &StreamArgs, rule: &ExitRule) -> Box<dyn Sink> {
    let (out, rule) = (std::io::stdout(), Arc::clone(rule));
    match stream.event_dialect {
        DialectWord::Apex => Box::new(JsonLines::new(out).exit(rule)),
        DialectWord::Legacy => Box::new(DialectLines::new(out, Legacy::new(rule))),
        DialectWord::Chat => {
            Box::new(DialectLines::new(out, Chat::new(rule, stream.thread_id.clone())))
        }
    }
}

/// Names for lines that nobody gets, and a thread for what is no message, are mistakes.
fn refuse_unused(progress: ProgressMode, stream: &StreamArgs) -> Result<(), Failure> {
    if stream.event_dialect != DialectWord::Apex && progress != ProgressMode::Json {
        return Err(Failure::usage(
            "`--event-dialect` names the lines of `--progress-mode json`, which is not asked for",
            "add `--progress-mode json`",
        ));
    }
    if stream.thread_id.is_some() && stream.event_dialect != DialectWord::Chat {
        return Err(Failure::usage(
            "`--thread-id` belongs to messages for a chat, which are not asked for",
            "add `--event-dialect chat`",
        ));
    }
    Ok(())
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
