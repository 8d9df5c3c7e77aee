//! `custom_agent FOLDER MILLISECONDS`: runs the fast layer of a project, with an agent that warns
//! of tests that take longer, and prints the warnings of the run.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use apex_agents::Controller;
use apex_core::{Envelope, Event, RunView, Sink};
use custom_agent::SlowTests;

/// Writes the warnings of a run to standard output.
struct Warnings;

impl Sink for Warnings {
    fn name(&self) -> &'static str {
        "warnings"
    }

    fn accept(&mut self, batch: &[Envelope], _view: &RunView) -> Result<(), String> {
        for envelope in batch {
            if let Event::Warning(text) = &envelope.event {
                writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let milliseconds = arguments.next().map_or(Ok(500), |text| text.parse())?;
    let limit = Duration::from_millis(milliseconds);

    let variables: BTreeMap<String, String> = std::env::vars().collect();
    let controller = Controller::open(&std::path::absolute(folder)?, None, variables)?;
    let prepared = controller.fast_feedback()?;
    let agent = Box::new(SlowTests::new(limit));
    let outcome = prepared.agent(agent).sink(Box::new(Warnings)).run().await?;

    // A warning about the very last test may come after the last event.
    for text in &outcome.warnings {
        writeln!(std::io::stdout(), "{text}")?;
    }
    let failed = outcome.result.tests_failed;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
