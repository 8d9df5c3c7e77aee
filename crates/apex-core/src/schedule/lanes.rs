//! Jobs that wait for their first attempt, in lanes, and the order in which all waiting jobs of a
//! layer are considered.
//!
//! A lane holds the jobs of one category that need exactly the same to start: the same names held
//! alone, the same services, about the same memory. When the first of a lane cannot start, none
//! of it can, so a look at a layer costs one step for each lane and not for each job. Lanes know
//! nothing of what runs.

use std::collections::HashMap;
use std::ops::Range;

use apex_config::model::RetryWhen;

use crate::id::{CategoryIx, JobIx, ServiceIx};
use crate::plan::{CategoryWork, Plan, Standing};

use super::holds::Holds;
use super::room;

/// Which sort of waiting job is considered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A retry that does not wait for the others, or a check of what failed in parts.
    RetryAtOnce,
    /// A first attempt that the budget must not leave out.
    Required,
    /// A first attempt that starts only when it fits the budget.
    IfItFits,
    /// A retry that comes after the first attempts.
    RetryAtEnd,
}

/// A waiting job in the order of consideration: by rank, then by turn, then by plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) rank: Rank,
    pub(super) turn: u32,
    pub(super) job: JobIx,
}

impl Entry {
    /// The entry of a first attempt.
    pub(super) fn fresh(plan: &Plan, job: JobIx) -> Self {
        let planned = plan.job(job);
        let rank = match planned.standing {
            Standing::Required => Rank::Required,
            Standing::IfItFits => Rank::IfItFits,
        };
        Self { rank, turn: planned.turn, job }
    }

    /// The entry of a job that runs the whole work which it is a part of.
    pub(super) fn check(plan: &Plan, job: JobIx) -> Self {
        Self { rank: Rank::RetryAtOnce, turn: plan.job(job).turn, job }
    }

    /// The entry of a retry.
    pub(super) fn retry(plan: &Plan, job: JobIx) -> Self {
        let planned = plan.job(job);
        let rank = match plan.category(planned.category).retry_when {
            RetryWhen::AtOnce => Rank::RetryAtOnce,
            RetryWhen::AtEnd => Rank::RetryAtEnd,
        };
        Self { rank, turn: planned.turn, job }
    }
}

/// All lanes of a plan.
#[derive(Debug)]
pub(super) struct Lanes {
    /// The jobs, lane by lane, in the order of consideration within each.
    order: Vec<JobIx>,
    /// The waiting part of each lane, as a range of [`Lanes::order`].
    waiting: Vec<Range<u32>>,
    /// The lane of each job.
    of_job: Vec<u32>,
    /// The lanes of each category.
    of_category: Vec<Range<u32>>,
}

/// What jobs of one lane have in common.
type Needs<'a> = (&'a [u32], &'a [ServiceIx], Option<u32>);

impl Lanes {
    pub(super) fn new(plan: &Plan, holds: &Holds) -> Self {
        let mut lanes = Self {
            order: Vec::with_capacity(plan.jobs.len()),
            waiting: Vec::with_capacity(plan.categories.len()),
            of_job: vec![0; plan.jobs.len()],
            of_category: Vec::with_capacity(plan.categories.len()),
        };
        for planned in &plan.categories {
            let first = lanes.count();
            if let CategoryWork::Jobs { first: job, count } = planned.work {
                lanes.add_category(plan, holds, job.0..job.0 + count);
            }
            lanes.of_category.push(first..lanes.count());
        }
        lanes
    }

    fn count(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }

    /// Parts the jobs of a category into lanes.
    fn add_category(&mut self, plan: &Plan, holds: &Holds, jobs: Range<u32>) {
        if jobs.len() == 1 {
            self.add_lane(plan, vec![JobIx(jobs.start)]);
            return;
        }
        let mut place: HashMap<Needs<'_>, usize> = HashMap::new();
        let mut parts: Vec<Vec<JobIx>> = Vec::new();
        for job in jobs.map(JobIx) {
            // Needs of memory with the same power of two below them share a lane.
            let memory = room::memory_of(plan, job).checked_ilog2();
            let needs = (holds.of(job), plan.job(job).services.as_slice(), memory);
            let part = *place.entry(needs).or_insert(parts.len());
            if part == parts.len() {
                parts.push(Vec::new());
            }
            parts[part].push(job);
        }
        for part in parts {
            self.add_lane(plan, part);
        }
    }

    fn add_lane(&mut self, plan: &Plan, mut jobs: Vec<JobIx>) {
        jobs.sort_by_key(|&job| Entry::fresh(plan, job));
        let lane = self.count();
        let start = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        for &job in &jobs {
            self.of_job[job.position()] = lane;
        }
        let end = start.saturating_add(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        self.order.append(&mut jobs);
        self.waiting.push(start..end);
    }

    fn first_of(&self, plan: &Plan, lane: u32) -> Option<Entry> {
        let waiting = &self.waiting[lane as usize];
        (!waiting.is_empty()).then(|| Entry::fresh(plan, self.order[waiting.start as usize]))
    }

    /// The first of each lane of a category.
    pub(super) fn firsts<'a>(
        &'a self,
        plan: &'a Plan,
        category: CategoryIx,
    ) -> impl Iterator<Item = Entry> + 'a {
        let lanes = self.of_category[category.position()].clone();
        lanes.filter_map(|lane| self.first_of(plan, lane))
    }

    /// Takes a job that is the first of its lane out of it; the answer is the next one.
    pub(super) fn take(&mut self, plan: &Plan, job: JobIx) -> Option<Entry> {
        let lane = self.of_job[job.position()];
        let waiting = &mut self.waiting[lane as usize];
        debug_assert_eq!(self.order[waiting.start as usize], job, "a job leaves as the first");
        waiting.start += 1;
        self.first_of(plan, lane)
    }
}
