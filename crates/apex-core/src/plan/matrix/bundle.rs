//! Which jobs stay together in one part: those that hold a name in common, and those of
//! categories of which one depends on the other or excludes it.
//!
//! Only what a machine cannot see from where it is counts here. That work has its machine to
//! itself, may not run beside other work of its layer, or loads the same resource is kept by each
//! machine for itself. So is the order of layers.

use std::collections::HashMap;
use std::time::Duration;

use super::PartLoad;
use super::share::Cost;
use crate::id::{CategoryIx, JobIx};
use crate::plan::{Plan, Standing};

/// Jobs that one part runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    pub(super) jobs: Vec<JobIx>,
    /// The share of a machine's time that they take together, in microseconds.
    pub(super) cost: u64,
    /// How long they take at least, however many slots there are, in microseconds.
    pub(super) chain: u64,
    /// Whether a budget may leave out all of them.
    pub(super) is_optional: bool,
    /// Tells bundles of equal cost apart, whatever the order of the plan.
    pub(super) identity: u64,
}

/// The bundles of a plan, in no particular order.
pub(super) fn bundles(plan: &Plan, costs: &[Cost], identities: &[u64]) -> Vec<Bundle> {
    let categories = connected(plan);
    let mut sets = Sets::new(plan.jobs.len());
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    let mut by_component: HashMap<usize, usize> = HashMap::new();
    for (at, job) in plan.jobs.iter().enumerate() {
        for name in &job.holds {
            sets.join(at, *by_name.entry(name).or_insert(at));
        }
        // A part that goes wrong runs the whole work, with all that the other parts hold.
        for part in of_whole(plan, JobIx::at(at)) {
            sets.join(at, part.position());
        }
        let component = categories.of[job.category.position()];
        if categories.is_shared[component] {
            sets.join(at, *by_component.entry(component).or_insert(at));
        }
    }
    let mut members: HashMap<usize, Vec<JobIx>> = HashMap::new();
    for at in 0..plan.jobs.len() {
        members.entry(sets.root(at)).or_default().push(JobIx::at(at));
    }
    members.into_values().map(|jobs| bundle(plan, costs, identities, jobs)).collect()
}

/// The parts of the work that a job is a part of on trust, where any of them holds a name.
fn of_whole(plan: &Plan, job: JobIx) -> Vec<JobIx> {
    if plan.job(job).undivided.is_none() {
        return Vec::new();
    }
    let parts: Vec<JobIx> = plan.parts_of_work(job).collect();
    let holds = parts.iter().any(|part| !plan.job(*part).holds.is_empty());
    if holds { parts } else { Vec::new() }
}

fn bundle(plan: &Plan, costs: &[Cost], identities: &[u64], jobs: Vec<JobIx>) -> Bundle {
    let positions = || jobs.iter().map(|job| job.position());
    Bundle {
        cost: positions().map(|at| costs[at].share).sum(),
        chain: chain(plan, costs, &jobs),
        is_optional: positions().all(|at| plan.jobs[at].standing == Standing::IfItFits),
        identity: positions().map(|at| identities[at]).min().unwrap_or_default(),
        jobs,
    }
}

/// How much longer than the mean of all parts a bundle takes that is worth a word.
const TOO_LARGE: f64 = 1.25;

/// Says why the parts are not equal, when it is because jobs stay together.
pub(super) fn too_large(plan: &Plan, bundles: &[Bundle], loads: &[PartLoad]) -> Option<String> {
    let largest =
        bundles.iter().max_by_key(|bundle| (bundle.cost.max(bundle.chain), bundle.identity))?;
    let count = u32::try_from(loads.len()).unwrap_or(u32::MAX).max(1);
    let mean = loads.iter().map(|load| load.expected).sum::<Duration>() / count;
    let takes = Duration::from_micros(largest.cost.max(largest.chain));
    if largest.jobs.len() < 2 || loads.len() < 2 || takes <= mean.mul_f64(TOO_LARGE) {
        return None;
    }
    let mut names: Vec<&str> = largest
        .jobs
        .iter()
        .map(|&job| plan.category(plan.job(job).category).name.as_str())
        .collect();
    names.dedup();
    Some(format!(
        "{} jobs of {} stay in one part, which takes longer than the others: they hold the same \
         name, or their categories depend on or exclude each other",
        largest.jobs.len(),
        names.join(", ")
    ))
}

/// How long jobs take one after the other where they must: those that hold a name in common, and
/// categories that are in one bundle because they do not overlap.
fn chain(plan: &Plan, costs: &[Cost], jobs: &[JobIx]) -> u64 {
    let mut held: HashMap<&str, u64> = HashMap::new();
    let mut categories: HashMap<CategoryIx, (u64, u64)> = HashMap::new();
    for &job in jobs {
        let (planned, cost) = (plan.job(job), costs[job.position()]);
        for name in &planned.holds {
            *held.entry(name).or_default() += cost.alone;
        }
        let (longest, all) = categories.entry(planned.category).or_default();
        *longest = cost.alone.max(*longest);
        *all += cost.alone / u64::from(cost.width);
    }
    let longest_held = held.into_values().max().unwrap_or_default();
    let turns = categories.into_values().map(|(longest, all)| longest.max(all));
    let in_turn = if is_in_turn(plan, jobs) { turns.sum() } else { turns.max().unwrap_or(0) };
    longest_held.max(in_turn)
}

/// Whether the categories of a bundle run one after the other.
fn is_in_turn(plan: &Plan, jobs: &[JobIx]) -> bool {
    jobs.iter().any(|&job| {
        let planned = plan.category(plan.job(job).category);
        !planned.after.is_empty() || !planned.conflicts.is_empty()
    })
}

/// Which categories hang together.
pub(super) struct Connected {
    /// For each category a number that those which hang together have in common.
    pub(super) of: Vec<usize>,
    /// For each such number whether several categories have it.
    is_shared: Vec<bool>,
}

/// Finds the categories that depend on each other or exclude each other, however far.
pub(super) fn connected(plan: &Plan) -> Connected {
    let count = plan.categories.len();
    let mut sets = Sets::new(count);
    for (at, category) in plan.categories.iter().enumerate() {
        for other in category.after.iter().chain(&category.conflicts) {
            sets.join(at, other.position());
        }
    }
    let of: Vec<usize> = (0..count).map(|at| sets.root(at)).collect();
    let mut sizes = vec![0; count];
    of.iter().for_each(|&root| sizes[root] += 1);
    Connected { of, is_shared: sizes.into_iter().map(|size| size > 1).collect() }
}

/// Disjoint sets of numbers (B. A. Galler, M. J. Fischer, "An improved equivalence algorithm",
/// 1964), with paths cut in half.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}
