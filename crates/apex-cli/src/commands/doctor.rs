//! `apex doctor`: whether everything is there that the tests of the project need.

use apex_agents::checkup::{Check, CheckState, Patient, examine};
use apex_agents::planning;
use apex_config::{Overlay, Severity};
use apex_monitor::history::{HistoryError, HistoryFile};
use serde_json::json;

use crate::args::{DoctorArgs, GlobalArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

/// Something broken ends with the code of the environment; a wrong configuration is among the
/// findings, so that the rest is looked at, too.
pub(super) fn doctor(global: &GlobalArgs, args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let mut checks = match Project::load_silently(global, None, Overlay::flags()) {
        Ok(project) => of_project(&project)?,
        Err(Failure::Config(problems)) => {
            let first = problems.first().map_or_else(String::new, |one| one.message.clone());
            vec![Check::not_fine(
                CheckState::Broken,
                "configuration",
                format!("{}: {first}", render::count(problems.len(), "problem")),
                "`apex config check` shows each with its place; the rest is looked at after that",
            )]
        }
        Err(other) => return Err(other),
    };
    checks.insert(0, Check::fine("apex", env!("CARGO_PKG_VERSION")));
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(CheckState::Fine);
    out::data(&if args.json {
        format!("{:#}\n", document(&checks, worst))
    } else {
        render::doctor::page(&checks)
    });
    Ok(if worst == CheckState::Broken { ExitCode::Environment } else { ExitCode::Passed })
}

fn of_project(project: &Project) -> Result<Vec<Check>, Failure> {
    let state = assemble::state_folder(project);
    let patient = Patient {
        config: &project.loaded.config,
        root: &project.loaded.root,
        state: &state,
        variables: &project.variables,
    };
    let mut checks = vec![configuration(project)];
    checks.extend(assemble::runtime()?.block_on(examine(patient)));
    checks.push(history(&HistoryFile::in_state(&state)));
    Ok(checks)
}

fn configuration(project: &Project) -> Check {
    let file = match &project.loaded.file {
        Some(file) => file.display().to_string(),
        None => "the built-in layers (no layer file was found)".to_owned(),
    };
    let surveyed = planning::survey(&project.loaded, &project.variables);
    let all = project.loaded.notes.iter().chain(&surveyed);
    let wrong = all.filter(|problem| problem.severity != Severity::Note).count();
    if wrong == 0 {
        return Check::fine("configuration", file);
    }
    Check::not_fine(
        CheckState::Poor,
        "configuration",
        format!("{file}: {}", render::count(wrong, "problem")),
        "`apex config check` shows each with its place",
    )
}

fn history(file: &HistoryFile) -> Check {
    let what = "history";
    let broken = |error: &HistoryError| {
        Check::not_fine(CheckState::Poor, what, error.to_string(), error.advice())
    };
    if !file.path().exists() {
        return Check::fine(what, "empty: no run was recorded here");
    }
    match file.summary() {
        Ok(summary) => Check::fine(what, render::count(summary.runs as usize, "run")),
        Err(error) => broken(&error),
    }
}

fn document(checks: &[Check], worst: CheckState) -> serde_json::Value {
    let rows = checks.iter().map(|check| {
        json!({
            "what": check.what,
            "state": check.state.as_str(),
            "found": check.found,
            "mend": check.mend,
        })
    });
    json!({
        "schema": "apex.doctor/1",
        "state": worst.as_str(),
        "checks": rows.collect::<Vec<_>>(),
    })
}
