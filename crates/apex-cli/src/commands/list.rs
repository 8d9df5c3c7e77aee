//! `apex list`: layers, categories, modes, tests.

use apex_agents::listing;

use crate::args::{GlobalArgs, ListArgs, ListWord};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::render::TestRow;
use crate::{out, render};

pub(super) fn list(global: &GlobalArgs, args: &ListArgs) -> Result<ExitCode, Failure> {
    let project = Project::for_target(global, &args.target.part)?;
    let config = &project.loaded.config;
    let mut code = ExitCode::Passed;
    let list = match args.what {
        ListWord::Layers => render::layers(config),
        ListWord::Categories => render::categories(config),
        ListWord::Modes => render::modes(config),
        ListWord::Tests => {
            let (rows, whole) = tests(&project, args)?;
            code = whole;
            render::tests(&rows)
        }
    };
    if args.json {
        out::data(&format!("{:#}\n", list.json));
    } else {
        out::data(&list.text);
    }
    Ok(code)
}

/// The tests of what was asked for, and how the listing ends: what cannot be listed is said.
fn tests(project: &Project, args: &ListArgs) -> Result<(Vec<TestRow>, ExitCode), Failure> {
    let plan = assemble::plan(project, &assemble::wish(&project.loaded.root, &args.target, false))?;
    let config = &project.loaded.config;
    let listing = assemble::runtime()?.block_on(listing::list(
        config,
        &project.loaded.root,
        &project.variables,
        &plan,
        None,
    ));
    for (category, why) in &listing.troubles {
        out::people(&format!("warning: {}: {why}\n", plan.category(*category).name));
    }
    let rows: Vec<TestRow> = listing
        .tests
        .into_iter()
        .map(|(category, case)| TestRow {
            category: plan.category(category).name.to_string(),
            id: case.id.to_string(),
            place: match (case.file, case.line) {
                (Some(file), Some(line)) => format!("{file}:{line}"),
                (Some(file), None) => file.to_string(),
                _ => String::new(),
            },
        })
        .collect();
    let code = if !listing.troubles.is_empty() {
        ExitCode::Environment
    } else if rows.is_empty() {
        ExitCode::NothingRan
    } else {
        ExitCode::Passed
    };
    Ok((rows, code))
}
