//! Who comes first: among the jobs of a layer that may start, the first in the order of
//! consideration; and nobody is passed over for ever.
//!
//! The scheduler may hold a job back for one that has waited too long. How often it passed a job
//! over is not in the stream, so it is counted twice: at most as often (what may excuse a job that
//! comes out of turn) and at least as often (what is held against it).

use std::sync::Arc;

use apex_config::model::RetryWhen;

use crate::event::{CategoryEvent, Envelope, Event, JobEvent, LayerEvent};
use crate::id::JobIx;
use crate::plan::{Plan, Standing};
use crate::schedule::PASSES_PER_SLOT;

use super::Findings;
use super::scene::{Law, Scene};

/// Every start looks at every waiting job, so larger plans are not judged by these laws.
const MOST_JOBS: usize = 2_000;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Fresh,
    Running,
    Retrying,
    /// A part on trust that went wrong.
    Doubted,
    Finished,
}

struct Book<'a> {
    scene: Scene<'a>,
    state: Vec<State>,
    /// How often each job was passed over at most, and at least.
    most: Vec<u32>,
    least: Vec<u32>,
    lanes: u32,
    /// Categories and layers in which nothing more starts.
    closed_categories: Vec<bool>,
    closed_layers: Vec<bool>,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    if plan.jobs.len() > MOST_JOBS {
        return;
    }
    let mut book = Book {
        scene: Scene::new(plan),
        state: vec![State::Fresh; plan.jobs.len()],
        most: vec![0; plan.jobs.len()],
        least: vec![0; plan.jobs.len()],
        lanes: 0,
        closed_categories: vec![false; plan.categories.len()],
        closed_layers: vec![false; plan.layers.len()],
    };
    let jobs = (0..plan.jobs.len()).map(JobIx::at);
    let firsts = jobs.filter(|&job| !book.has_twin_before(job)).count();
    book.lanes = u32::try_from(firsts).unwrap_or(u32::MAX);
    for envelope in stream {
        book.take(envelope, findings);
        book.scene.take(&envelope.event);
    }
}

