//! A plan as a page for people: layers, categories, jobs, and why.

use std::fmt::Write as _;

use apex_agents::runners;
use apex_config::model::FailFast;
use apex_core::plan::{
    CategoryWork, Matrix, Plan, PlannedCategory, PlannedJob, PlannedLayer, Sparing,
};
use apex_core::{CategoryIx, LayerIx};

use super::{count, count_categories, duration, plan_services};

/// Jobs of one category that are shown one by one.
const JOBS_SHOWN: usize = 8;

/// The page.
pub(crate) fn plan_page(plan: &Plan) -> String {
    let mut text = headline(plan);
    text.push_str(&prediction(plan));
    for (position, layer) in plan.layers.iter().enumerate() {
        layer_part(&mut text, plan, LayerIx::at(position), layer);
    }
    text.push_str(&plan_services::part(plan));
    if let Some(matrix) = &plan.matrix {
        parts_part(&mut text, matrix);
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
    let predicted = plan.prediction.as_ref().and_then(|all| all.layers.get(ix.position()));
    if let Some(predicted) = predicted.filter(|predicted| !predicted.expected.is_zero()) {
        let (expected, high) = (duration(predicted.expected), duration(predicted.high));
        about.push(format!("expected {expected}, in 9 of 10 runs at most {high}"));
        if let Some(within) = predicted.within_budget.filter(|within| *within < 0.995) {
            about.push(format!("within its budget in {:.0} of 100 runs", 100.0 * within));
        }
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
    if layer.fail_fast != FailFast::default() {
        about.push(format!("fail-fast: {}", layer.fail_fast.as_str()));
    }
    line(text, format_args!("\nPhase {}  {}  ({})", layer.phase + 1, layer.id, about.join("; ")));
    for (position, category) in plan.categories.iter().enumerate() {
        if category.layer == ix {
            category_part(text, plan, CategoryIx::at(position), category);
        }
    }
}

/// How the work is shared among machines.
fn parts_part(text: &mut String, matrix: &Matrix) {
    line(text, format_args!("\nParts  (split {})", matrix.digest));
    for (number, load) in (1..).zip(&matrix.loads) {
        let mark = if matrix.part == Some(number) { "  this one" } else { "" };
        let (jobs, takes) = (count(load.jobs as usize, "job"), duration(load.expected));
        line(text, format_args!("  part {number:<4} {jobs:<10} about {takes}{mark}"));
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
    let is_looked_at = plan.since.is_some() && matches!(category.work, CategoryWork::Jobs { .. });
    if !category.requested || is_looked_at {
        about.push(category.reason.to_string());
    }
    if !category.cutting.why().is_empty() {
        about.push(category.cutting.why().to_owned());
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

/// What is expected of a job and why it is as it is.
fn about_job(job: &PlannedJob) -> String {
    let mut about = Vec::new();
    if let Some(forecast) = job.forecast {
        let (expected, high) = (duration(forecast.expected), duration(forecast.high));
        about.push(format!("about {expected}, in 9 of 10 runs at most {high}"));
    }
    if !job.why.is_empty() {
        about.push(job.why.to_string());
    }
    about.join("; ")
}

/// A command without the middle of a long list of words; `--json` has all of them.
fn shortened(words: &[String]) -> String {
    const SHOWN: usize = 9;
    if words.len() <= SHOWN + 1 {
        return words.join(" ");
    }
    let (last, first) = (&words[words.len() - 1], &words[..SHOWN - 1]);
    format!("{} (and {} more) {last}", first.join(" "), words.len() - SHOWN)
}

/// How long the run is expected to take, for its own line; or why nobody knows.
fn prediction(plan: &Plan) -> String {
    let Some(prediction) = &plan.prediction else {
        return "Expected: nobody knows yet, no run of these tests is recorded\n".to_owned();
    };
    let (low, high) = (duration(prediction.low), duration(prediction.high));
    let mut text = format!(
        "Expected: about {}, in 8 of 10 runs between {low} and {high}; from {}",
        duration(prediction.expected),
        count(prediction.runs as usize, "run")
    );
    if prediction.unknown > 0 {
        let unknown = count(prediction.unknown as usize, "job");
        text.push_str(&format!("; {unknown} without a record taken for the mean of the others"));
    }
    text.push('\n');
    text
}

fn jobs_part(text: &mut String, plan: &Plan, category: CategoryIx) {
    let jobs: Vec<_> = plan.jobs_of(category).map(|job| plan.job(job)).collect();
    for job in jobs.iter().take(JOBS_SHOWN) {
        let place = match &*job.spec.working_directory {
            "" => String::new(),
            folder => format!("{folder}: "),
        };
        let command = shortened(&runners::describe(&job.spec));
        line(text, format_args!("    {place}{command}  [{}]", job.spec.found_by));
        let about = about_job(job);
        if !about.is_empty() {
            line(text, format_args!("      {about}"));
        }
    }
    if jobs.len() > JOBS_SHOWN {
        line(text, format_args!("    and {}", count(jobs.len() - JOBS_SHOWN, "more job")));
    }
}
