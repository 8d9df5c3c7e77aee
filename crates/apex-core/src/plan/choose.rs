//! Which jobs of a layer are chosen when not all of them are expected to fit its budget.
//!
//! What must run is chosen first; then the job that is worth most for its time, as long as the
//! chosen ones end within the budget with a chance of nine in ten. This is the greedy rule for
//! the knapsack (G. B. Dantzig, "Discrete-variable extremum problems", 1957), which is within
//! one job of the best. What is not chosen runs when time is left, the most valuable first.

use apex_config::model::ExecutionMode;
use statrs::distribution::{ContinuousCDF, Normal};

use super::order::Prospect;
use super::{Plan, PlannedLayer, Standing};
use crate::estimate::Amount;
use crate::id::JobIx;

/// The chance with which what is chosen ends within the budget.
const SURE: f64 = 0.9;

/// Share of a budget that is kept for services to start and programs to end.
const RESERVE: f64 = 0.03;

/// How much everything of a run is slower or faster at once: one standard deviation.
const MACHINE: f64 = 0.10;

/// Most jobs of a layer that are weighed one by one; of more, the rest is left to the slack.
const MOST_WEIGHED: usize = 2_000;

/// Decides for one layer what a budget may leave out; whether that is anything.
pub(super) fn by_budget(plan: &mut Plan, layer: usize, prospects: &[Prospect]) -> bool {
    let planned = &plan.layers[layer];
    let Some(budget) = planned.budget else { return false };
    let jobs: Vec<JobIx> =
        planned.categories.iter().flat_map(|&category| plan.jobs_of(category)).collect();
    let room = budget.as_secs_f64() * (1.0 - RESERVE);
    let crew = Crew::of(plan, planned);
    if crew.finish(plan, prospects, &jobs) <= room {
        return false;
    }
    let chosen = choose(plan, prospects, jobs.clone(), &Room { crew, seconds: room });
    let count = chosen.iter().filter(|chosen| **chosen).count();
    for (&job, is_chosen) in jobs.iter().zip(chosen) {
        tell(plan, prospects, job, is_chosen);
    }
    bound_first(plan, prospects, &jobs);
    let note = format!(
        "layer {}: {count} of {} jobs are chosen, which end within its budget with a chance of 9 in 10; the others run if time is left",
        plan.layers[layer].id,
        jobs.len()
    );
    plan.notes.push(note);
    true
}

/// How much fits.
struct Room {
    crew: Crew,
    seconds: f64,
}

/// For each job whether it is chosen.
fn choose(plan: &Plan, prospects: &[Prospect], jobs: Vec<JobIx>, room: &Room) -> Vec<bool> {
    let prospect = |at: usize| &prospects[jobs[at].position()];
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    let rate = |at: usize| prospect(at).chance / prospect(at).expected.mean.max(1e-6);
    order.sort_by(|&one, &other| {
        let is_bound = |at: usize| prospect(at).must.is_some();
        is_bound(other).cmp(&is_bound(one)).then(rate(other).total_cmp(&rate(one)))
    });
    let mut chosen = vec![false; jobs.len()];
    let mut taken: Vec<JobIx> = Vec::new();
    for at in order.into_iter().take(MOST_WEIGHED) {
        taken.push(jobs[at]);
        // What must run is started even when it may not all fit: the budget cuts it, not a guess.
        let fits = prospect(at).must.is_some()
            || room.crew.finish(plan, prospects, &taken) <= room.seconds;
        chosen[at] = fits;
        if !fits {
            taken.pop();
        }
    }
    chosen
}

/// What must run is considered before what was chosen: should the budget end before everything
/// has started, that is cut.
fn bound_first(plan: &mut Plan, prospects: &[Prospect], jobs: &[JobIx]) {
    let mut turns: Vec<u32> = jobs.iter().map(|&job| plan.job(job).turn).collect();
    turns.sort_unstable();
    let mut order = jobs.to_vec();
    order.sort_by_key(|&job| (prospects[job.position()].must.is_none(), plan.job(job).turn));
    for (job, turn) in order.into_iter().zip(turns) {
        plan.jobs[job.position()].turn = turn;
    }
}

