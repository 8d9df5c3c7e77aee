//! What flags say of services: which of them start, where they are, which have to answer.
//!
//! A service that the project defines is started and checked by the run itself. Decided here is what
//! a job needs at all, and what is only looked at before the first test.

use std::collections::BTreeMap;

use apex_config::Config;
use apex_config::Node;
use apex_config::model::{Category, Service, ServiceSource};
use apex_core::plan::{CategoryWork, Plan};

use super::address::{self, Address};
use super::asked::Asked;
use super::flag::Flag;
use super::variables::effective;
use crate::project::Project;

/// Puts services where their `remote_url` says: all of them with `--docker-bypass`, those that
/// answer there with `--prefer-staging`.
pub(crate) fn relocate(asked: &Asked, project: &mut Project) {
    let bypasses = asked.is_on(Flag::DockerBypass);
    let prefers = asked.is_on(Flag::PreferStaging) && !asked.is_on(Flag::DryRun);
    if !(bypasses || prefers) {
        return;
    }
    let defined = project.loaded.tree.get("services").and_then(Node::as_map);
    for (name, _, node) in defined.into_iter().flat_map(apex_config::Map::iter) {
        let url = node.get("remote_url").and_then(Node::as_text).filter(|url| !url.is_empty());
        let Some(url) = url else { continue };
        let answers = || Address::of_url(url).is_some_and(|address| address.answers());
        let Some(service) = project.loaded.config.services.get_mut(name) else { continue };
        if bypasses || answers() {
            service.move_to(url.to_owned());
        }
    }
}

/// Takes from jobs the services that are not to start, and keeps categories from running whose
/// services have to be real and do not answer.
pub(crate) fn settle(
    plan: Plan,
    asked: &Asked,
    project: &Project,
    notes: &mut Vec<String>,
) -> Plan {
    let mut plan = plan;
    if asked.is_on(Flag::NoServices) || is_set(&project.variables, "TEST_NO_SERVICES") {
        plan.jobs.iter_mut().for_each(|job| job.services.clear());
        return plan;
    }
    let left = without_containers(&mut plan, asked, project, notes);
    let is_typed = matches!(
        asked.latest_of(&[Flag::RealServices, Flag::MockServices]),
        Some(Flag::RealServices)
    );
    if !is_typed || !effective(asked, project).has_real_services || asked.is_on(Flag::DryRun) {
        return plan;
    }
    let missing = missing(&plan, project, &left, notes);
    unavailable(plan, &missing)
}

fn is_set(variables: &BTreeMap<String, String>, name: &str) -> bool {
    variables.get(name).is_some_and(|value| matches!(value.as_str(), "1" | "true"))
}

/// Takes the containers from jobs that are not to have them: all with `--no-docker`, else those of
/// categories that say `docker: never`, unless a flag asks for services. The services that were
/// taken, by the position of their category.
fn without_containers(
    plan: &mut Plan,
    asked: &Asked,
    project: &Project,
    notes: &mut Vec<String>,
) -> Vec<(usize, String)> {
    let without_engine = asked.is_on(Flag::NoDocker)
        || asked.is_on(Flag::DockerBypass)
        || is_set(&project.variables, "TEST_NO_DOCKER");
    let wants_all = asked.is_on(Flag::AutoServices)
        || asked.is_on(Flag::StartDocker)
        || effective(asked, project).has_real_services;
    let config = &project.loaded.config;
    let is_container: Vec<bool> =
        plan.services.iter().map(|one| in_engine(config.service(one.name.as_str()))).collect();
    let stays_out: Vec<bool> = plan
        .categories
        .iter()
        .map(|one| without_engine || !wants_all && never_starts(project, one.name.as_str()))
        .collect();
    let mut left: Vec<(usize, String)> = Vec::new();
    for job in &mut plan.jobs {
        let category = job.category.position();
        if !stays_out[category] {
            continue;
        }
        job.services.retain(|at| {
            let stays = !is_container[at.position()];
            let taken = (category, plan.services[at.position()].name.to_string());
            if !stays && !left.contains(&taken) {
                left.push(taken);
            }
            stays
        });
    }
    tell_left(plan, without_engine, &left, notes);
    left
}

fn tell_left(plan: &Plan, without_engine: bool, left: &[(usize, String)], notes: &mut Vec<String>) {
    let mut names: Vec<&str> = left.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let names = names.join(", ");
    if without_engine {
        notes.push(format!("no container is started: {names}"));
        return;
    }
    let mut categories: Vec<&str> =
        left.iter().map(|(at, _)| plan.categories[*at].name.as_str()).collect();
    categories.dedup();
    notes.push(format!(
        "{} says `docker: never`: {names} is not started for it; --auto-services starts it",
        categories.join(", ")
    ));
}

fn in_engine(service: Option<&Service>) -> bool {
    service.is_some_and(|service| {
        matches!(service.source, ServiceSource::Container(_) | ServiceSource::Compose { .. })
    })
}

/// Whether a category is no reason to start containers.
fn never_starts(project: &Project, category: &str) -> bool {
    let said = project
        .loaded
        .tree
        .get("categories")
        .and_then(|all| all.get(category)?.get("docker")?.as_text());
    let requires_real = project
        .loaded
        .config
        .category(category)
        .is_some_and(|one| one.requires.iter().any(|word| word == "real_services"));
    said == Some("never") && !requires_real
}

/// What does not answer although it has to be real, by the position of its category.
fn missing(
    plan: &Plan,
    project: &Project,
    left: &[(usize, String)],
    notes: &mut Vec<String>,
) -> Vec<(usize, String)> {
    let config = &project.loaded.config;
    let mut missing = Vec::new();
    let mut unknown: Vec<String> = Vec::new();
    for (at, planned) in plan.categories.iter().enumerate() {
        let has_work = matches!(planned.work, CategoryWork::Jobs { .. });
        let Some(category) = config.category(planned.name.as_str()).filter(|_| has_work) else {
            continue;
        };
        for name in undefined(config, category) {
            match address::usual(name, &project.variables) {
                Some(address) if address.answers() => {}
                Some(address) => missing.push((at, format!("{name} does not answer at {address}"))),
                None if unknown.iter().any(|one| one == name) => {}
                None => unknown.push(name.to_owned()),
            }
        }
        for (_, name) in left.iter().filter(|(category, _)| *category == at) {
            let address = config.service(name).and_then(Address::of_service);
            if !address.is_some_and(|address| address.answers()) {
                missing.push((at, format!("{name} does not answer, and no container is started")));
            }
        }
    }
    if !unknown.is_empty() {
        notes.push(format!(
            "--real-services: {} is defined nowhere and not looked for",
            unknown.join(", ")
        ));
    }
    missing
}

/// The services of a category that nothing says how to reach.
fn undefined<'a>(config: &'a Config, category: &'a Category) -> impl Iterator<Item = &'a str> {
    let is_undefined = |name: &&str| {
        config.service(name).is_none_or(|service| service.source == ServiceSource::Undefined)
    };
    category.services.iter().map(|name| name.as_str()).filter(is_undefined)
}

/// The plan in which these categories cannot run.
fn unavailable(plan: Plan, missing: &[(usize, String)]) -> Plan {
    let owner: Vec<usize> = plan.jobs.iter().map(|job| job.category.position()).collect();
    let why = |category: usize| missing.iter().find(|(at, _)| *at == category);
    plan.with_jobs(
        |job| why(owner[job.position()]).is_none(),
        |category| {
            let reason = why(category.position()).map(|(_, reason)| reason.clone());
            CategoryWork::Unavailable { reason: reason.unwrap_or_default() }
        },
    )
}
