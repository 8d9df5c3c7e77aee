//! The options of `rerun`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{
    BackgroundArgs, DoorArgs, PartArgs, ProgressMode, ReportsArgs, RunArgs, ShareArgs, StreamArgs,
    TargetArgs,
};

/// Options of `apex rerun`. Without any of the kinds: what failed.
#[derive(Clone, Debug, Args)]
pub(crate) struct RerunArgs {
    /// The run: its id, a beginning or end of it, `last`, or a run directory, as a CI system keeps
    /// it
    #[arg(value_name = "RUN", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) run: String,
    /// What failed, timed out or crashed
    #[arg(long)]
    pub(crate) failed: bool,
    /// What did not run to its end: cut off, blocked, or left out for time
    #[arg(long)]
    pub(crate) not_run: bool,
    /// What failed, and passed when it was tried again
    #[arg(long)]
    pub(crate) flaky: bool,
    /// Environment; that of the run when not given
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Jobs at the same time
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
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
    /// Do not wait for another run of this project
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Run beside other runs of this project
    #[arg(long)]
    pub(crate) isolated: bool,
    /// Allow the environment `production`
    #[arg(long)]
    pub(crate) allow_prod: bool,
}

impl RerunArgs {
    /// The same as options of `run`, for these paths, or else for these categories, in an
    /// environment.
    pub(crate) fn as_run(&self, env: Option<String>) -> RunArgs {
        let part = PartArgs {
            mode: None,
            layers: Vec::new(),
            categories: Vec::new(),
            no_dependencies: true,
            env,
            affected: None,
            fail_fast: None,
            jobs: self.jobs,
        };
        RunArgs {
            target: TargetArgs { paths: Vec::new(), part },
            share: ShareArgs::default(),
            progress_mode: self.progress_mode,
            heartbeat: self.heartbeat,
            stream: self.stream.clone(),
            reports: self.reports.clone(),
            listen: None,
            door: DoorArgs::default(),
            no_wait: self.no_wait,
            background: BackgroundArgs { wait: true, ..BackgroundArgs::default() },
            isolated: self.isolated,
            resume: None,
            run_id: None,
            allow_prod: self.allow_prod,
        }
    }
}
