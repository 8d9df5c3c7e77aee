//! The variables that a job is told about its place in the run.

use std::collections::BTreeMap;

use apex_config::environment_variables as names;
use apex_core::plan::JobSpec;
use apex_core::{AttemptNumber, JobIx, Plan, RunId};

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
