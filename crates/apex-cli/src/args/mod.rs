//! What can be typed. The only place that names clap; nothing here means anything yet.

mod background;
mod compat;
mod fail_fast;
mod report;
mod rerun;
mod run;
mod serve;
mod services;
mod status;
mod watched;
mod why;

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use background::{BgCommand, SUPERVISOR_WORD, Stage, TasksArgs, WaitArgs, supervision};
pub(crate) use clap_complete::Shell;
pub(crate) use compat::{CompatCommand, ShimCommand};
pub(crate) use fail_fast::FailFastWord;
pub(crate) use report::{
    ReplayArgs, ReportArgs, ReportsArgs, RunsCommand, Speed, StreamArgs, WantedReport,
};
pub(crate) use rerun::RerunArgs;
pub(crate) use run::{
    BackgroundArgs, DialectWord, MergeArgs, PartArgs, ProgressMode, RunArgs, ShareArgs, TargetArgs,
    WatchArgs,
};
pub(crate) use serve::{DoorArgs, ServeArgs};
pub(crate) use services::ServicesCommand;
pub(crate) use status::{AlertsCommand, DoctorArgs, StatusArgs};
pub(crate) use watched::{words_of_watched_part, words_of_watched_runs};
pub(crate) use why::WhyArgs;

/// Columns of help pages that are written to files.
const HELP_WIDTH: usize = 96;

/// The first word by which Apex calls itself as the guardian of a run; the list of the run follows.
pub(crate) const GUARDIAN_WORD: &str = "guard-a-run";

/// The list of the run to guard, when this program was called for that. Looked for before anything
/// is parsed: a guardian is a part of every run, and of what it costs.
pub(crate) fn guarded_list() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    arguments
        .next()
        .filter(|word| word == GUARDIAN_WORD)
        .and_then(|_| arguments.next())
        .map(PathBuf::from)
}

