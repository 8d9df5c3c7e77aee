//! Everybody whom the layer file asks to look at a run: the log, metrics, a collector, alerts.

use std::collections::BTreeMap;
use std::path::Path;

use apex_agents::controller::PreparedRun;
use apex_config::model::Alert;
use apex_core::{RunId, Sink};
use apex_monitor::otlp::Settings;

use super::alerts::{self, Messages};
use super::logs::{self, Wanted};
use super::telemetry;
use crate::project::Project;

/// What a configuration says of looking, taken out of it before it is given away.
pub(super) struct Observation {
    variables: BTreeMap<String, String>,
    sent: Option<Settings>,
    written: Wanted,
    rules: Vec<Alert>,
}

impl Observation {
    /// That of a project whose state is in this folder; what made no sense is said.
    pub(super) fn of(project: &Project, state: &Path) -> Self {
        let variables = project.variables.clone();
        let (root, config) = (&project.loaded.root, &project.loaded.config);
        let place = logs::Place { root, state, variables: &variables };
        let written = logs::wanted(&config.telemetry, place);
        let sent = telemetry::settings(&config.telemetry, &variables, root);
        Self { sent, written, rules: config.alerts.clone(), variables }
    }

    /// The variables of the project.
    pub(super) const fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The run with what is sent of it, those who write, and what is to be told in the end.
    pub(super) fn attached(
        self,
        mut prepared: PreparedRun,
        run: &RunId,
        root: &Path,
    ) -> (PreparedRun, Vec<Box<dyn Sink>>, Messages) {
        if let Some(settings) = self.sent {
            prepared = telemetry::attached(prepared, settings, run, &self.variables);
        }
        let trace = logs::trace(run, prepared.plan());
        let surroundings = (root.to_owned(), &self.variables);
        let (alerts, messages) =
            alerts::watching(self.rules, self.written.log(), &trace, surroundings);
        let mut logs = self.written.sinks(&trace);
        logs.push(alerts);
        (prepared, logs, messages)
    }
}
