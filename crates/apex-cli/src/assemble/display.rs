//! Who shows a run, and whose keys it follows.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use apex_agents::orchestrator::{Control, Controls};
use apex_core::Sink;
use apex_monitor::ExitRule;
use apex_monitor::console::{
    ColourChoice, Console, ConsoleOptions, FoldMarks, Keyboard, Mode, Order, Orders, Surroundings,
    Verbosity, terminal_size,
};
use apex_monitor::dialect::{Chat, DialectLines, Legacy};
use apex_monitor::json::JsonLines;

use crate::args::{ColorWord, DialectWord, GlobalArgs, ProgressMode, RunArgs, StreamArgs};
use crate::failure::Failure;

/// Orders that wait for the run; what is ordered beyond is lost.
const WAITING: usize = 16;

/// Who shows a run that goes on, and what they order.
pub(super) struct Display {
    pub(super) sinks: Vec<Box<dyn Sink>>,
    /// What they order.
    pub(super) controls: Controls,
    /// The terminal, while it gives keys; it is as before when this is dropped.
    pub(super) keyboard: Option<Keyboard>,
}

impl Display {
    pub(super) fn without_keys(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { sinks, controls: Controls::never(), keyboard: None }
    }
}

/// Who shows a run that goes on, by its options.
pub(super) fn of_run(
    global: &GlobalArgs,
    args: &RunArgs,
    run_directory: String,
    rule: &ExitRule,
) -> Result<Display, Failure> {
    refuse_unused(args.progress_mode, &args.stream)?;
    let options = options(global, run_directory, rule);
    let silence = (args.heartbeat > 0).then(|| Duration::from_secs(args.heartbeat));
    let Some(mode) = mode(args.progress_mode, &options) else {
        return Ok(Display::without_keys(without_console(args.progress_mode, &args.stream, rule)));
    };
    let folds = if mode == Mode::Plain { options.folds } else { FoldMarks::None };
    let options = ConsoleOptions { mode, silence, folds, ..options };
    let takes_keys = mode == Mode::Live
        && options.verbosity != Verbosity::Quiet
        && std::io::stderr().is_terminal();
    let console = Console::new(Box::new(std::io::stderr()), options);
    Ok(match takes_keys.then(Keyboard::open).flatten() {
        None => Display::without_keys(vec![Box::new(console)]),
        Some((keyboard, keys)) => {
            let (orders, controls) = orders();
            let console = console.with_keys(keys, orders);
            Display { sinks: vec![Box::new(console)], controls, keyboard: Some(keyboard) }
        }
    })
}

/// Who shows a recorded run as if it went on: nobody takes keys, and nothing can be ordered.
pub(crate) fn of_replay(
    global: &GlobalArgs,
    progress: ProgressMode,
    stream: &StreamArgs,
    run_directory: String,
    rule: &ExitRule,
) -> Result<Vec<Box<dyn Sink>>, Failure> {
    refuse_unused(progress, stream)?;
    let options = options(global, run_directory, rule);
    Ok(match mode(progress, &options) {
        None => without_console(progress, stream, rule),
        Some(mode) => {
            let options = ConsoleOptions { mode, ..options };
            vec![Box::new(Console::new(Box::new(std::io::stderr()), options))]
        }
    })
}

/// What the console does with the terminal; none when there is no console.
fn mode(progress: ProgressMode, options: &ConsoleOptions) -> Option<Mode> {
    match progress {
        ProgressMode::Silent | ProgressMode::Json => None,
        ProgressMode::Auto => Some(options.mode),
        ProgressMode::Rich => Some(Mode::Live),
        ProgressMode::Simple => Some(Mode::Plain),
    }
}

fn without_console(
    progress: ProgressMode,
    stream: &StreamArgs,
    rule: &ExitRule,
) -> Vec<Box<dyn Sink>> {
    if progress == ProgressMode::Json { vec![lines(stream, rule)] } else { Vec::new() }
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

/// Where orders go, and where the run takes them.
fn orders() -> (Orders, Controls) {
    let (sender, receiver) = tokio::sync::mpsc::channel(WAITING);
    let orders = move |order: Order| {
        let control = match order {
            Order::Stop => Control::Stop,
            Order::SkipLayer(layer) => Control::SkipLayer(layer),
        };
        // A run that is over takes no orders.
        let _ = sender.try_send(control);
    };
    (Box::new(orders), Controls::from_channel(receiver))
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
    let verbosity = if global.verbose > 0 { Verbosity::Normal } else { Verbosity::Quiet };
    let options = options(global, run_directory, rule);
    let options = ConsoleOptions { mode: Mode::Plain, verbosity, ..options };
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
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Everything,
        },
        style: surroundings.style(),
        size: terminal_size,
        run_directory: Some(run_directory),
        silence: None,
        folds: FoldMarks::of(&variable),
        exit: Arc::clone(rule),
    }
}