fn tell(plan: &mut Plan, prospects: &[Prospect], job: JobIx, is_chosen: bool) {
    let prospect = &prospects[job.position()];
    let why = match (&prospect.must, is_chosen) {
        (Some(must), _) => format!("must run: {}", must.describe()),
        (None, true) => format!("chosen: {}", in_words(prospect)),
        (None, false) => format!("runs if time is left: {}", in_words(prospect)),
    };
    let planned = &mut plan.jobs[job.position()];
    planned.standing = if is_chosen { Standing::Required } else { Standing::IfItFits };
    planned.why =
        if planned.why.is_empty() { why.into() } else { format!("{}; {why}", planned.why).into() };
}

fn in_words(prospect: &Prospect) -> String {
    let (chance, seconds) = (100.0 * prospect.chance, prospect.expected.mean);
    format!("a chance of {chance:.1} % to show a fault, in {seconds:.1} s")
}

/// What works through the jobs of a layer.
struct Crew {
    slots: usize,
    mode: ExecutionMode,
    /// The quantile of a slot's duration that makes all of them sure enough.
    deviations: f64,
}

impl Crew {
    fn of(plan: &Plan, layer: &PlannedLayer) -> Self {
        let slots = layer.max_parallel.min(plan.slots).max(1);
        let each = SURE.powf(1.0 / f64::from(slots));
        let deviations = Normal::standard().inverse_cdf(each);
        Self { slots: slots as usize, mode: layer.execution_mode, deviations }
    }

    /// When jobs have ended, in seconds, with the chance that is wanted: the longest first on
    /// whichever slot is free, group after group.
    fn finish(&self, plan: &Plan, prospects: &[Prospect], jobs: &[JobIx]) -> f64 {
        let group = |job: JobIx| {
            let category = plan.job(job).category;
            match self.mode {
                ExecutionMode::Parallel => 0,
                ExecutionMode::Sequential => category.0,
                ExecutionMode::Hybrid => plan.category(category).priority_order,
            }
        };
        let mut sorted: Vec<JobIx> = jobs.to_vec();
        let mean = |job: JobIx| prospects[job.position()].expected.mean;
        sorted.sort_by(|&one, &other| {
            group(one).cmp(&group(other)).then(mean(other).total_cmp(&mean(one)))
        });
        let groups = sorted.chunk_by(|&one, &other| group(one) == group(other));
        groups.map(|jobs| self.finish_of_group(plan, prospects, jobs)).sum()
    }

    fn finish_of_group(&self, plan: &Plan, prospects: &[Prospect], jobs: &[JobIx]) -> f64 {
        let mut slots = vec![Amount::default(); self.slots];
        let mut categories = std::collections::BTreeMap::new();
        for &job in jobs {
            let expected = prospects[job.position()].expected;
            let free = slots.iter_mut().min_by(|one, other| one.mean.total_cmp(&other.mean));
            if let Some(slot) = free {
                *slot = slot.plus(expected);
            }
            let of_category: &mut Amount = categories.entry(plan.job(job).category).or_default();
            *of_category = of_category.plus(expected);
        }
        // A category that may have few jobs at once takes at least its share of these.
        let alone = categories.into_iter().map(|(category, all)| {
            all.times(1.0 / f64::from(plan.category(category).max_parallel.max(1)))
        });
        slots.into_iter().chain(alone).map(|slot| self.late(slot)).fold(0.0, f64::max)
    }

    fn late(&self, slot: Amount) -> f64 {
        let machine = MACHINE * slot.mean;
        let slot = Amount { mean: slot.mean, variance: slot.variance + machine * machine };
        slot.log_normal().quantile(self.deviations)
    }
}
