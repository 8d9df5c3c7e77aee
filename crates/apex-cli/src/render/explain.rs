//! Pages that explain one thing.

use std::fmt::Write as _;

use apex_config::Config;
use apex_config::model::{Category, Layer, Mode, Shards};
use apex_core::plan::{CategoryWork, Plan};

use super::lists::layer_selection;
use super::table::aligned;
use super::{count, duration};
use crate::exit::ExitCode;

/// Exit codes: one, or all of them.
pub(crate) fn exit_page(code: Option<ExitCode>) -> String {
    let codes: Vec<ExitCode> = match code {
        Some(code) => vec![code],
        None => ExitCode::ALL.into_iter().chain([ExitCode::Signal(2)]).collect(),
    };
    let mut text = String::new();
    for code in codes {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}  {}\n   {}", code.number(), code.meaning(), code.explanation());
    }
    if code.is_none() {
        text.push_str("When several hold, the first of 6, 2, signal, 1, 3, 5, 4, 0 is given.\n");
    }
    text
}

/// A category: where it comes from, what limits it, and what it would run.
pub(crate) fn category_page(config: &Config, category: &Category, plan: &Plan) -> String {
    let names = |list: Vec<&str>| if list.is_empty() { "-".to_owned() } else { list.join(", ") };
    let rows = vec![
        ("summary", category.summary.clone()),
        ("layer", category.layer.as_ref().map_or("none", |layer| layer.as_str()).to_owned()),
        ("priority", format!("{:?}", category.priority).to_lowercase()),
        ("time limit", duration(category.timeout)),
        ("grace", duration(category.grace)),
        ("jobs at once", category.max_parallel.to_string()),
        (
            "shards",
            match category.shards {
                Shards::Fixed(number) => number.to_string(),
                Shards::Auto => "as many as its estimate suggests".to_owned(),
            },
        ),
        ("retries", category.retries.to_string()),
        ("depends on", names(category.depends_on.iter().map(|name| name.as_str()).collect())),
        ("never beside", names(category.conflicts_with.iter().map(|name| name.as_str()).collect())),
        ("services", names(category.services.iter().map(|name| name.as_str()).collect())),
        (
            "runs in",
            if category.only_in.is_empty() {
                "every environment".to_owned()
            } else {
                names(category.only_in.iter().map(|name| name.as_str()).collect())
            },
        ),
        ("modes", names(modes_of(config, category))),
    ];
    let mut text = format!("category {}\n", category.name);
    text.push_str(&pairs(rows));
    text.push_str(&work_of(category, plan));
    text
}

/// The modes whose layers hold a category.
fn modes_of<'a>(config: &'a Config, category: &Category) -> Vec<&'a str> {
    let holds = |mode: &&Mode| {
        let request = apex_core::select::Request::new(apex_core::select::Target::Mode(
            mode.name.as_str().to_owned(),
        ));
        apex_core::select::select(config, &request)
            .is_ok_and(|selection| selection.categories(config).contains(&&category.name))
    };
    config.modes.values().filter(holds).map(|mode| mode.name.as_str()).collect()
}

/// What a category would run.
fn work_of(category: &Category, plan: &Plan) -> String {
    let Some(planned) = plan.categories.iter().find(|planned| planned.name == category.name) else {
        return String::new();
    };
    let mut text = String::from("work\n");
    match &planned.work {
        CategoryWork::Jobs { first, count: number } => {
            for job in plan.jobs.iter().skip(first.position()).take(*number as usize) {
                let folder = match &*job.spec.working_directory {
                    "" => "the project root",
                    folder => folder,
                };
                let command = apex_agents::runners::describe(&job.spec).join(" ");
                // Writing to a `String` cannot fail.
                let _ = writeln!(text, "  {command}");
                let _ = writeln!(text, "    in {folder}, found by: {}", job.spec.found_by);
            }
            let _ = writeln!(text, "  {} in all", count(*number as usize, "job"));
        }
        CategoryWork::Empty { looked } => {
            let _ = writeln!(text, "  no tests found: {looked}");
        }
        CategoryWork::Unavailable { reason } => {
            let _ = writeln!(text, "  cannot run: {reason}");
        }
        CategoryWork::Skipped { reason } => {
            let _ = writeln!(text, "  skipped: {reason}");
        }
    }
    text
}

/// A layer: its limits, its rules, its categories.
pub(crate) fn layer_page(layer: &Layer) -> String {
    let list = |names: Vec<&str>| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    let rows = vec![
        ("description", layer.description.clone()),
        ("budget", duration(layer.budget)),
        ("order", format!("priority {}, then {}", layer.priority, layer.execution_order)),
        (
            "runs",
            if layer.background { "in the background" } else { "in the foreground" }.to_owned(),
        ),
        ("categories run", format!("{:?}", layer.execution_mode).to_lowercase()),
        ("a failure stops", format!("{:?}", layer.fail_fast).to_lowercase()),
        ("jobs at once", layer.limits.max_parallel.to_string()),
        ("depends on", list(layer.dependencies.iter().map(|id| id.as_str()).collect())),
        ("services", list(layer.required_services.iter().map(|name| name.as_str()).collect())),
        (
            "passes when",
            format!(
                "{:.1} % of the tests pass and at most {} fail",
                layer.success.min_pass_rate * 100.0,
                layer.success.max_failures
            ),
        ),
        ("categories", list(layer.categories.iter().map(|one| one.name.as_str()).collect())),
    ];
    format!("layer {}\n{}", layer.id, pairs(rows))
}

/// A mode: its layers and its budget.
pub(crate) fn mode_page(mode: &Mode) -> String {
    let rows = vec![
        ("summary", mode.summary.clone()),
        ("layers", layer_selection(&mode.layers)),
        ("behind the others", layer_selection(&mode.background)),
        ("at most", mode.budget.map_or_else(|| "the global limit".to_owned(), duration)),
        (
            "exit code waits",
            if mode.wait { "for all layers" } else { "for the foreground" }.to_owned(),
        ),
    ];
    format!("mode {}\n{}", mode.name, pairs(rows))
}

fn pairs(rows: Vec<(&str, String)>) -> String {
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(name, value)| vec![format!("  {name}"), value]).collect();
    aligned(&rows)
}
