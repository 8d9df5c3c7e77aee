//! `apex alerts`: what the rules of the layer file would say of a recorded run.

use apex_config::Overlay;
use apex_monitor::alerts::of_record;
use apex_monitor::run_dir::JournalReader;
use serde_json::json;

use crate::args::{AlertsCommand, GlobalArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded, render};

pub(super) fn alerts(global: &GlobalArgs, command: &AlertsCommand) -> Result<ExitCode, Failure> {
    let AlertsCommand::Test { run, json: is_json } = command;
    let project = Project::load(global, None, Overlay::flags())?;
    let directory = recorded::directory(global, run)?;
    let shown = recorded::shown(directory.path());
    let rules = &project.loaded.config.alerts;
    let notices = JournalReader::open(&directory.events())
        .and_then(|events| of_record(rules, events))
        .map_err(|error| recorded::unreadable(&shown, &error))?;
    out::data(&if *is_json {
        format!(
            "{:#}\n",
            json!({ "schema": "apex.alerts/1", "rules": rules.len(), "alerts": notices })
        )
    } else {
        render::alerts::page(&notices, rules.len())
    });
    Ok(ExitCode::Passed)
}
