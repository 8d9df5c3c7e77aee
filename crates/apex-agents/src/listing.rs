//! Names the tests of a plan without running them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apex_config::Config;
use apex_core::event::ProcessEnd;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;
use apex_core::{AttemptNumber, CategoryIx, JobIx, Plan, RunId};

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
}

/// Lists the tests of a plan, at most `slots` programs at a time.
///
/// # Panics
/// Outside a tokio runtime with I/O and time.
pub async fn list(
    config: &Config,
    root: &Path,
    variables: &BTreeMap<String, String>,
    plan: &Plan,
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
    let mut running = 0;
    if let Some(mut reports) = executor.reports() {
        while running > 0 || !waiting.is_empty() {
            while running < plan.slots.max(1)
                && let Some(job) = waiting.pop_front()
            {
                executor.submit(submission(plan, job));
                running += 1;
            }
            let Some(batch) = reports.recv().await else { break };
            for (job, _, report) in batch {
                let entry = found.entry(job).or_default();
                match report {
                    JobReport::Discovered(cases) => entry.0.extend(cases),
                    JobReport::Ended(end) => {
                        running -= 1;
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
    executor.shutdown(tokio::time::Instant::now() + ENDING).await;
    let mut listing = Listing::default();
    for (job, (cases, trouble)) in found {
        let category = plan.job(job).category;
        listing.tests.extend(cases.into_iter().map(|case| (category, case)));
        listing.troubles.extend(trouble.map(|why| (category, why)));
    }
    listing
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
