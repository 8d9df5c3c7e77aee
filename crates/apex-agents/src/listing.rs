//! Names the tests of a plan without running them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apex_config::Config;
use apex_core::event::ProcessEnd;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;
use apex_core::{AttemptNumber, CategoryIx, JobIx, Plan, RunId};

use tokio::time::Instant;

use crate::controller::{Purpose, factory};
use crate::executor::{Executor, JobRules, LocalExecutor, LocalSettings, Submission};

/// How long a listing that was cut off may take to end.
const ENDING: Duration = Duration::from_secs(2);

/// The tests of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Each test with its category, in the order of the plan.
    pub tests: Vec<(CategoryIx, TestCase)>,
    /// What could not be listed, and why.
    pub troubles: Vec<(CategoryIx, String)>,
    /// Categories whose listing took longer than it may; their tests may be missing.
    pub late: Vec<CategoryIx>,
}

/// Lists the tests of a plan, at most `slots` programs at a time, each at most as long as `limit`
/// when there is one: then no further ones start.
///
/// # Panics
/// Outside a tokio runtime with I/O and time.
pub async fn list(
    config: &Config,
    root: &Path,
    variables: &BTreeMap<String, String>,
    plan: &Plan,
    limit: Option<Duration>,
) -> Listing {
    let variables = Arc::new(variables.clone());
    let discover: HashMap<String, _> = config
        .categories
        .values()
        .filter_map(|one| Some((one.name.as_str().to_owned(), one.recipe.discover.clone()?)))
        .collect();
    let mut executor = LocalExecutor::new(LocalSettings {
        root: root.to_owned(),
        base_env: Arc::clone(&variables),
        temporary: std::env::temp_dir(),
        sessions: factory(root.to_owned(), Arc::clone(&variables), Purpose::List(discover)),
    });
    let mut waiting: VecDeque<JobIx> = (0..plan.jobs.len()).map(JobIx::at).collect();
    let mut found: BTreeMap<JobIx, (Vec<TestCase>, Option<String>)> = BTreeMap::new();
    let mut running: BTreeMap<JobIx, Instant> = BTreeMap::new();
    if let Some(mut reports) = executor.reports() {
        while !running.is_empty() || !waiting.is_empty() {
            while running.len() < plan.slots.max(1) as usize
                && let Some(job) = waiting.pop_front()
            {
                executor.submit(submission(plan, job));
                running.insert(job, Instant::now());
            }
            let Some(batch) = before(limit, &running, reports.recv()).await.flatten() else {
                break;
            };
            for (job, _, report) in batch {
                let entry = found.entry(job).or_default();
                match report {
                    JobReport::Discovered(cases) => entry.0.extend(cases),
                    JobReport::Ended(end) => {
                        running.remove(&job);
                        entry.1 = end.problem.or(match end.end {
                            // What can be named without a program needs none.
                            ProcessEnd::NotStarted(reason) if entry.0.is_empty() => Some(reason),
                            _ => None,
                        });
                    }
                    _ => {}
                }
            }
        }
    }
    executor.shutdown(Instant::now() + ENDING).await;
    let late: BTreeSet<CategoryIx> =
        running.into_keys().chain(waiting).map(|job| plan.job(job).category).collect();
    let mut listing = Listing { late: late.into_iter().collect(), ..Listing::default() };
    for (job, (cases, trouble)) in found {
        let category = plan.job(job).category;
        listing.tests.extend(cases.into_iter().map(|case| (category, case)));
        listing.troubles.extend(trouble.map(|why| (category, why)));
    }
    listing
}

/// What comes before the program that runs longest has run as long as it may.
async fn before<T>(
    limit: Option<Duration>,
    running: &BTreeMap<JobIx, Instant>,
    next: impl Future<Output = T>,
) -> Option<T> {
    match (limit, running.values().min()) {
        (Some(limit), Some(first)) => tokio::time::timeout_at(*first + limit, next).await.ok(),
        _ => Some(next.await),
    }
}

fn submission(plan: &Plan, job: JobIx) -> Submission {
    let planned = plan.job(job);
    let category = plan.category(planned.category);
    Submission {
        run: RunId::new("listing"),
        job,
        attempt: AttemptNumber::FIRST,
        category: category.name.as_str().into(),
        spec: planned.spec.clone(),
        only: None,
        env: Vec::new(),
        log: "/dev/null".into(),
        grace: category.grace,
        lot: None,
        allowance: Arc::default(),
        rules: JobRules::default(),
    }
}
