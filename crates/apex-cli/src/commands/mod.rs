//! The subcommands: each reads its options, asks the parts, and says what they answered.

mod alerts;
mod background;
mod clean;
mod compat;
mod config;
mod doctor;
mod explain;
mod flaky;
mod history;
mod init;
mod list;
mod manual;
mod metrics;
mod plan;
mod replay;
mod report;
mod runs;
mod services;
mod shim;
pub(crate) mod status;
mod watch;
mod why;

use crate::args::{Arguments, Command, ReferenceWord, SchemaWord};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::{out, render};

/// Does what was asked for.
pub(crate) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Run(args) => assemble::run(global, args),
        Command::Rerun(args) => assemble::rerun(global, args),
        Command::Watch(args) => watch::watch(global, args),
        Command::Plan(args) => plan::plan(global, args),
        Command::Serve(args) => assemble::serve(global, args),
        Command::Merge(args) => assemble::merge(global, args),
        Command::Report(args) => report::report(global, args),
        Command::Runs(command) => runs::runs(global, command),
        Command::Replay(args) => replay::replay(global, args),
        Command::List(args) => list::list(global, args),
        Command::Explain(args) => explain::explain(global, args),
        Command::Why(args) => why::why(global, args),
        Command::History(args) => history::history(global, args),
        Command::Flaky(args) => flaky::flaky(global, args),
        Command::Status(args) => status::status(global, args),
        Command::Doctor(args) => doctor::doctor(global, args),
        Command::Alerts(command) => alerts::alerts(global, command),
        Command::Metrics(args) => metrics::metrics(global, args),
        Command::Background(command) => background::background(global, command),
        Command::Clean(args) => clean::clean(global, args),
        Command::Services(command) => services::services(global, command),
        Command::Config(command) => config::config(global, command),
        Command::Init(args) => init::init(global, args),
        Command::Compat(command) => compat::compat(command),
        Command::Shim(command) => shim::shim(global, command),
        Command::Schema { format } => Ok(schema(*format)),
        Command::Completions { shell } => Ok(manual::completions(*shell)),
        Command::Man { directory } => manual::pages(directory),
        Command::Reference { page } => Ok(reference(*page)),
    }
}

fn schema(format: SchemaWord) -> ExitCode {
    let schema = match format {
        SchemaWord::Events => apex_monitor::wire::event_schema(),
        SchemaWord::Openapi => apex_monitor::web::openapi_document(),
        SchemaWord::Plan => apex_monitor::wire::plan_schema(),
        SchemaWord::Summary => apex_monitor::wire::summary_schema(),
        SchemaWord::Runs => apex_monitor::wire::runs_schema(),
        SchemaWord::RunsDiff => apex_monitor::wire::runs_diff_schema(),
        SchemaWord::Status => apex_monitor::wire::status_schema(),
        SchemaWord::Config => apex_config::json_schema(),
    };
    out::data(&format!("{schema:#}\n"));
    ExitCode::Passed
}

fn reference(page: ReferenceWord) -> ExitCode {
    out::data(&match page {
        ReferenceWord::ExitCodes => render::exit_reference(),
        ReferenceWord::Cli => render::cli_reference(),
        ReferenceWord::Config => render::made_by("config", &apex_config::shape::reference()),
        ReferenceWord::Environment => {
            render::made_by("environment", &apex_config::environment_variables::reference())
        }
        ReferenceWord::Telemetry => render::made_by("telemetry", &apex_monitor::names::reference()),
    });
    ExitCode::Passed
}