/// Runs a repository's test suites in layers with time budgets.
#[derive(Debug, Parser)]
#[command(name = "apex", version, max_term_width = 100, propagate_version = false)]
#[command(
    after_help = "`apex init` writes a first layer file. `apex explain exit` lists the exit codes."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that hold for every subcommand.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Project folder; found from the current folder when not given
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) project: Option<PathBuf>,
    /// Layer file; found in the project when not given
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// Say more: every test with its time, failures in full; twice: also what jobs write
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet", help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// Say less: failures and the summary
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub(crate) color: ColorWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWord {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run tests
    Run(Box<RunArgs>),
    /// Run some of the tests of a recorded run again: those that failed, or others
    Rerun(Box<RerunArgs>),
    /// Run tests, and run them again when files change: what failed first, then what is affected
    Watch(Box<WatchArgs>),
    /// Show what `run` would do, without running anything
    Plan(Box<PlanArgs>),
    /// Show runs in a browser, as a stream and to programs; live ones, too
    Serve(ServeArgs),
    /// Join the parts of a run that several machines shared into one record and one verdict
    Merge(MergeArgs),
    /// Make a report of a recorded run
    Report(ReportArgs),
    /// Look at recorded runs: list, show, compare, check
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Show a recorded run as it happened
    Replay(ReplayArgs),
    /// List layers, categories, modes or tests
    List(ListArgs),
    /// Explain a category, a test, or an exit code
    Explain(ExplainArgs),
    /// Say why a test, file or category would run or not, when, and what happened to it
    Why(Box<WhyArgs>),
    /// Show what earlier runs taught, or look after it
    History(HistoryArgs),
    /// List tests that fail although nothing is wrong with what they test
    Flaky(FlakyArgs),
    /// Say how the runs stand that go on, what the latest ones came to, and how the machine is
    Status(StatusArgs),
    /// Check whether everything is there that the tests need, and say how to mend what is not
    Doctor(DoctorArgs),
    /// Try the alerts of the layer file on recorded runs
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// Print what a recorded run measured, as text for Prometheus
    Metrics(MetricsArgs),
    /// Look after background tasks: list, follow, wait for, cancel, try again
    #[command(subcommand, name = "bg", visible_alias = "background")]
    Background(BgCommand),
    /// Remove recorded runs and background tasks beyond `retention` of the layer file
    Clean(CleanArgs),
    /// Bring services up that stay, look at them, take them away
    #[command(subcommand)]
    Services(ServicesCommand),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the repository and write a commented layer file
    Init(InitArgs),
    /// The earlier command line: its flags, and the calls of it in files
    #[command(subcommand)]
    Compat(CompatCommand),
    /// The script by whose name the earlier runner is called
    #[command(subcommand)]
    Shim(ShimCommand),
    /// Print the JSON Schema of a format
    Schema {
        /// Which format
        format: SchemaWord,
    },
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder; made when missing
        directory: PathBuf,
    },
    /// Print a page of the reference
    #[command(hide = true)]
    Reference {
        /// Which page
        page: ReferenceWord,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) share: ShareArgs,
    /// Print the plan as JSON
    #[arg(long, group = "form")]
    pub(crate) json: bool,
    /// Print the graph of layers and categories for Graphviz
    #[arg(long, group = "form")]
    pub(crate) dot: bool,
    /// Print the graph of layers and categories for Mermaid
    #[arg(long, group = "form")]
    pub(crate) mermaid: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// What to list
    pub(crate) what: ListWord,
    /// Which part, for tests
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListWord {
    Layers,
    Categories,
    Modes,
    Tests,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A category, a layer, a mode, a test file or test id, or the word `exit`
    pub(crate) subject: String,
    /// The exit code, after `exit`; all of them when missing
    pub(crate) code: Option<u8>,
    /// Environment
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FlakyArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Only say what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// The run; the newest one when missing
    pub(crate) run: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct HistoryArgs {
    #[command(subcommand)]
    pub(crate) command: Option<HistoryCommand>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Add every recorded run that the history does not have
    Rebuild,
    /// Remove the oldest runs beyond `retention` of the layer file
    Prune,
    /// Write all of it as lines of JSON, for other machines
    Export {
        /// The file; standard output when missing
        file: Option<PathBuf>,
    },
    /// Add the runs of an export; runs that are there stay as they are
    Import {
        /// The file that `export` wrote
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Report every problem of the configuration at once, categories without work included
    Check {
        /// Environment
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
        /// Print the problems as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every value of the configuration
    Show {
        /// Environment
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
        /// Say who set each value, and what it replaced
        #[arg(long)]
        origin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of layer files
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Print the file in place of writing it
    #[arg(long)]
    pub(crate) stdout: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaWord {
    /// A line of the event stream
    Events,
    /// The interface of `apex serve` for programs
    Openapi,
    /// A plan
    Plan,
    /// What a run amounts to
    Summary,
    /// Recorded runs
    Runs,
    /// What changed from one run to another
    RunsDiff,
    /// How the runs of a project stand
    Status,
    /// A layer file
    Config,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferenceWord {
    ExitCodes,
    Cli,
    /// Fields of the layer file
    Config,
    /// Environment variables
    Environment,
    /// Names that telemetry uses
    Telemetry,
}

/// Reads the command line. Ends the program for help, version and mistakes, as clap does.
pub(crate) fn parse() -> Arguments {
    Arguments::parse()
}

/// The same for words that another part of the program puts together.
pub(crate) fn parse_from(words: Vec<String>) -> Arguments {
    Arguments::parse_from(std::iter::once("apex".to_owned()).chain(words))
}

/// The names of the subcommands, hidden ones and `help` included. Not built for this: every call
/// of the program asks.
pub(crate) fn command_names() -> Vec<String> {
    let grammar = Arguments::command();
    let names = grammar.get_subcommands().map(|command| command.get_name().to_owned());
    names.chain(["help".to_owned()]).collect()
}

/// The subcommands that people see, each with what it does.
pub(crate) fn commands_for_people() -> Vec<(String, String)> {
    let mut grammar = Arguments::command();
    grammar.build();
    let shown = grammar.get_subcommands().filter(|command| !command.is_hide_set());
    let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
    shown.map(|one| (one.get_name().to_owned(), about(one).unwrap_or_default())).collect()
}

/// The completions of a shell, as a script.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "apex", &mut script);
    script
}

/// Writes the manual pages into a folder that exists.
///
/// # Errors
/// When a page could not be written.
pub(crate) fn manual_pages(folder: &Path) -> std::io::Result<()> {
    clap_mangen::generate_to(Arguments::command(), folder)
}

/// The help page of a command.
pub(crate) struct HelpPage {
    /// The words that lead to it, for example `apex config show`.
    pub(crate) name: String,
    /// What `--help` prints.
    pub(crate) text: String,
}

/// The help pages of the program and of every command that is not hidden, parents first.
pub(crate) fn help_pages() -> Vec<HelpPage> {
    let mut grammar = Arguments::command().term_width(HELP_WIDTH);
    grammar.build();
    let mut pages = Vec::new();
    add_page(&mut pages, &mut grammar, "apex");
    pages
}

fn add_page(pages: &mut Vec<HelpPage>, command: &mut clap::Command, name: &str) {
    let text = command.render_long_help().to_string();
    pages.push(HelpPage { name: name.to_owned(), text });
    for inner in command.get_subcommands_mut() {
        if inner.is_hide_set() || inner.get_name() == "help" {
            continue;
        }
        let name = format!("{name} {}", inner.get_name());
        add_page(pages, inner, &name);
    }
}
