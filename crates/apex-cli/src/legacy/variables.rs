//! The variables that tests are told by the earlier runner, beyond those of every run.

use std::collections::BTreeMap;
use std::sync::Arc;

use apex_config::environment_variables as names;
use apex_config::model::{Category, CategoryKind};
use apex_core::plan::Plan;

use super::asked::Asked;
use super::flag::Flag;
use super::frameworks::wants_coverage;
use crate::project::Project;

/// What holds for the whole run: environment, services, model.
pub(crate) struct Effective {
    pub(crate) environment: String,
    pub(crate) has_real_services: bool,
    /// What flags say of the language model.
    pub(crate) model: Option<bool>,
}

/// What flags and the environment amount to.
pub(crate) fn effective(asked: &Asked, project: &Project) -> Effective {
    let environment = project.loaded.config.environment.as_str().to_owned();
    let is_real_environment =
        matches!(environment.as_str(), "development" | "staging" | "production");
    let by_mode = match asked.value(Flag::Mode) {
        Some("real-everything") => (Some(true), Some(true)),
        Some("all-mocks") => (Some(false), Some(false)),
        Some("mock-llm-real-db") => (Some(true), Some(false)),
        _ => (None, None),
    };
    let of_flags = |real: Flag, mock: Flag| asked.latest_of(&[real, mock]).map(|flag| flag == real);
    let services = of_flags(Flag::RealServices, Flag::MockServices).or(by_mode.0);
    let services = services.unwrap_or(is_real_environment) && !asked.is_on(Flag::NoServices);
    let model = of_flags(Flag::RealLlm, Flag::MockLlm).or(by_mode.1);
    Effective { environment, has_real_services: services, model }
}

/// Whether the tests of a category meet a real language model: a flag, the category, the
/// environment, in this order.
pub(crate) fn has_real_model(effective: &Effective, category: Option<&Category>) -> bool {
    let is_real_environment =
        matches!(effective.environment.as_str(), "development" | "staging" | "production");
    let is_wanted = category.is_some_and(|category| category.model.is_real);
    effective.model.unwrap_or(is_wanted || is_real_environment)
}

/// Sets them on every job; what a category says itself stays.
pub(crate) fn set(plan: &mut Plan, asked: &Asked, project: &Project) {
    let effective = effective(asked, project);
    let config = &project.loaded.config;
    let names: Vec<String> = plan.categories.iter().map(|one| one.name.to_string()).collect();
    let sets: Vec<BTreeMap<String, String>> =
        names.iter().map(|name| of_category(asked, &effective, config.category(name))).collect();
    for job in &mut plan.jobs {
        let more = &sets[job.category.position()];
        fill(Arc::make_mut(&mut job.spec.env), more);
        if let Some(undivided) = &mut job.undivided {
            fill(Arc::make_mut(&mut Arc::make_mut(undivided).env), more);
        }
    }
}

fn fill(env: &mut BTreeMap<String, String>, more: &BTreeMap<String, String>) {
    for (name, value) in more {
        env.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

fn of_category(
    asked: &Asked,
    effective: &Effective,
    category: Option<&Category>,
) -> BTreeMap<String, String> {
    let real_model = has_real_model(effective, category);
    let real_services = effective.has_real_services;
    let without_engine = asked.is_on(Flag::NoDocker) || asked.is_on(Flag::DockerBypass);
    let is_e2e = category.is_some_and(|category| category.kind == CategoryKind::E2e);
    let word = |is: bool| if is { "true" } else { "false" }.to_owned();
    let either = |is: bool| if is { "real" } else { "mock" }.to_owned();
    let is_production = effective.environment == "production";
    let mut set: BTreeMap<String, String> = [
        ("TEST_MODE", either(real_services && real_model)),
        ("USE_TEST_DATABASE", word(!is_production)),
        ("ALLOW_PROD_TESTS", word(asked.is_on(Flag::AllowProd))),
        ("COVERAGE_ENABLED", word(wants_coverage(asked))),
        ("USE_REAL_SERVICES", word(real_services)),
        ("SKIP_MOCKS", word(real_services)),
        ("USE_DOCKER_SERVICES", word(!without_engine && !asked.is_on(Flag::NoServices))),
        ("TEST_NO_SERVICES", word(asked.is_on(Flag::NoServices))),
        ("TEST_USE_PRODUCTION_IMAGES", word(asked.is_on(Flag::DockerProduction))),
        ("RUN_E2E_TESTS", word(is_e2e)),
        (names::REAL_LLM[0], word(real_model)),
        (names::REAL_LLM[1], word(real_model)),
        (names::REAL_LLM[2], word(real_model)),
        (names::REAL_LLM[3], word(real_model)),
        (names::TEST_LLM_MODE, either(real_model)),
        (names::TEST_LLM_TIMEOUT, model_seconds(asked, category)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(model) = asked.value(Flag::LlmModel) {
        set.insert("TEST_LLM_MODEL".to_owned(), model.to_owned());
    }
    if let Some(rule) = asked.value(Flag::DockerPullPolicy) {
        set.insert("DOCKER_PULL_POLICY".to_owned(), rule.to_owned());
    }
    set
}

/// Seconds for one request to the language model.
fn model_seconds(asked: &Asked, category: Option<&Category>) -> String {
    let configured = category.map(|category| category.model).unwrap_or_default();
    let typed = asked.value(Flag::LlmTimeout).map(str::to_owned);
    typed.unwrap_or_else(|| configured.timeout.as_secs().to_string())
}
