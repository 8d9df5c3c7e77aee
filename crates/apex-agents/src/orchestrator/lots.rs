//! Which jobs of a plan differ in nothing but their tests, and how many of each such lot are still
//! to come.

use std::sync::Arc;

use apex_core::plan::{JobSpec, PlannedJob, Standing, Work};
use apex_core::{AttemptNumber, CategoryIx, JobIx, Plan};

use crate::executor::Lot;

/// The lots of a plan.
pub(super) struct Lots {
    of_job: Vec<Option<Arc<Lot>>>,
    /// Whether a job is counted as one that is to come.
    is_expected: Vec<bool>,
}

impl Lots {
    /// The lots of a plan that have at least two jobs.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut lots =
            Self { of_job: vec![None; plan.jobs.len()], is_expected: vec![false; plan.jobs.len()] };
        let mut number = 0;
        for category in (0..plan.categories.len()).map(CategoryIx::at) {
            for jobs in alike(plan, category) {
                lots.add(plan, number, &jobs);
                number += 1;
            }
        }
        lots
    }

    fn add(&mut self, plan: &Plan, number: u32, jobs: &[JobIx]) {
        let mut expected = 0;
        for job in jobs {
            // A job that a budget may leave out is not waited for.
            let is_sure = plan.job(*job).standing == Standing::Required;
            self.is_expected[job.position()] = is_sure;
            expected += u32::from(is_sure);
        }
        let lot = Arc::new(Lot::new(number, expected));
        for job in jobs {
            self.of_job[job.position()] = Some(Arc::clone(&lot));
        }
    }

    /// An attempt starts; the answer is its lot, where it may share a program. Who tries again
    /// wants to know what happens in a fresh one.
    pub(super) fn start(&mut self, job: JobIx, attempt: AttemptNumber) -> Option<Arc<Lot>> {
        let lot = self.count_off(job)?;
        (attempt == AttemptNumber::FIRST).then_some(lot)
    }

    /// A job has finished. Its lot, when fewer jobs are to come than were expected: it never
    /// started.
    pub(super) fn finish(&mut self, job: JobIx) -> Option<Arc<Lot>> {
        self.is_expected[job.position()].then(|| self.count_off(job)).flatten()
    }

    fn count_off(&mut self, job: JobIx) -> Option<Arc<Lot>> {
        let lot = self.of_job[job.position()].clone()?;
        if std::mem::take(&mut self.is_expected[job.position()]) {
            lot.count_off();
        }
        Some(lot)
    }
}

/// The jobs of a category in groups of at least two that could share a program.
fn alike(plan: &Plan, category: CategoryIx) -> Vec<Vec<JobIx>> {
    let jobs: Vec<JobIx> = plan.jobs_of(category).collect();
    let mut groups: Vec<Vec<JobIx>> = Vec::new();
    if jobs.len() < 2 {
        return groups;
    }
    for job in jobs {
        let is_like = |group: &&mut Vec<JobIx>| {
            group.first().is_some_and(|first| are_alike(plan.job(*first), plan.job(job)))
        };
        match groups.iter_mut().find(is_like) {
            Some(group) => group.push(job),
            None => groups.push(vec![job]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn are_alike(one: &PlannedJob, other: &PlannedJob) -> bool {
    let place = |spec: &JobSpec| (spec.runner, Arc::clone(&spec.working_directory));
    place(&one.spec) == place(&other.spec)
        && one.services == other.services
        && one.spec.env == other.spec.env
        && differ_in_paths(&one.spec.work, &other.spec.work)
}

/// Whether two works of a framework differ in their paths at most; never for programs that the user
/// wrote down, which do not stay.
fn differ_in_paths(one: &Work, other: &Work) -> bool {
    match (one, other) {
        (
            Work::Tests { markers, keyword, ignore, arguments, .. },
            Work::Tests { markers: m, keyword: k, ignore: i, arguments: a, .. },
        ) => (markers, keyword, ignore, arguments) == (m, k, i, a),
        _ => false,
    }
}
