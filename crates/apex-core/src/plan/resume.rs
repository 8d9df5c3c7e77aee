//! A plan that goes on with earlier runs: what passed in them is not repeated.
//!
//! A job is left out when the same job ended well. Of a job that did not come to its end, the tests
//! that passed are left out where the framework can be told so. A category that was cut on trust is
//! left out as a whole or not at all, because only all of its parts together say something. What
//! failed is open: the run that goes on says whether it still does.
//!
//! It relies on the caller to know that nothing changed since.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use apex_config::model::{CategoryName, RunnerKind};

use crate::id::JobIx;
use crate::outcome::Outcome;
use crate::view::RunView;

use super::{CategoryWork, JobSpec, Part, Plan, Sparing};

/// What passed in earlier runs.
#[derive(Clone, Debug, Default)]
pub struct Done {
    of: HashMap<CategoryName, DoneOfCategory>,
}

#[derive(Clone, Debug, Default)]
struct DoneOfCategory {
    /// Jobs that ended well.
    jobs: Vec<JobSpec>,
    /// Tests that passed.
    tests: BTreeSet<Arc<str>>,
}

impl Done {
    /// Adds what passed in a run; runs that went on with each other add up.
    pub fn add(&mut self, run: &RunView) {
        let plan = run.plan();
        for (planned, job) in plan.jobs.iter().zip(run.jobs()) {
            let name = &plan.category(planned.category).name;
            if job.progress.ending().is_some_and(|end| is_good(end.outcome)) {
                self.of.entry(name.clone()).or_default().jobs.push(planned.spec.clone());
            }
        }
        for test in run.tests() {
            let Some(planned) = plan.jobs.get(test.job.position()) else { continue };
            if test.outcome().is_some_and(is_good) {
                let name = &plan.category(planned.category).name;
                let done = self.of.entry(name.clone()).or_default();
                done.tests.insert(test.case.id.to_string().into());
            }
        }
    }

    /// How many tests passed.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.of.values().map(|of| of.tests.len()).sum()
    }
}

impl DoneOfCategory {
    /// Whether a job, or one that went on with it, ended well.
    fn has(&self, spec: &JobSpec) -> bool {
        let rest = self.rest_of(spec);
        self.jobs.iter().any(|done| done == spec || goes_on_with(done, spec, &rest))
    }

    /// What a job has to do in the end, without the tests that passed.
    fn rest_of(&self, spec: &JobSpec) -> JobSpec {
        // Only pytest can be told which tests to leave out, whatever else is there.
        if spec.runner != RunnerKind::Pytest || self.tests.is_empty() {
            return spec.clone();
        }
        let whole = || Arc::new(Part { number: 1, of: 1, ..Part::default() });
        let mut part = Part::clone(&spec.part.clone().unwrap_or_else(whole));
        let known: BTreeSet<Arc<str>> = part.without.iter().cloned().collect();
        part.without.extend(self.tests.difference(&known).cloned());
        JobSpec { part: Some(Arc::new(part)), ..spec.clone() }
    }
}

/// Whether a job that ended well did what another one had left: the same work, without tests of
/// which all have passed.
fn goes_on_with(done: &JobSpec, spec: &JobSpec, rest: &JobSpec) -> bool {
    let bare = |spec: &JobSpec| JobSpec { part: None, ..spec.clone() };
    let (Some(part), Some(whole)) = (&done.part, &rest.part) else { return false };
    let left_out: BTreeSet<&Arc<str>> = whole.without.iter().collect();
    bare(done) == bare(spec)
        && (part.number, part.of, &part.only) == (whole.number, whole.of, &whole.only)
        && (&part.leave, &part.serial) == (&whole.leave, &whole.serial)
        && part.without.iter().all(|id| left_out.contains(id))
}

/// Whether something with this outcome need not be repeated.
const fn is_good(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Passed
            | Outcome::Flaky
            | Outcome::Quarantined
            | Outcome::Skipped
            | Outcome::Empty
            | Outcome::Cached
    )
}

impl Plan {
    /// The plan without what is done already; `name` says in which run, for people.
    #[must_use]
    pub fn going_on_with(mut self, done: &Done, name: &str) -> Self {
        let nothing = DoneOfCategory::default();
        let of = |plan: &Self, job: usize| -> CategoryName {
            plan.category(plan.jobs[job].category).name.clone()
        };
        let mut is_done: Vec<bool> = Vec::with_capacity(self.jobs.len());
        for job in 0..self.jobs.len() {
            let done = done.of.get(&of(&self, job)).unwrap_or(&nothing);
            is_done.push(done.has(&self.jobs[job].spec));
        }
        self.keep_trusted_together(&mut is_done);
        for (job, planned) in self.jobs.iter_mut().enumerate() {
            let name = &self.categories[planned.category.position()].name;
            if let Some(done) = done.of.get(name).filter(|_| planned.undivided.is_none()) {
                planned.spec =
                    if is_done[job] { planned.spec.clone() } else { done.rest_of(&planned.spec) };
            }
        }
        let left_out = is_done.iter().filter(|done| **done).count();
        let jobs = is_done.len();
        self.notes.push(format!(
            "goes on with run {name}: {} tests that passed there, and {left_out} of {jobs} jobs, \
             are not repeated",
            done.tests()
        ));
        let reason = format!("passed in run {name}");
        self.with_jobs(
            |job: JobIx| !is_done[job.position()],
            |_| CategoryWork::Spared { by: Sparing::Cached, reason: reason.clone() },
        )
    }

    /// Jobs of a category that was cut on trust are done together, or none of them is.
    fn keep_trusted_together(&self, is_done: &mut [bool]) {
        let open: BTreeSet<_> = self
            .jobs
            .iter()
            .zip(is_done.iter())
            .filter(|(job, is_done)| job.undivided.is_some() && !**is_done)
            .map(|(job, _)| job.category)
            .collect();
        for (job, is_done) in self.jobs.iter().zip(is_done) {
            *is_done &= !open.contains(&job.category);
        }
    }
}
