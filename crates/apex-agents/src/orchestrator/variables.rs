//! The variables that a job is told about its place in the run.

use std::collections::BTreeMap;

use apex_config::environment_variables as names;
use apex_config::model::{Colour, ModelAccess};
use apex_core::plan::JobSpec;
use apex_core::trace::{Place, SpanId};
use apex_core::{AttemptNumber, JobIx, Plan, RunId, Trace};

/// Variables that every job of a run gets.
#[must_use]
pub(super) fn of_run(plan: &Plan, run: &RunId) -> BTreeMap<String, String> {
    let environment = plan.request.environment.as_ref().map_or("test", |name| name.as_str());
    let older_name =
        if environment == "test" || environment == "ci" { "local" } else { environment };
    let layered = plan.request.mode.is_some() || plan.layers.iter().any(|one| one.budget.is_some());
    let fixed = [
        (names::RUN_ID, run.as_str()),
        (names::TEST_ENV, environment),
        (names::ENVIRONMENT, older_name),
        (names::TESTING, "1"),
        (names::TEST_ORCHESTRATOR_ACTIVE, "1"),
        (names::TEST_LAYER_EXECUTION, if layered { "true" } else { "false" }),
        (names::PYTHONUNBUFFERED, "1"),
        (names::PYTHONUTF8, "1"),
    ];
    fixed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Variables of one attempt of one job, which runs this.
#[must_use]
pub(super) fn of_attempt(
    plan: &Plan,
    job: JobIx,
    attempt: AttemptNumber,
    spec: &JobSpec,
) -> BTreeMap<String, String> {
    let planned = plan.job(job);
    let category = plan.category(planned.category);
    let part = spec.part.as_ref().map(|part| (part.number, part.of));
    let shard = spec.shard.or(part);
    let own = [
        (names::JOB_ID, job.0.to_string()),
        (names::CATEGORY, category.name.to_string()),
        (names::LAYER, plan.layer(category.layer).id.to_string()),
        (names::ATTEMPT, attempt.0.to_string()),
        (names::SHARD, shard.map_or_else(|| "1/1".to_owned(), |(one, of)| format!("{one}/{of}"))),
    ];
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Variables of every job of a category whose tests meet this model and write in this colour.
#[must_use]
pub(super) fn of_tests(model: ModelAccess, colour: Colour) -> BTreeMap<String, String> {
    let is_real = if model.is_real { "true" } else { "false" };
    let mode = if model.is_real { "real" } else { "mock" };
    let mut own = vec![
        (names::TEST_LLM_MODE, mode.to_owned()),
        (names::TEST_LLM_TIMEOUT, model.timeout.as_secs().to_string()),
    ];
    own.extend(names::REAL_LLM.map(|name| (name, is_real.to_owned())));
    let colours = match colour {
        Colour::Inherit => return named(own),
        Colour::Always => ["", "1", "1", "1", "always"],
        Colour::Never => ["1", "", "0", "0", "never"],
    };
    let variables = [
        names::NO_COLOR,
        names::FORCE_COLOR,
        names::CLICOLOR_FORCE,
        names::PY_COLORS,
        names::CARGO_TERM_COLOR,
    ];
    own.extend(variables.into_iter().zip(colours.map(str::to_owned)));
    named(own)
}

fn named(own: Vec<(&str, String)>) -> BTreeMap<String, String> {
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Variables that hang what a job or a service records below its span.
#[must_use]
pub(super) fn of_trace(trace: &Trace, place: Place) -> BTreeMap<String, String> {
    let span: SpanId = trace.span(place);
    let state = Some(trace.state()).filter(|state| !state.is_empty());
    let set = [
        Some((names::TRACEPARENT, trace.parent_of(span))),
        Some((names::BAGGAGE, trace.baggage())),
        state.map(|state| (names::TRACESTATE, state.to_owned())),
        matches!(place, Place::Job(_)).then(|| (names::TEST_SPANS, "1".to_owned())),
    ];
    set.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
}
