//! Cargo: the build first, then the tests by `cargo nextest` where it is installed and by the
//! test programs themselves where not, then the examples in the documentation.
//!
//! A test program that dies takes its unfinished tests with it. Those that it was running are run
//! one by one, so that the culprit is named, and the others in a new program, so that they are kept.

mod build;
mod catalogue;
mod death;
mod inventory;
mod libtest;
mod nextest;
mod programs;
mod session;
mod turns;
mod work;

use std::collections::BTreeMap;

use apex_config::model::RunnerKind;

use self::programs::Settings;
use self::session::CargoSession;
use super::context::{Purpose, SessionContext, TestSelection};
use super::session::Session;

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>, purpose: Purpose) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let mut arguments = selection.arguments.to_vec();
    let program_arguments = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => arguments.split_off(at).split_off(1),
        None => Vec::new(),
    };
    let has_nextest = context.spec.runner == RunnerKind::Nextest || context.tools.has_nextest;
    Box::new(CargoSession::new(Settings {
        cargo: context.tools.cargo.clone(),
        folder: context.spec.working_directory.to_string(),
        root: context.project_root.display().to_string(),
        includes_documentation: includes_documentation(&arguments),
        arguments,
        // Listing asks the programs themselves, which is the same for both.
        with_nextest: has_nextest && purpose == Purpose::Run,
        threads: threads_of(&program_arguments)
            .or_else(|| context.variable("RUST_TEST_THREADS")?.parse().ok())
            .unwrap_or(context.tools.threads)
            .max(1),
        program_arguments,
        purpose,
        shard: context.spec.shard,
        only: context.only.map(|ids| ids.iter().cloned().collect()),
    }))
}

/// The value of `--test-threads` among the arguments of a test program.
fn threads_of(arguments: &[String]) -> Option<usize> {
    let at = arguments.iter().position(|argument| argument.starts_with("--test-threads"))?;
    let value = match arguments[at].strip_prefix("--test-threads=") {
        Some(value) => value,
        None => arguments.get(at + 1)?,
    };
    value.parse().ok()
}

/// Whether a selection of targets leaves the documentation in.
fn includes_documentation(arguments: &[String]) -> bool {
    const TARGETS: [&str; 10] = [
        "--lib",
        "--bins",
        "--bin",
        "--tests",
        "--test",
        "--examples",
        "--example",
        "--benches",
        "--bench",
        "--all-targets",
    ];
    !arguments.iter().any(|argument| {
        let name = argument.split('=').next().unwrap_or_default();
        TARGETS.contains(&name)
    })
}

/// Environment that makes the text of cargo and of the tests the same everywhere.
fn plain_env() -> BTreeMap<String, String> {
    [("CARGO_TERM_COLOR", "never"), ("CARGO_TERM_PROGRESS_WHEN", "never")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
