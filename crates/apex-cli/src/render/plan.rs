//! A plan as a page for people: layers, categories, jobs, and why.

use std::fmt::Write as _;

use apex_agents::runners;
use apex_core::plan::{CategoryWork, Plan, PlannedCategory, PlannedLayer, Sparing};
use apex_core::{CategoryIx, LayerIx};

use super::{count, count_categories, duration};

/// Jobs of one category that are shown one by one.
const JOBS_SHOWN: usize = 8;

/// The page.
pub(crate) fn plan_page(plan: &Plan) -> String {
    let mut text = headline(plan);
    for (position, layer) in plan.layers.iter().enumerate() {
        layer_part(&mut text, plan, LayerIx::at(position), layer);
    }
    if !plan.services.is_empty() {
        text.push_str("\nServices\n");
        for service in &plan.services {
            line(&mut text, format_args!("  {}  ({})", service.name, service.reason));
        }
    }
    if !plan.left_out.is_empty() {
        text.push_str("\nNot in this plan\n");
        for out in &plan.left_out {
            line(&mut text, format_args!("  {}  ({})", out.name, out.reason));
        }
    }
    if !plan.notes.is_empty() {
        text.push('\n');
    }
    for note in &plan.notes {
        line(&mut text, format_args!("note: {note}"));
    }
    text
}

/// Adds a line; writing to a `String` cannot fail.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{content}");
}

fn headline(plan: &Plan) -> String {
    let mut parts = vec![match (&plan.request.mode, plan.request.selectors.as_slice()) {
        (Some(mode), _) => format!("mode {mode}"),
        (None, []) => "everything".to_owned(),
        (None, selectors) => selectors.join(" "),
    }];
    if let Some(environment) = &plan.request.environment {
        parts.push(format!("environment {environment}"));
    }
    parts.push(count(plan.layers.len(), "layer"));
    parts.push(count_categories(plan.categories.len()));
    parts.push(count(plan.jobs.len(), "job"));
    parts.push(match plan.slots_up_to {
        most if most > plan.slots => format!("{} to {most} at the same time", plan.slots),
        _ => format!("{} at the same time", plan.slots),
    });
    if let Some(budget) = plan.budget {
        parts.push(format!("at most {}", duration(budget)));
    }
    format!("Plan: {}\n", parts.join(", "))
}

fn layer_part(text: &mut String, plan: &Plan, ix: LayerIx, layer: &PlannedLayer) {
    let mut about = vec![layer.reason.clone()];
    if let Some(budget) = layer.budget {
        about.push(format!("budget {}", duration(budget)));
    }
    about.push(format!("{:?}", layer.execution_mode).to_lowercase());
    if !layer.after.is_empty() {
        let names: Vec<&str> =
            layer.after.iter().map(|&before| plan.layer(before).id.as_str()).collect();
        about.push(format!("after {}", names.join(", ")));
    }
    if layer.background {
        about.push("in the background".to_owned());
    }
    line(text, format_args!("\nPhase {}  {}  ({})", layer.phase + 1, layer.id, about.join("; ")));
    for (position, category) in plan.categories.iter().enumerate() {
        if category.layer == ix {
            category_part(text, plan, CategoryIx::at(position), category);
        }
    }
}

fn category_part(text: &mut String, plan: &Plan, ix: CategoryIx, category: &PlannedCategory) {
    let mut about = vec![format!("at most {}", duration(category.timeout))];
    if !category.after.is_empty() {
        let names: Vec<&str> =
            category.after.iter().map(|&before| plan.category(before).name.as_str()).collect();
        about.push(format!("after {}", names.join(", ")));
    }
    if !category.conflicts.is_empty() {
        let names: Vec<&str> =
            category.conflicts.iter().map(|&other| plan.category(other).name.as_str()).collect();
        about.push(format!("never beside {}", names.join(", ")));
    }
    if category.exclusive {
        about.push("alone on the machine".to_owned());
    }
    if !category.requested {
        about.push(category.reason.to_string());
    }
    line(text, format_args!("  {:<16} {}", category.name, about.join("; ")));
    match &category.work {
        CategoryWork::Jobs { .. } => jobs_part(text, plan, ix),
        CategoryWork::Empty { looked } => {
            line(text, format_args!("    no tests found: {looked}"));
        }
        CategoryWork::Unavailable { reason } => {
            line(text, format_args!("    cannot run: {reason}"));
        }
        CategoryWork::Spared { by: Sparing::Cached, reason } => {
            line(text, format_args!("    cached: {reason}"));
        }
        CategoryWork::Spared { reason, .. } => line(text, format_args!("    unaffected: {reason}")),
        CategoryWork::Skipped { reason } => line(text, format_args!("    skipped: {reason}")),
    }
}

fn jobs_part(text: &mut String, plan: &Plan, category: CategoryIx) {
    let jobs: Vec<_> = plan.jobs_of(category).map(|job| plan.job(job)).collect();
    for job in jobs.iter().take(JOBS_SHOWN) {
        let place = match &*job.spec.working_directory {
            "" => String::new(),
            folder => format!("{folder}: "),
        };
        let command = runners::describe(&job.spec).join(" ");
        line(text, format_args!("    {place}{command}  [{}]", job.spec.found_by));
    }
    if jobs.len() > JOBS_SHOWN {
        line(text, format_args!("    and {}", count(jobs.len() - JOBS_SHOWN, "more job")));
    }
}
