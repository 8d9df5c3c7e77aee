//! The variables that a job is told about its place in the run.

use std::collections::BTreeMap;

use apex_core::{AttemptNumber, JobIx, Plan, RunId};

/// Variables that every job of a run gets.
#[must_use]
pub(super) fn of_run(plan: &Plan, run: &RunId) -> BTreeMap<String, String> {
    let environment = plan.request.environment.as_ref().map_or("test", |name| name.as_str());
    let older_name =
        if environment == "test" || environment == "ci" { "local" } else { environment };
    let layered = plan.request.mode.is_some() || plan.layers.iter().any(|one| one.budget.is_some());
    let fixed = [
        ("APEX_RUN_ID", run.as_str()),
        ("TEST_ENV", environment),
        ("ENVIRONMENT", older_name),
        ("TESTING", "1"),
        ("TEST_ORCHESTRATOR_ACTIVE", "1"),
        ("TEST_LAYER_EXECUTION", if layered { "true" } else { "false" }),
        ("PYTHONUNBUFFERED", "1"),
        ("PYTHONUTF8", "1"),
    ];
    fixed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Variables of one attempt of one job.
#[must_use]
pub(super) fn of_attempt(
    plan: &Plan,
    job: JobIx,
    attempt: AttemptNumber,
) -> BTreeMap<String, String> {
    let planned = plan.job(job);
    let category = plan.category(planned.category);
    let (shard, shards) = planned.spec.shard.unwrap_or((1, 1));
    let own = [
        ("APEX_JOB_ID", job.0.to_string()),
        ("APEX_CATEGORY", category.name.to_string()),
        ("APEX_LAYER", plan.layer(category.layer).id.to_string()),
        ("APEX_ATTEMPT", attempt.0.to_string()),
        ("APEX_SHARD", format!("{shard}/{shards}")),
    ];
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
