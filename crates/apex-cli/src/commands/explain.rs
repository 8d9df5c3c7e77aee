//! `apex explain`: one category, layer, mode, test or exit code.

use apex_agents::planning::Wish;
use apex_config::{Origins, Overlay};
use apex_core::select::{Request, Target};

use crate::args::{ExplainArgs, GlobalArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;
use crate::render::explain::{self, Explanation};

/// Names that are offered when nothing bears the one that was typed.
const OFFERED: usize = 3;

pub(super) fn explain(global: &GlobalArgs, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let explanations =
        if args.subject == "exit" { exit(args.code)? } else { subject(global, args)? };
    if args.json {
        out::data(&format!("{:#}\n", explain::document(&args.subject, &explanations)));
    } else {
        out::data(&explain::page(&explanations));
    }
    Ok(ExitCode::Passed)
}

fn exit(number: Option<u8>) -> Result<Vec<Explanation>, Failure> {
    match number {
        None => Ok(explain::exit(None)),
        Some(number) => match ExitCode::of_number(number) {
            Some(code) => Ok(explain::exit(Some(code))),
            None => Err(Failure::usage(
                format!("apex never ends with exit code {number}"),
                "`apex explain exit` lists the codes",
            )),
        },
    }
}

/// Everything that bears the name: a category, a layer, a mode; else the tests at a path.
fn subject(global: &GlobalArgs, args: &ExplainArgs) -> Result<Vec<Explanation>, Failure> {
    let project = Project::load(global, args.env.as_deref(), Overlay::flags())?;
    let config = &project.loaded.config;
    let origins = Origins::of(&project.loaded.tree);
    let subject = args.subject.as_str();
    let mut found = Vec::new();
    if let Some(category) = config.categories.get(subject) {
        let target = Target::Categories(vec![subject.to_owned()]);
        let request = Request { with_dependencies: false, ..Request::new(target) };
        let plan = assemble::plan(&project, &Wish::Request(request))?;
        found.push(explain::category(config, origins, category, &plan));
    }
    found.extend(config.layers.get(subject).map(|layer| explain::layer(config, origins, layer)));
    found.extend(config.modes.get(subject).map(|mode| explain::mode(config, origins, mode)));
    if !found.is_empty() {
        return Ok(found);
    }
    let is_path = subject.contains('/') || subject.contains("::");
    let inside = assemble::in_project(&project.loaded.root, subject);
    if is_path || project.loaded.root.join(inside).exists() {
        return path(&project, subject);
    }
    Err(unknown(&project, subject))
}

fn unknown(project: &Project, subject: &str) -> Failure {
    let config = &project.loaded.config;
    let categories = config.categories.keys().map(|name| name.as_str());
    let known = categories
        .chain(config.layers.keys().map(|id| id.as_str()))
        .chain(config.modes.keys().map(|name| name.as_str()))
        .chain(["exit"]);
    let near: Vec<String> = apex_config::nearest_of(subject, known, OFFERED)
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let hint = if near.is_empty() {
        "`apex list categories`, `apex list layers` and `apex list modes` show the names".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::usage(format!("`{subject}` is no category, layer, mode or path"), hint)
}

/// A path: who owns the tests there and why, and what would run.
fn path(project: &Project, path: &str) -> Result<Vec<Explanation>, Failure> {
    let request = Request::new(Target::Categories(Vec::new()));
    let inside = assemble::in_project(&project.loaded.root, path);
    let plan = assemble::plan(project, &Wish::Paths(vec![inside], request))?;
    let config = &project.loaded.config;
    let origins = Origins::of(&project.loaded.tree);
    let owners = plan
        .categories
        .iter()
        .filter_map(|planned| config.categories.get(&planned.name))
        .map(|owner| explain::category(config, origins, owner, &plan));
    let owners: Vec<Explanation> = owners.collect();
    let mut found = vec![explain::test(path, &owners)];
    found.extend(owners);
    Ok(found)
}
