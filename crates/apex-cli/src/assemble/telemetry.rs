//! Where telemetry of a run goes, and its trace.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use apex_agents::controller::PreparedRun;
use apex_config::model::Telemetry as Configured;
use apex_core::RunId;
use apex_monitor::otlp::{Settings, Telemetry, settings};

use crate::out;

/// What the end of a run may wait beyond the limit of the sink: a thread has to be told.
const MARGIN: Duration = Duration::from_millis(500);

/// What is sent of a run; what made no sense is said.
pub(super) fn settings(
    configured: &Configured,
    variables: &BTreeMap<String, String>,
    root: &Path,
) -> Option<Settings> {
    let read = settings::read(configured, variables, root);
    for warning in read.warnings {
        out::people(&format!("warning: telemetry: {warning}\n"));
    }
    read.settings
}

/// A run that is looked at by telemetry, and whose jobs know their place in its trace.
pub(super) fn attached(
    prepared: PreparedRun,
    settings: Settings,
    run: &RunId,
    variables: &BTreeMap<String, String>,
) -> PreparedRun {
    let part = prepared.plan().matrix.as_ref().and_then(|matrix| matrix.part);
    let trace = settings.trace(run, part, variables);
    let patience = settings.exit_limit + MARGIN;
    let prepared = if settings.has_traces() { prepared.traced(trace.clone()) } else { prepared };
    prepared.feed(vec![Box::new(Telemetry::new(settings, trace))], patience)
}
