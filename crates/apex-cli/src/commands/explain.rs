//! `apex explain`: one category, layer, mode, test or exit code.

use apex_agents::planning::Wish;
use apex_config::Overlay;
use apex_core::select::{Request, Target};
use serde_json::json;

use crate::args::{ExplainArgs, GlobalArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn explain(global: &GlobalArgs, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let page = if args.subject == "exit" { exit(args.code)? } else { subject(global, args)? };
    if args.json {
        let lines: Vec<&str> = page.lines().collect();
        let value = json!({ "schema": "apex.explain/1", "subject": args.subject, "lines": lines });
        out::data(&format!("{value:#}\n"));
    } else {
        out::data(&page);
    }
    Ok(ExitCode::Passed)
}

fn exit(number: Option<u8>) -> Result<String, Failure> {
    match number {
        None => Ok(render::exit_page(None)),
        Some(number) => match ExitCode::of_number(number) {
            Some(code) => Ok(render::exit_page(Some(code))),
            None => Err(Failure::usage(
                format!("apex never ends with exit code {number}"),
                "`apex explain exit` lists the codes",
            )),
        },
    }
}

/// Names are tried in this order: category, layer, mode, path.
fn subject(global: &GlobalArgs, args: &ExplainArgs) -> Result<String, Failure> {
    let project = Project::load(global, args.env.as_deref(), Overlay::flags())?;
    let config = &project.loaded.config;
    let subject = args.subject.as_str();
    if let Some(category) = config.categories.get(subject) {
        let target = Target::Categories(vec![subject.to_owned()]);
        let request = Request { with_dependencies: false, ..Request::new(target) };
        let plan = assemble::plan(&project, &Wish::Request(request))?;
        return Ok(render::category_page(config, category, &plan));
    }
    if let Some(layer) = config.layers.get(subject) {
        return Ok(render::layer_page(layer));
    }
    if let Some(mode) = config.modes.get(subject) {
        return Ok(render::mode_page(mode));
    }
    if subject.contains('/') || subject.contains("::") || project.loaded.root.join(subject).exists()
    {
        return path(&project, subject);
    }
    let categories = config.categories.keys().map(|name| name.as_str());
    let known = categories
        .chain(config.layers.keys().map(|id| id.as_str()))
        .chain(config.modes.keys().map(|name| name.as_str()));
    let hint = match apex_config::nearest(subject, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`apex list categories` and `apex list layers` show the names".to_owned(),
    };
    Err(Failure::usage(format!("`{subject}` is no category, layer, mode or path"), hint))
}

/// A path: who owns it, and what would run.
fn path(project: &Project, path: &str) -> Result<String, Failure> {
    let request = Request::new(Target::Categories(Vec::new()));
    let plan = assemble::plan(project, &Wish::Paths(vec![path.to_owned()], request))?;
    let mut page = format!("test {path}\n");
    for category in &plan.categories {
        if let Some(definition) = project.loaded.config.categories.get(&category.name) {
            page.push_str(&render::category_page(&project.loaded.config, definition, &plan));
        }
    }
    Ok(page)
}
