//! Moments at which the scheduler has to look again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, ServiceIx};
use crate::time::Moment;

/// What is due at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    /// The run's time is used up.
    RunBudget,
    /// A layer's time is used up.
    LayerBudget(LayerIx),
    /// A category's time is used up.
    CategoryTimeout(CategoryIx),
    /// An attempt that was asked to end has had its grace.
    JobKill(JobIx, AttemptNumber),
    /// A killed attempt has not been reported as ended.
    JobLost(JobIx, AttemptNumber),
    /// A service has not answered in time.
    ServiceStart(ServiceIx),
    /// A service that was asked to end has had its grace.
    ServiceKill(ServiceIx),
    /// A killed service has not been reported as ended.
    ServiceLost(ServiceIx),
    /// A test of an attempt may have become slow.
    SlowTests(JobIx, AttemptNumber),
    /// The pause between two layers is over.
    LayerPause,
}

/// A queue of deadlines. At most a few entries for each job, category, layer and service of the
/// plan; an entry whose reason is gone stays until its moment, so its owner is asked when due.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(Moment, Deadline)>>);

impl Deadlines {
    pub(super) fn add(&mut self, at: Moment, deadline: Deadline) {
        self.0.push(Reverse((at, deadline)));
    }

    /// Takes the earliest entry that is due at `now`.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<Deadline> {
        let Reverse((at, _)) = self.0.peek()?;
        if *at > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, deadline))| deadline)
    }

    /// The earliest entry that is still of interest; those that are not are dropped.
    pub(super) fn next(&mut self, matters: impl Fn(Deadline) -> bool) -> Option<Moment> {
        while let Some(&Reverse((at, deadline))) = self.0.peek() {
            if matters(deadline) {
                return Some(at);
            }
            self.0.pop();
        }
        None
    }
}
