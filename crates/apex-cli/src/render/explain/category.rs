//! Categories, and the tests that they own, explained.

use apex_config::model::{Category, Mode, RetryOn, RetryWhen, Shards};
use apex_config::{Config, Origins, Place, SourceKind};
use apex_core::plan::{CategoryWork, Plan};
use serde_json::json;

use super::layer::word;
use super::{Explanation, Fact, JobPart, WorkPart};

/// A category: what limits it, where that comes from, and what it would run by a plan.
pub(crate) fn category(
    config: &Config,
    origins: Origins<'_>,
    category: &Category,
    plan: &Plan,
) -> Explanation {
    let name = category.name.as_str();
    // The first of these fields that somebody set.
    let place = |fields: &[&str]| {
        let places = fields.iter().map(|field| origins.category_field(name, field));
        let set = places.into_iter().find(|place| place.source().kind != SourceKind::Default);
        set.unwrap_or_else(|| Place::whole(SourceKind::Default, ""))
    };
    let set = |fact: Fact| {
        let place = place(&[fact.field]);
        fact.from(place)
    };
    let shards = match category.shards {
        Shards::Fixed(number) => Fact::number("shards", "shards", number),
        Shards::WhereSafe => Fact::text("shards", "shards", "where it is safe"),
        Shards::Auto => {
            Fact::text("shards", "shards", "auto").said("by what starting a program costs")
        }
    };
    let parallel = place(match category.layer {
        Some(_) => &["max_parallel_instances"],
        None => &["max_instances"],
    });
    let only_in = Fact::list("runs in", "only_in", category.only_in.iter());
    let only_in =
        if category.only_in.is_empty() { only_in.said("every environment") } else { only_in };
    let facts = vec![
        set(Fact::text("summary", "summary", &category.summary)),
        layer_of(category),
        set(Fact::text("priority", "priority", &word(category.priority))),
        set(Fact::time("time limit", "timeout_seconds", category.timeout)),
        Fact::time("grace", "grace_seconds", category.grace).from(grace(origins, category)),
        Fact::number("jobs at once", "max_parallel_instances", category.max_parallel)
            .from(parallel),
        set(shards),
        set(Fact::number("retries", "retries", category.retries)),
        set(Fact::list("retried on", "retry_on", category.retry_on.iter().map(RetryOn::as_str))),
        set(Fact::text("retried", "retry_when", retry_when(category.retry_when))),
        set(Fact::list("depends on", "depends_on", category.depends_on.iter())),
        set(Fact::list("never beside", "conflicts_with", category.conflicts_with.iter())),
        Fact::list("services", "services", category.services.iter())
            .from(place(&["services", "resource_requirements"])),
        set(only_in),
        Fact::list("modes", "modes", modes_of(config, category)),
    ];
    Explanation {
        kind: "category",
        name: name.to_owned(),
        origin: Some(origins.category(name)),
        facts,
        reasons: reasons(origins, category, plan),
        work: work_of(category, plan),
    }
}

const fn retry_when(when: RetryWhen) -> &'static str {
    match when {
        RetryWhen::AtOnce => "at_once",
        RetryWhen::AtEnd => "at_end",
    }
}

fn layer_of(category: &Category) -> Fact {
    let layer = category.layer.as_ref().map(|layer| layer.as_str());
    let fact = Fact::text("layer", "layer", layer.unwrap_or("none"));
    Fact { value: json!(layer), ..fact }
}

/// The grace of a category that has none of its own is that of its layer.
fn grace(origins: Origins<'_>, category: &Category) -> Place {
    let own = origins.category_field(category.name.as_str(), "grace_seconds");
    match &category.layer {
        Some(layer) if own.source().kind == SourceKind::Default => {
            origins.layer_field(layer.as_str(), "grace_seconds")
        }
        _ => own,
    }
}

fn reasons(origins: Origins<'_>, category: &Category, plan: &Plan) -> Vec<String> {
    let mut reasons = match &category.layer {
        Some(layer) => {
            vec![format!("layer {layer} lists it at {}", origins.category(category.name.as_str()))]
        }
        None => vec!["no layer lists it: it runs when it is asked for by name".to_owned()],
    };
    let planned = plan.categories.iter().find(|planned| planned.name == category.name);
    let cutting = planned.map(|planned| planned.cutting.why()).filter(|why| !why.is_empty());
    reasons.extend(cutting.map(str::to_owned));
    reasons
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
fn work_of(category: &Category, plan: &Plan) -> Option<WorkPart> {
    let position = plan.categories.iter().position(|planned| planned.name == category.name)?;
    let none =
        |state, reason: &str| WorkPart { state, reason: Some(reason.to_owned()), jobs: Vec::new() };
    Some(match &plan.categories[position].work {
        CategoryWork::Empty { looked } => none("empty", looked),
        CategoryWork::Unavailable { reason } => none("unavailable", reason),
        CategoryWork::Spared { reason, .. } => none("spared", reason),
        CategoryWork::Skipped { reason } => none("skipped", reason),
        CategoryWork::Jobs { .. } => {
            let jobs = plan.jobs_of(apex_core::CategoryIx::at(position)).map(|job| {
                let spec = &plan.job(job).spec;
                JobPart {
                    command: apex_agents::runners::describe(spec),
                    folder: spec.working_directory.to_string(),
                    runner: spec.runner.as_str(),
                    reason: spec.found_by.to_string(),
                }
            });
            WorkPart { state: "jobs", reason: None, jobs: jobs.collect() }
        }
    })
}

/// The tests at a path: which categories run them, by which rule.
pub(crate) fn test(path: &str, owners: &[Explanation]) -> Explanation {
    let reasons = owners.iter().flat_map(|owner| {
        let jobs = owner.work.iter().flat_map(|work| &work.jobs);
        jobs.map(|job| {
            format!("category {} covers it most closely, found by: {}", owner.name, job.reason)
        })
    });
    Explanation {
        kind: "test",
        name: path.to_owned(),
        origin: None,
        facts: vec![Fact::list("run by", "categories", owners.iter().map(|owner| &owner.name))],
        reasons: reasons.collect(),
        work: None,
    }
}
