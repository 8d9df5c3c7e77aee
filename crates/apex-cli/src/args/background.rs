//! What can be typed behind `apex bg`, and the words by which Apex calls itself as a supervisor.

use std::path::PathBuf;

use apex_agents::background::Supervision;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

/// The first word by which Apex calls itself as the supervisor of background tasks.
pub(crate) const SUPERVISOR_WORD: &str = "supervise-background-tasks";

/// Which of the two processes that lead to a supervisor this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It starts the supervisor and ends.
    Start,
    /// It is the supervisor.
    Stay,
}

impl Stage {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stay => "stay",
        }
    }
}

/// What to supervise, when this program was called for that: behind [`SUPERVISOR_WORD`] stand the
/// stage, the state folder, the project, and how many heavy and light tasks run at the same time.
pub(crate) fn supervision() -> Option<(Stage, Supervision)> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|word| word == SUPERVISOR_WORD)?;
    let stage = arguments.next()?;
    let stage = [Stage::Start, Stage::Stay].into_iter().find(|one| stage == one.as_str())?;
    let mut path = || arguments.next().map(PathBuf::from);
    let (state, root) = (path()?, path()?);
    let mut number = || arguments.next()?.to_str()?.parse().ok();
    let (heavy, light) = (number()?, number()?);
    let program = std::env::current_exe().ok()?;
    Some((stage, Supervision { program, root, state, heavy, light }))
}

#[derive(Debug, Subcommand)]
pub(crate) enum BgCommand {
    /// List background tasks, the newest first
    List {
        /// At most so many
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say how far the tasks are that have not ended, and what the latest ones found at which
    /// commit; with a task, everything about it
    Status {
        /// The task: its id, a beginning or end of it, or `last`
        #[arg(value_name = "TASK", value_parser = NonEmptyStringValueParser::new())]
        task: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what the runs of a task said
    Logs {
        /// The task: its id, a beginning or end of it, or `last`
        #[arg(value_name = "TASK", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
        task: String,
        /// Go on until the task has ended
        #[arg(short, long)]
        follow: bool,
    },
    /// Wait for tasks, and end with the worst of their exit codes
    Wait(WaitArgs),
    /// Show the run of a task as if it had been started here; an interrupt leaves it running
    Attach {
        /// The task: its id, a beginning or end of it, or `last`
        #[arg(value_name = "TASK", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
        task: String,
    },
    /// Cancel tasks: those that run are ended in order
    Cancel(TasksArgs),
    /// Print what the latest tasks that ended found
    Results {
        /// So many; 0 for all
        #[arg(value_name = "N", default_value_t = 10)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let tasks try again that did not pass: they go on with what their last run left open
    Retry(TasksArgs),
}

/// Some tasks.
#[derive(Clone, Debug, Args)]
pub(crate) struct TasksArgs {
    /// The tasks: their ids, beginnings or ends of them, or `last`
    #[arg(value_name = "TASK", required = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tasks: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `apex bg wait`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WaitArgs {
    /// The tasks: their ids, beginnings or ends of them, or `last`; all that have not ended when
    /// none is named
    #[arg(value_name = "TASK", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tasks: Vec<String>,
    /// Do not wait for the others when one did not pass
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Print JSON in the end
    #[arg(long)]
    pub(crate) json: bool,
}
