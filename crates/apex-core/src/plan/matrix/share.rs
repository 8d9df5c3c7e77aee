//! What jobs cost a machine, and which part gets which.

use std::cmp::Reverse;
use std::time::Duration;

use super::PartLoad;
use super::bundle::Bundle;
use crate::id::CategoryIx;
use crate::plan::Plan;

/// To what forecasts are rounded, in milliseconds: what is finer than any machine repeats.
const ROUNDED_TO: u128 = 10;

/// What a job costs a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// How long it takes, in microseconds.
    pub(super) alone: u64,
    /// How many like it run at the same time, at least one.
    pub(super) width: u32,
    /// The share of a machine's time that it takes, in microseconds: all of it while it runs when
    /// it needs the machine to itself, else that of one slot.
    pub(super) share: u64,
}

/// The cost of every job. A job that no run knows is taken for the mean of its category, and where
/// no run knows any of these, for its share of what the category says it takes.
pub(super) fn costs(plan: &Plan) -> Vec<Cost> {
    let usual: Vec<Duration> =
        (0..plan.categories.len()).map(|at| usual(plan, CategoryIx::at(at))).collect();
    let cost = |job: &crate::plan::PlannedJob| {
        let category = plan.category(job.category);
        let expected = job.forecast.map_or(usual[job.category.position()], |it| it.expected);
        let alone = rounded(expected);
        let of_layer = plan.layer(category.layer).max_parallel;
        let width = plan.slots.min(of_layer).min(category.max_parallel).max(1);
        let share = if category.exclusive { alone } else { alone / u64::from(width) };
        Cost { alone, width, share }
    };
    plan.jobs.iter().map(cost).collect()
}

fn usual(plan: &Plan, category: CategoryIx) -> Duration {
    let jobs = || plan.jobs_of(category);
    let known: Vec<Duration> =
        jobs().filter_map(|job| Some(plan.job(job).forecast?.expected)).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    if known.is_empty() {
        plan.category(category).estimate / count(jobs().count())
    } else {
        known.iter().sum::<Duration>() / count(known.len())
    }
}

/// A duration in microseconds, rounded, and never nothing.
fn rounded(duration: Duration) -> u64 {
    let steps = (duration.as_millis() + ROUNDED_TO / 2) / ROUNDED_TO;
    u64::try_from(steps.max(1) * ROUNDED_TO * 1000).unwrap_or(u64::MAX / 1024)
}

/// Gives every bundle to a part: for each job its part, from 1, and what each part is expected to
/// take. What a budget may leave out is given away last, so that every part has its share of what
/// must run.
pub(super) fn among(bundles: &[Bundle], jobs: usize, of: u32) -> (Vec<u32>, Vec<PartLoad>) {
    let mut order: Vec<&Bundle> = bundles.iter().collect();
    order.sort_by_key(|bundle| (bundle.is_optional, Reverse(bundle.cost), bundle.identity));
    let mut parts = vec![1; jobs];
    let mut given: Vec<Given> = (1..=of).map(Given::nothing).collect();
    for bundle in order {
        let least = given.iter_mut().min_by_key(|given| (given.cost, given.number));
        let Some(part) = least else { continue };
        part.add(bundle);
        for job in &bundle.jobs {
            parts[job.position()] = part.number;
        }
    }
    (parts, given.iter().map(Given::load).collect())
}

/// What a part has got so far.
struct Given {
    number: u32,
    jobs: u32,
    cost: u64,
    chain: u64,
}

impl Given {
    const fn nothing(number: u32) -> Self {
        Self { number, jobs: 0, cost: 0, chain: 0 }
    }

    fn add(&mut self, bundle: &Bundle) {
        self.jobs += u32::try_from(bundle.jobs.len()).unwrap_or(u32::MAX);
        self.cost += bundle.cost;
        self.chain = self.chain.max(bundle.chain);
    }

    fn load(&self) -> PartLoad {
        let expected = Duration::from_micros(self.cost.max(self.chain));
        PartLoad { jobs: self.jobs, expected }
    }
}
