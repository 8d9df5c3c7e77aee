//! `embed [FOLDER]`: runs the fast layer of a project, prints one line, and ends with 0 when no
//! test failed and something ran, else with 1.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use apex_agents::Controller;
use apex_core::Outcome;
use embed::Tally;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let variables: BTreeMap<String, String> = std::env::vars().collect();
    let controller = Controller::open(&std::path::absolute(folder)?, None, variables)?;

    let tally = Tally::default();
    let outcome = controller.fast_feedback()?.sink(tally.sink()).run().await?;

    writeln!(
        std::io::stdout(),
        "{} tests: {} passed, {} failed, {} skipped",
        tally.total(),
        tally.of(Outcome::Passed),
        tally.of(Outcome::Failed),
        tally.of(Outcome::Skipped),
    )?;
    let result = outcome.result;
    let green = !result.tests_failed
        && !result.environment_failed
        && !result.budget_exceeded
        && !result.nothing_ran
        && !result.skipped
        && result.signal.is_none()
        && result.internal_error.is_none();
    Ok(if green { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
