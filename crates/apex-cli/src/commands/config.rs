//! `apex config`: check, show, schema.

use apex_agents::{control_group, planning};
use apex_config::{Overlay, Problem, Severity, show};

use crate::args::{ConfigCommand, GlobalArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn config(global: &GlobalArgs, command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Check { env, json } => check(global, env.as_deref(), *json),
        ConfigCommand::Show { env, origin, json } => {
            let project = Project::load(global, env.as_deref(), Overlay::flags())?;
            let display = show::Display { origin: *origin, defaults: true };
            let tree = &project.loaded.tree;
            out::data(&if *json {
                format!("{}\n", show::to_json_text(tree, display))
            } else {
                show::to_yaml(tree, display)
            });
            Ok(ExitCode::Passed)
        }
        ConfigCommand::Schema => {
            out::data(&format!("{:#}\n", apex_config::json_schema()));
            Ok(ExitCode::Passed)
        }
    }
}

fn check(global: &GlobalArgs, env: Option<&str>, json: bool) -> Result<ExitCode, Failure> {
    let loaded = Project::load_silently(global, env, Overlay::flags());
    let problems: Vec<Problem> = match &loaded {
        Ok(project) => all_problems(project),
        Err(Failure::Config(problems)) => problems.clone(),
        Err(_) => return loaded.map(|_| ExitCode::Passed),
    };
    let is_refused = problems.iter().any(|one| one.severity == Severity::Error);
    let shown: Vec<&Problem> = problems.iter().collect();
    if json {
        out::data(&format!("{:#}\n", render::problems_json(&shown)));
        return Ok(if is_refused { ExitCode::Usage } else { ExitCode::Passed });
    }
    let project = loaded?;
    if is_refused {
        return Err(Failure::Config(problems));
    }
    out::people(&render::problems(&shown));
    let warnings = problems.iter().filter(|one| one.severity == Severity::Warning).count();
    let file = match &project.loaded.file {
        Some(file) => file.display().to_string(),
        None => "the built-in layers (no layer file was found)".to_owned(),
    };
    let config = &project.loaded.config;
    out::data(&format!(
        "{file}: {}, {}, {}\n",
        render::count(config.layers.len(), "layer"),
        render::count_categories(config.layers.values().map(|layer| layer.categories.len()).sum()),
        render::count(warnings, "warning"),
    ));
    if config.layers.values().any(|layer| !control_group::Allowance::of(layer).is_empty()) {
        out::data(&format!("limits of layers: {}\n", control_group::enforcement()));
    }
    Ok(ExitCode::Passed)
}

/// What is wrong with the text, and what it finds nothing for in the project, in the order of the
/// files.
fn all_problems(project: &Project) -> Vec<Problem> {
    let mut problems = project.loaded.notes.clone();
    problems.extend(planning::survey(&project.loaded, &project.variables));
    problems.sort_by(|one, other| one.place.order(&other.place));
    problems
}
