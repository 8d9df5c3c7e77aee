//! When each job is considered: what failed in its last run first, then what no run knows yet,
//! then what is expected to take longest.
//!
//! Longest first keeps the end of a run short even when estimates are wrong by a factor, and
//! unknown work counts as long, because it may be. Jobs that hold a resource alone come as early
//! as all jobs of that resource together deserve: they run one after the other.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use apex_config::model::Priority;

use super::split::Content;
use super::worth::{self, Must, Patience};
use super::{Plan, PlannedJob};
use crate::estimate::{Amount, CategoryEstimate};
use crate::history::{CategoryHistory, TestHistory};

/// What is expected of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prospect {
    /// Its duration, start-up included.
    pub(super) expected: Amount,
    /// From how many runs it is known; 0 when no test of it is.
    pub(super) runs: u32,
    /// Whether it has files that no run knows.
    is_new: bool,
    /// Tests that failed when they were last run: how many, and the first.
    failed: Option<(u32, Arc<str>)>,
    /// The chance that it shows a fault, 0 to 1.
    pub(super) chance: f64,
    /// Why a budget may not leave it out, if it may not.
    pub(super) must: Option<Must>,
}

impl Prospect {
    pub(super) fn new(
        content: &Content,
        estimate: &CategoryEstimate<'_>,
        past: Option<&CategoryHistory>,
        patience: &Patience,
    ) -> Self {
        let mut prospect = Self {
            expected: estimate.of_job(content.tests, content.count),
            is_new: content.is_new,
            must: content.is_new.then_some(Must::New),
            ..Self::default()
        };
        let mut sound = 1.0;
        for id in &content.known {
            let Some(test) = past.and_then(|past| past.tests.get(id)) else { continue };
            let runs = test.samples.iter().filter(|sample| sample.attempt == 1).count();
            prospect.runs = prospect.runs.max(u32::try_from(runs).unwrap_or(u32::MAX));
            sound *= 1.0 - worth::chance(test);
            prospect.must = prospect.must.take().or_else(|| worth::must(id, test, patience));
            if failed_last(test) {
                let (count, _) = prospect.failed.get_or_insert_with(|| (0, Arc::clone(id)));
                *count += 1;
            }
        }
        prospect.chance = 1.0 - sound;
        prospect
    }

    fn class(&self) -> Class {
        if self.failed.is_some() {
            Class::Failed
        } else if self.is_new {
            Class::New
        } else {
            Class::Known
        }
    }
}

/// The order of jobs before their durations count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Failed,
    New,
    Known,
}

/// Whether the latest attempt of a test was bad.
fn failed_last(test: &TestHistory) -> bool {
    test.samples.first().is_some_and(|sample| sample.outcome.is_bad())
}

/// Gives every job its turn, and says why where it is not merely its length.
pub(super) fn take_turns(plan: &mut Plan, prospects: &[Prospect]) {
    let together = held_together(plan, prospects);
    let mut order: Vec<usize> = (0..plan.jobs.len()).collect();
    let weight = |at: usize| together[at].max(prospects[at].expected.mean);
    order.sort_by(|&one, &other| {
        let key = |at: usize| {
            let is_critical = plan.category(plan.jobs[at].category).priority == Priority::Critical;
            (prospects[at].class(), Reverse(is_critical))
        };
        let longer = weight(other).total_cmp(&weight(one));
        let own = prospects[other].expected.mean.total_cmp(&prospects[one].expected.mean);
        key(one).cmp(&key(other)).then(longer).then(own).then(one.cmp(&other))
    });
    for (turn, at) in (0..).zip(order) {
        let job = &mut plan.jobs[at];
        job.turn = turn;
        job.why = said(job, &prospects[at]).into();
    }
}

/// For each job that holds something: what all jobs of its layer that hold one of its names are
/// expected to take, in seconds.
fn held_together(plan: &Plan, prospects: &[Prospect]) -> Vec<f64> {
    let mut sums: HashMap<(u32, &str), f64> = HashMap::new();
    let layer = |job: &PlannedJob| plan.category(job.category).layer.0;
    for (job, prospect) in plan.jobs.iter().zip(prospects) {
        for name in &job.holds {
            *sums.entry((layer(job), name)).or_default() += prospect.expected.mean;
        }
    }
    let of_job = |job: &PlannedJob| {
        let names = job.holds.iter().map(|name| sums[&(layer(job), &**name)]);
        names.fold(0.0, f64::max)
    };
    plan.jobs.iter().map(of_job).collect()
}

fn said(job: &PlannedJob, prospect: &Prospect) -> String {
    let mut reasons: Vec<String> = Vec::new();
    if !job.why.is_empty() {
        reasons.push(job.why.to_string());
    }
    match &prospect.failed {
        Some((1, id)) => reasons.push(format!("first because {id} failed in its last run")),
        Some((count, id)) => reasons
            .push(format!("first because {count} tests failed in their last run, such as {id}")),
        None if prospect.is_new && prospect.runs > 0 => {
            reasons.push("early because some of its files are new".to_owned());
        }
        None => {}
    }
    if !job.holds.is_empty() {
        reasons.push(format!("alone with {}", job.holds.join(", ")));
    }
    reasons.join("; ")
}