impl Book<'_> {
    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        match &envelope.event {
            Event::Job(job, JobEvent::Started { .. }) => {
                self.starts(envelope.seq, *job, findings);
                self.state[job.position()] = State::Running;
            }
            Event::Job(job, JobEvent::AttemptFinished { .. }) => {
                self.state[job.position()] = State::Retrying;
            }
            Event::Job(job, JobEvent::Doubted) => {
                self.state[job.position()] = State::Doubted;
            }
            Event::Job(job, JobEvent::Finished { .. }) => {
                self.state[job.position()] = State::Finished;
            }
            Event::Category(category, CategoryEvent::TimedOut { .. }) => {
                self.closed_categories[category.position()] = true;
            }
            Event::Layer(
                layer,
                LayerEvent::BudgetExceeded | LayerEvent::Stopped { .. } | LayerEvent::Skipped,
            ) => {
                self.closed_layers[layer.position()] = true;
            }
            _ => {}
        }
    }

    /// The order of consideration within a layer.
    fn key(&self, job: JobIx) -> (u8, u32, JobIx) {
        let planned = self.scene.plan.job(job);
        let fresh = self.state[job.position()] == State::Fresh;
        let is_doubted = self.state[job.position()] == State::Doubted;
        let rank = match (fresh, planned.standing) {
            _ if is_doubted => 0,
            (true, Standing::Required) => 1,
            (true, Standing::IfItFits) => 2,
            (false, _) if self.comes_at_end(job) => 3,
            (false, _) => 0,
        };
        (rank, planned.turn, job)
    }

    /// Whether a job that is tried again lets the first attempts of its layer go first.
    fn comes_at_end(&self, job: JobIx) -> bool {
        let category = self.scene.plan.category(self.scene.plan.job(job).category);
        category.retry_when == RetryWhen::AtEnd
    }

    /// The law that a retry would break which comes at the end.
    fn before_others(&self, job: JobIx) -> Option<Law> {
        if self.state[job.position()] != State::Retrying || !self.comes_at_end(job) {
            return None;
        }
        let category = self.scene.plan.job(job).category;
        let mut waiting = self.waiting();
        let first_attempt_waits = waiting.any(|other| {
            self.state[other.position()] == State::Fresh
                && self.scene.layer_of(other) == self.scene.layer_of(job)
                && self.is_open(other)
        });
        if first_attempt_waits {
            Some("a retry at the end comes after the first attempts of its layer")
        } else if self.scene.running_in(category) > 0 {
            Some("a retry at the end is alone in its category")
        } else {
            None
        }
    }

    fn waiting(&self) -> impl Iterator<Item = JobIx> {
        let waits = |job: &JobIx| match self.state[job.position()] {
            State::Fresh | State::Retrying => true,
            State::Doubted => self.is_next_check(*job),
            State::Running | State::Finished => false,
        };
        (0..self.state.len()).map(JobIx::at).filter(waits)
    }

    /// Whether a doubted job is the one that runs its whole work next: the first of the doubted
    /// ones, when no other part waits or runs.
    fn is_next_check(&self, job: JobIx) -> bool {
        let plan = self.scene.plan;
        let planned = plan.job(job);
        let is_part = |other: &JobIx| plan.job(*other).undivided == planned.undivided;
        plan.jobs_of(planned.category).filter(is_part).all(|other| {
            match self.state[other.position()] {
                State::Doubted => other >= job,
                state => state == State::Finished,
            }
        })
    }

    /// Whether everything before a job in the plan has happened.
    fn is_open(&self, job: JobIx) -> bool {
        let layer = self.scene.layer_of(job);
        self.scene.running_layers.contains(&layer)
            && !self.closed_layers[layer.position()]
            && !self.closed_categories[self.scene.plan.job(job).category.position()]
            && self.scene.too_early(job).is_none()
    }

    fn starts(&mut self, seq: u64, job: JobIx, findings: &mut Findings) {
        let layer = self.scene.layer_of(job);
        let key = self.key(job);
        if let Some(law) = self.before_others(job) {
            findings.add(seq, law);
        }
        for other in self.waiting().collect::<Vec<_>>() {
            if other == job || !self.is_open(other) {
                continue;
            }
            let first = self.scene.layer_of(other) == layer
                && self.key(other) < key
                && !self.has_twin_before(other);
            let obstacle = self.scene.full(other).or_else(|| self.scene.crowded(other));
            let obstacle = obstacle.or_else(|| self.before_others(other));
            let excused = self.may_hold_back(other, job);
            findings.require(
                !first || obstacle.is_some() || excused,
                seq,
                "the first in turn of those that may start starts",
            );
            self.count(other, job, obstacle.is_some() || excused);
            if first {
                self.is_fair(seq, other, findings);
            }
        }
    }

    /// Whether a job may be held back, and this one be started instead, for one that has waited
    /// too long.
    fn may_hold_back(&self, job: JobIx, instead: JobIx) -> bool {
        self.may_be_awaited(instead)
            || self.waiting().any(|other| {
                other != job && self.may_be_awaited(other) && self.in_the_way(job, other)
            })
    }

    fn may_be_awaited(&self, job: JobIx) -> bool {
        self.most[job.position()] >= PASSES_PER_SLOT * self.scene.plan.slots
    }

    /// Whether two jobs cannot run at the same time, as far as two jobs decide that. Memory is
    /// shared by more, so there any two may be in the way of each other.
    fn in_the_way(&self, one: JobIx, other: JobIx) -> bool {
        let plan = self.scene.plan;
        let limited = plan.max_memory_mb.is_some()
            || plan.layer(self.scene.layer_of(other)).max_memory_mb.is_some();
        limited || self.scene.apart(one, other).is_some()
    }

    /// Counts a start for a job that waits.
    fn count(&mut self, waiting: JobIx, started: JobIx, could_not: bool) {
        self.most[waiting.position()] += u32::from(could_not);
        let passes = !self.may_be_awaited(started)
            && self.scene.layer_of(waiting) == self.scene.layer_of(started)
            && self.key(waiting) < self.key(started)
            && self.state[waiting.position()] == State::Fresh
            && !self.scene.is_category_full(self.scene.plan.job(waiting).category)
            && !self.has_twin_before(waiting)
            && self.scene.apart(waiting, started).is_some();
        self.least[waiting.position()] += u32::from(passes);
    }

    /// Whether a job that waits needs the same as one that waits and comes before it. Needs of
    /// memory count as the same within a power of two.
    fn has_twin_before(&self, job: JobIx) -> bool {
        let plan = self.scene.plan;
        let planned = plan.job(job);
        plan.jobs_of(planned.category).any(|other| {
            let twin = plan.job(other);
            self.state[other.position()] == State::Fresh
                && self.key(other) < self.key(job)
                && same_names(&twin.holds, &planned.holds)
                && twin.services == planned.services
                && self.scene.need(other).checked_ilog2() == self.scene.need(job).checked_ilog2()
        })
    }

    fn is_fair(&self, seq: u64, job: JobIx, findings: &mut Findings) {
        let plan = self.scene.plan;
        let most = PASSES_PER_SLOT * plan.slots_up_to.max(plan.slots) + self.lanes;
        findings.require(
            self.least[job.position()] <= most,
            seq,
            "no job is passed over more often than is fair",
        );
    }
}

fn same_names(some: &[Arc<str>], others: &[Arc<str>]) -> bool {
    let within = |names: &[Arc<str>], all: &[Arc<str>]| names.iter().all(|name| all.contains(name));
    within(some, others) && within(others, some)
}
