//! What Apex knows about each test framework: how to list, how to run, how to read it.
//!
//! [`session_for`] makes the state machine of one attempt, [`list`] one that only names the
//! tests, [`describe`] the argument vector for people. Nothing here starts a program.

mod cargo;
mod channel;
mod command;
mod context;
mod discover;
mod go;
mod javascript;
mod jvm;
mod ledger;
mod node;
mod pytest;
mod python;
pub mod session;
mod text;
pub mod tools;
mod unittest;

use apex_config::model::{CommandLine, RunnerKind};
use apex_core::plan::{JobSpec, Work};

pub use command::{Reported, ReportedTest, read_report};
pub use context::SessionContext;
pub use javascript::NodePackage;
pub use session::{Invocation, Resident, Session, Step, Wish};
pub(crate) use text::bounded_to;
pub use tools::Tools;

use self::context::{Purpose, TestSelection};

/// The session that runs an attempt.
#[must_use]
pub fn session_for(context: &SessionContext<'_>) -> Box<dyn Session> {
    match context.spec.runner {
        RunnerKind::Pytest => pytest::session(context, Purpose::Run),
        RunnerKind::Unittest => unittest::session(context, Purpose::Run),
        RunnerKind::Cargo | RunnerKind::Nextest => cargo::session(context, Purpose::Run),
        RunnerKind::Node => node::session(context),
        RunnerKind::Go => go::session(context, Purpose::Run),
        RunnerKind::Maven | RunnerKind::Gradle => jvm::session(context),
        RunnerKind::Command => command::session(context),
        RunnerKind::Jest
        | RunnerKind::Vitest
        | RunnerKind::Mocha
        | RunnerKind::Playwright
        | RunnerKind::Cypress => javascript::session(context, Purpose::Run),
    }
}

/// The session that names the tests of a job without running them: it reports them as
/// discovered. Node can only name files; a command without `discover`, Maven and Gradle name only a
/// synthetic test.
#[must_use]
pub fn list(context: &SessionContext<'_>, discover: Option<&CommandLine>) -> Box<dyn Session> {
    match context.spec.runner {
        RunnerKind::Pytest => pytest::session(context, Purpose::List),
        RunnerKind::Unittest => unittest::session(context, Purpose::List),
        RunnerKind::Cargo | RunnerKind::Nextest => cargo::session(context, Purpose::List),
        RunnerKind::Node => node::listing(context),
        RunnerKind::Go => go::session(context, Purpose::List),
        // They name no test before it runs.
        RunnerKind::Maven | RunnerKind::Gradle => discover::session(context, None),
        RunnerKind::Command => discover::session(context, discover),
        RunnerKind::Jest
        | RunnerKind::Vitest
        | RunnerKind::Mocha
        | RunnerKind::Playwright
        | RunnerKind::Cypress => javascript::session(context, Purpose::List),
    }
}

/// The argument vector of a job as a person would type it, without what Apex adds to listen.
#[must_use]
pub fn describe(spec: &JobSpec) -> Vec<String> {
    if let Work::Command { command, .. } = &spec.work {
        return command::shown(command);
    }
    let selection = TestSelection::of(&spec.work);
    let (program, selected): (&[&str], _) = match spec.runner {
        RunnerKind::Pytest => (&["python", "-m", "pytest"], pytest::described(&selection, spec)),
        RunnerKind::Unittest => (&["python", "-m", "unittest"], unittest::selected(&selection)),
        RunnerKind::Cargo => (&["cargo", "test"], selection.arguments.to_vec()),
        RunnerKind::Nextest => (&["cargo", "nextest", "run"], selection.arguments.to_vec()),
        RunnerKind::Node => (&["node", "--test"], node::selected(&selection)),
        RunnerKind::Go => (&["go", "test"], go::described(spec)),
        RunnerKind::Maven => (&["mvn"], jvm::described(spec)),
        RunnerKind::Gradle => (&["gradle"], jvm::described(spec)),
        other => (&[other.as_str()], javascript::selected(&selection, spec)),
    };
    program.iter().map(|word| (*word).to_owned()).chain(selected).collect()
}
