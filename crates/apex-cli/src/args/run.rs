//! The options of `run`, and those that choose a part of the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::fail_fast::FailFastWord;
use super::serve::DoorArgs;
use super::{ReportsArgs, StreamArgs};

/// What is meant: paths, or a part of the configuration. Without any of these: mode `development`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TargetArgs {
    /// Files, folders or test ids, relative to the current folder or to the project
    #[arg(value_name = "PATH", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["mode", "layers"])]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) part: PartArgs,
}

/// Which part of the configuration is meant. Without any of these: mode `development`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PartArgs {
    /// The layers of a mode: fast_feedback, commit, development, ci, nightly, weekend, background,
    /// hybrid, or one of the layer file
    #[arg(long, value_name = "MODE", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["layers", "categories"])]
    pub(crate) mode: Option<String>,
    /// These layers, and those they depend on
    #[arg(long, value_name = "LAYER", value_parser = NonEmptyStringValueParser::new(), value_delimiter = ',', num_args = 1.., conflicts_with = "categories")]
    pub(crate) layers: Vec<String>,
    /// These categories or sets of categories, and the categories they depend on
    #[arg(long, value_name = "CATEGORY", value_parser = NonEmptyStringValueParser::new(), value_delimiter = ',', num_args = 1..)]
    pub(crate) categories: Vec<String>,
    /// Add nothing that the selected layers or categories depend on
    #[arg(long)]
    pub(crate) no_dependencies: bool,
    /// Environment: test, development, staging, production, ci, or one of the layer file
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Spare the categories whose `inputs` did not change since BASE: a branch or commit; where the
    /// branch left the main one when not given
    #[arg(long, value_name = "BASE", num_args = 0..=1, default_missing_value = "")]
    pub(crate) affected: Option<String>,
    /// What a failure stops, in every layer
    #[arg(long, value_name = "RULE")]
    pub(crate) fail_fast: Option<FailFastWord>,
    /// Jobs at the same time
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
}

/// Options of `apex run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) share: ShareArgs,
    /// How progress is shown
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub(crate) progress_mode: ProgressMode,
    /// Seconds without a line after which plain output says what still runs; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) heartbeat: u64,
    #[command(flatten)]
    pub(crate) stream: StreamArgs,
    #[command(flatten)]
    pub(crate) reports: ReportsArgs,
    /// Show the run in a browser while it goes on, for example at 127.0.0.1:7357
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) door: DoorArgs,
    /// Do not wait: neither for another run of this project, nor for background layers
    #[arg(long, conflicts_with = "shard")]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) background: BackgroundArgs,
    /// Run beside other runs of this project and do not wait for them; a service gets a free port
    /// where the one that the layer file fixes is taken
    #[arg(long)]
    pub(crate) isolated: bool,
    /// Go on with a run that did not come to its end: tests that passed in it are not repeated, as
    /// long as the commit and the files are the same; `last` when no run is named
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last", conflicts_with = "shard")]
    pub(crate) resume: Option<String>,
    /// Name of the run, for runs that another one hands over
    #[arg(long, value_name = "ID", hide = true)]
    pub(crate) run_id: Option<String>,
    /// Allow the environment `production`
    #[arg(long)]
    pub(crate) allow_prod: bool,
}

/// What is left to the supervisor of background tasks, and how.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Background options")]
pub(crate) struct BackgroundArgs {
    /// Leave the whole run to the background: print the name of the task and end
    #[arg(long, conflicts_with_all = ["background_e2e", "wait", "shard", "listen", "junit", "reports"])]
    pub(crate) background: bool,
    /// Leave the background layers to the background, and run the others here
    #[arg(long, conflicts_with_all = ["wait", "shard"])]
    pub(crate) background_e2e: bool,
    /// Run background layers here and wait for them, whatever the mode says
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) wait: bool,
    /// Minutes after which a background task is ended
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) background_timeout: Option<u32>,
    /// Which background task is served first, from 1 (first) to 9
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) background_priority: u8,
}

/// Options of `apex watch`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// End a run in order when files change, and begin again; otherwise it goes on to its end first
    #[arg(long)]
    pub(crate) restart: bool,
}

/// Which share of the plan is meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ShareArgs {
    /// Only the K-th of N parts of the plan, from 1, for machines that share a run; `auto` takes
    /// both numbers from the CI system (GitLab, Buildkite, CircleCI). `apex merge` joins the parts
    #[arg(long, value_name = "K/N", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) shard: Option<String>,
}

/// Options of `apex merge`.
#[derive(Clone, Debug, Args)]
pub(crate) struct MergeArgs {
    /// The run directories of the parts
    #[arg(value_name = "DIR", required = true)]
    pub(crate) parts: Vec<PathBuf>,
    /// Write the record of the joined run here; with the other records of the project when not
    /// given
    #[arg(long, value_name = "DIR")]
    pub(crate) into: Option<PathBuf>,
    /// Join what is there although parts are missing; the run is not green then
    #[arg(long)]
    pub(crate) allow_missing: bool,
    #[command(flatten)]
    pub(crate) reports: ReportsArgs,
    /// Do not add the run to the history of the project
    #[arg(long)]
    pub(crate) no_history: bool,
}

/// The names that a stream of events uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialectWord {
    /// `apex.event/1`
    #[default]
    #[value(alias = "native")]
    Apex,
    /// The names of the earlier runner: orchestration_started, layer_started, ...
    Legacy,
    /// Messages for a chat: agent_started, agent_thinking, tool_executing, ...
    Chat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    /// Live on a terminal, plain lines elsewhere
    Auto,
    /// Live, redrawn in place
    Rich,
    /// Plain lines
    Simple,
    /// Every event as a line of JSON on standard output
    Json,
    /// Nothing but the exit code
    Silent,
}
