//! Whether a job may run beside those that run: caps, conflicts, marks, names held alone, memory,
//! and those that have waited long enough.
//!
//! Everything here only looks at counts that `move_job` keeps.

use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::plan::Plan;

use super::{Scheduler, load_marks};

/// What keeps a waiting job from starting now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Its own category runs as many jobs as it may.
    Cap,
    /// Something that runs, or that has waited longer than is fair, cannot be beside it.
    Others,
}

/// What a job needs of memory, in mebibytes: what its category asks for, or what earlier runs
/// were seen to use when that is more.
pub(super) fn memory_of(plan: &Plan, job: JobIx) -> u32 {
    let planned = plan.job(job);
    let seen = planned.forecast.and_then(|forecast| forecast.peak_memory_mb).unwrap_or(0);
    plan.category(planned.category).memory_mb.max(seen)
}

/// Memory that may be used together.
struct Memory {
    /// None for as much as one likes.
    limit: Option<u32>,
    /// What the running jobs need together, in mebibytes.
    used: u64,
    /// How many run.
    jobs: u32,
}

impl Memory {
    /// Whether a job with this need may start. One that alone needs more than the limit runs
    /// alone, rather than never.
    fn suffices_for(&self, need: u32) -> bool {
        let Some(limit) = self.limit else { return true };
        self.jobs == 0 || self.used + u64::from(need) <= u64::from(limit)
    }
}

impl Scheduler {
    /// Whether a slot is free.
    pub(super) fn has_slot(&self) -> bool {
        !self.exclusive && self.running < self.slots()
    }

    /// Whether people wait for a layer that runs.
    pub(super) fn is_foreground_served(&self) -> bool {
        self.serving.iter().any(|&layer| !self.plan.layer(layer).background)
    }

    /// Whether a layer may have one more running job.
    pub(super) fn layer_has_room(&self, layer: LayerIx) -> bool {
        let planned = self.plan.layer(layer);
        let book = &self.layers[layer.position()];
        // A background layer never takes the last slot from a layer that people wait for.
        let reserved = u32::from(planned.background && self.is_foreground_served());
        self.running + reserved < self.slots()
            && !book.is_closed()
            && book.running < planned.max_parallel.max(1)
    }

    /// What keeps a job of an open category from starting, apart from slots and services.
    pub(super) fn obstacle(&self, job: JobIx) -> Option<Obstacle> {
        let category = self.plan.job(job).category;
        let book = &self.categories[category.position()];
        if book.running >= self.plan.category(category).max_parallel.max(1) {
            return Some(Obstacle::Cap);
        }
        let may_start = self.may_run_beside_others(category)
            && !self.holds.keep_out(self.holder(job))
            && self.memory_suffices(job)
            && self.awaited_allow(job);
        if may_start { None } else { Some(Obstacle::Others) }
    }

    /// Conflicts, load marks and exclusiveness of one category.
    fn may_run_beside_others(&self, category: CategoryIx) -> bool {
        let planned = self.plan.category(category);
        if planned.exclusive && self.running > 0 {
            return false;
        }
        let is_active = |other: &CategoryIx| self.categories[other.position()].running > 0;
        if planned.conflicts.iter().any(is_active) {
            return false;
        }
        if is_active(&category) {
            return true;
        }
        let layer = &self.layers[planned.layer.position()];
        layer.active == 0
            || (planned.parallel_safe
                && layer.active_alone == 0
                && load_marks(&planned.load).all(|mark| layer.active_load[mark] == 0))
    }

    /// Whether memory is left for a job beside those that run.
    fn memory_suffices(&self, job: JobIx) -> bool {
        let need = memory_of(&self.plan, job);
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let book = &self.layers[layer.position()];
        let of_run =
            Memory { limit: self.plan.max_memory_mb, used: self.memory_mb, jobs: self.running };
        let of_layer = Memory {
            limit: self.plan.layer(layer).max_memory_mb,
            used: book.memory_mb,
            jobs: book.running,
        };
        of_run.suffices_for(need) && of_layer.suffices_for(need)
    }

    /// The smallest memory limit that a job alone exceeds, if it does.
    pub(super) fn exceeded_limit(&self, job: JobIx) -> Option<u32> {
        let layer = self.plan.layer(self.plan.category(self.plan.job(job).category).layer);
        let limits = [layer.max_memory_mb, self.plan.max_memory_mb];
        let need = memory_of(&self.plan, job);
        limits.into_iter().flatten().filter(|&limit| need > limit).min()
    }

    /// Whether a job leaves room for every awaited one that was awaited before it.
    fn awaited_allow(&self, job: JobIx) -> bool {
        self.awaited
            .iter()
            .take_while(|&&awaited| awaited != job)
            .all(|&awaited| self.may_overlap(job, awaited))
    }

    /// Whether two jobs would hold a name in common.
    fn are_held_in_common(&self, one: JobIx, other: JobIx) -> bool {
        self.holds.are_shared(self.holder(one), self.holder(other))
    }

    /// Whether a job could run while an awaited one does, beside what runs already.
    fn may_overlap(&self, job: JobIx, awaited: JobIx) -> bool {
        let (one, other) = (self.plan.job(job).category, self.plan.job(awaited).category);
        let (first, second) = (self.plan.category(one), self.plan.category(other));
        if first.exclusive || second.exclusive || self.are_held_in_common(job, awaited) {
            return false;
        }
        if one != other {
            if first.conflicts.contains(&other) || second.conflicts.contains(&one) {
                return false;
            }
            let share_mark = || {
                let mut marks = load_marks(&first.load);
                marks.any(|mark| load_marks(&second.load).any(|other| other == mark))
            };
            let apart = !first.parallel_safe || !second.parallel_safe || share_mark();
            if first.layer == second.layer && apart {
                return false;
            }
        }
        self.memory_is_left(job, awaited)
    }

    /// Whether a job takes no memory that an awaited one needs.
    fn memory_is_left(&self, job: JobIx, awaited: JobIx) -> bool {
        if self.exceeded_limit(awaited).is_some() {
            return false;
        }
        let (need, reserved) = (memory_of(&self.plan, job), memory_of(&self.plan, awaited));
        let together = u64::from(need) + u64::from(reserved);
        let fits = |limit: Option<u32>, used: u64| {
            limit.is_none_or(|limit| used + together <= u64::from(limit))
        };
        let of = |job: JobIx| self.plan.category(self.plan.job(job).category).layer;
        let layer = of(awaited);
        let in_layer = of(job) != layer
            || fits(self.plan.layer(layer).max_memory_mb, self.layers[layer.position()].memory_mb);
        in_layer && fits(self.plan.max_memory_mb, self.memory_mb)
    }
}
