//! Which waiting jobs get a slot: among the jobs of a layer that may start, the first in the order
//! of consideration; and nobody is passed over for ever.
//!
//! A job that cannot run beside what runs is passed over by those after it that can. After
//! [`PASSES_PER_SLOT`] passes for each slot it is *awaited*: from then on nothing starts that
//! could not run beside it, but what was awaited before it. What runs ends, so it starts. A job of
//! a background layer is awaited only while nobody waits for another layer.

use std::ops::Bound;
use std::sync::Arc;

use apex_config::model::ConflictResolution;

use crate::event::{CategoryEvent, Event, JobEvent};
use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx};

use super::deadline::Deadline;
use super::lanes::Entry;
use super::room::{self, Obstacle};
use super::state::{Again, Attempt, CategoryState, JobState, ServiceState};
use super::{Command, Scheduler};

/// How often a job may be passed over, for each slot.
pub const PASSES_PER_SLOT: u32 = 4;

/// What a look at a waiting job says.
enum Look {
    /// It may start.
    Start,
    /// Not now, and nobody is in its way unfairly.
    Wait,
    /// Not now; what comes after it and starts passes it over.
    PassedOver,
    /// It can never start: a service that it needs failed.
    GiveUp(String),
    /// It no longer fits the budget, which may leave it out.
    Defer(String),
    /// It is not tried again.
    NoRetry(String),
}

/// What a look at the waiting jobs of a layer says.
#[derive(PartialEq)]
enum Pick {
    /// This one starts.
    Job(JobIx),
    /// None may start.
    Nothing,
    /// Some can never start and were finished.
    GaveUp,
}

/// What a look at the services of a job says.
enum Provision {
    Ready,
    Pending,
    Failed(String),
}

impl Scheduler {
    /// Gives slots to jobs; whether one was found unable to start, so that more may have to be
    /// done.
    pub(super) fn start_jobs(&mut self) -> bool {
        if !std::mem::take(&mut self.look_again) {
            return false;
        }
        self.forget_awaited();
        let mut passed = Vec::new();
        let mut misses = 0;
        let mut position = match self.plan.admission {
            ConflictResolution::RoundRobin => self.turn,
            _ => 0,
        };
        while misses < self.serving.len() && self.has_slot() {
            if let Some(job) = self.pick_awaited() {
                self.start(job, &mut passed);
                continue;
            }
            let layer = self.serving[position % self.serving.len()];
            match self.pick_job(layer, &mut passed) {
                Pick::Job(job) => {
                    self.start(job, &mut passed);
                    misses = 0;
                    if self.plan.admission == ConflictResolution::RoundRobin {
                        position += 1;
                        self.turn = position % self.serving.len();
                    }
                }
                Pick::Nothing => {
                    misses += 1;
                    position += 1;
                }
                // What follows from it may come before everything that waits now.
                Pick::GaveUp => return true,
            }
        }
        false
    }

    /// The next job of a layer that may start, in the order of consideration. Those that could not
    /// are added to `passed`.
    fn pick_job(&mut self, layer: LayerIx, passed: &mut Vec<JobIx>) -> Pick {
        if !self.layer_has_room(layer) {
            return Pick::Nothing;
        }
        let mut from = Bound::Unbounded;
        let mut picked = Pick::Nothing;
        loop {
            let ready = &self.layers[layer.position()].ready;
            let Some(&entry) = ready.range((from, Bound::Unbounded)).next() else { return picked };
            from = Bound::Excluded(entry);
            match self.look_at(entry.job) {
                Look::Start if picked == Pick::Nothing => return Pick::Job(entry.job),
                Look::PassedOver => passed.push(entry.job),
                Look::GiveUp(reason) => {
                    self.give_up_for_service(entry.job, &reason);
                    picked = Pick::GaveUp;
                }
                Look::NoRetry(why) => {
                    self.take_from_queue(entry.job);
                    self.finish_without_retry(entry.job, Some(&why));
                    picked = Pick::GaveUp;
                }
                Look::Defer(reason) => {
                    self.take_from_queue(entry.job);
                    self.defer(entry.job, reason);
                    picked = Pick::GaveUp;
                }
                Look::Start | Look::Wait => {}
            }
        }
    }

    /// Whether a job waits for a slot and for nothing else.
    pub(super) fn lacks_slot(&self) -> bool {
        let waits = |layer: LayerIx| {
            let book = &self.layers[layer.position()];
            let mut ready = book.ready.iter();
            !book.is_closed()
                && book.running < self.plan.layer(layer).max_parallel.max(1)
                && ready.any(|entry| matches!(self.look_at(entry.job), Look::Start))
        };
        !self.has_slot() && !self.exclusive && self.serving.iter().any(|&layer| waits(layer))
    }

    fn look_at(&self, job: JobIx) -> Look {
        if let Some(reason) = self.misfit(job) {
            return Look::Defer(reason);
        }
        if self.is_retrying(job) {
            return self.look_at_retry(job);
        }
        if matches!(self.jobs[job.position()].state, JobState::Retrying(_, Again::Whole)) {
            return self.look_at_check(job);
        }
        self.look_at_needs(job)
    }

    /// A check of what went wrong in parts has to end within the budgets.
    fn look_at_check(&self, job: JobIx) -> Look {
        match self.check_misfit(job) {
            Some(why) => Look::NoRetry(why),
            None => waiting_its_turn(self.look_at_needs(job)),
        }
    }

    /// A retry is never awaited: those that come at the end let everybody else go first.
    fn look_at_retry(&self, job: JobIx) -> Look {
        if let Some(why) = self.used_up_retries(job) {
            return Look::NoRetry(why);
        }
        if self.lets_others_first(job) {
            return Look::Wait;
        }
        waiting_its_turn(self.look_at_needs(job))
    }

    /// Whether services are there and nothing is in the way.
    fn look_at_needs(&self, job: JobIx) -> Look {
        let obstacle = self.obstacle(job);
        if obstacle == Some(Obstacle::Cap) {
            return Look::Wait;
        }
        match (self.provision(job), obstacle) {
            (Provision::Failed(reason), _) => Look::GiveUp(reason),
            (Provision::Pending, _) => Look::Wait,
            (Provision::Ready, Some(_)) => Look::PassedOver,
            (Provision::Ready, None) => Look::Start,
        }
    }

    fn provision(&self, job: JobIx) -> Provision {
        let mut pending = false;
        for service in &self.plan.job(job).services {
            match &self.services[service.position()].state {
                ServiceState::Ready => {}
                ServiceState::Failed(reason) => {
                    let name = &self.plan.service(*service).name;
                    return Provision::Failed(format!("service {name}: {reason}"));
                }
                _ => pending = true,
            }
        }
        if pending { Provision::Pending } else { Provision::Ready }
    }

    /// Forgets awaited jobs that wait no more, or that people wait less for than for others.
    fn forget_awaited(&mut self) {
        if self.awaited.is_empty() {
            return;
        }
        let mut awaited = std::mem::take(&mut self.awaited);
        let foreground = self.is_foreground_served();
        awaited.retain(|job| {
            let state = &self.jobs[job.position()].state;
            let layer = self.plan.category(self.plan.job(*job).category).layer;
            matches!(state, JobState::Waiting | JobState::Retrying(..))
                && !self.layers[layer.position()].is_closed()
                && !(foreground && self.plan.layer(layer).background)
        });
        self.awaited = awaited;
    }

    /// The awaited job that may start and has waited longest.
    fn pick_awaited(&self) -> Option<JobIx> {
        self.awaited.iter().copied().find(|&job| {
            let layer = self.plan.category(self.plan.job(job).category).layer;
            self.layer_has_room(layer) && matches!(self.look_at(job), Look::Start)
        })
    }

    /// Starts a job and counts it for those that it passes over.
    fn start(&mut self, job: JobIx, passed: &mut Vec<JobIx>) {
        // A start lets nothing start that could not before.
        let look_again = self.look_again;
        self.start_attempt(job);
        self.look_again = look_again;
        let most = PASSES_PER_SLOT.saturating_mul(self.slots());
        for job in passed.drain(..) {
            let book = &mut self.jobs[job.position()];
            book.passed_over += 1;
            if book.passed_over >= most && !self.awaited.contains(&job) {
                self.awaited.push(job);
            }
        }
        self.forget_awaited();
    }

    fn give_up_for_service(&mut self, job: JobIx, reason: &str) {
        let category = self.plan.job(job).category;
        self.take_from_queue(job);
        self.categories[category.position()].environment = true;
        self.move_job(job, JobState::Closing);
        self.settle_leftovers(job);
        self.finish_job(job, crate::outcome::Outcome::Errored, reason.to_owned());
    }

    /// Takes a waiting job out of consideration, and brings the next one of its lane into it.
    fn take_from_queue(&mut self, job: JobIx) {
        let plan = Arc::clone(&self.plan);
        let ready = &mut self.layers[plan.category(plan.job(job).category).layer.position()].ready;
        match self.jobs[job.position()].state {
            JobState::Retrying(_, Again::Whole) => {
                ready.remove(&Entry::check(&plan, job));
            }
            JobState::Retrying(..) => {
                ready.remove(&Entry::retry(&plan, job));
            }
            _ => {
                ready.remove(&Entry::fresh(&plan, job));
                ready.extend(self.lanes.take(&plan, job));
            }
        }
    }

    fn start_attempt(&mut self, job: JobIx) {
        let plan = Arc::clone(&self.plan);
        let category = plan.job(job).category;
        self.take_from_queue(job);
        let (number, only) = match &mut self.jobs[job.position()].state {
            JobState::Retrying(number, Again::Only(only)) => (*number, std::mem::take(only)),
            JobState::Retrying(number, Again::Whole) => (*number, Vec::new()),
            _ => (AttemptNumber::FIRST, Vec::new()),
        };
        let known = match number {
            AttemptNumber::FIRST => Default::default(),
            number => self.known_tests(job, number),
        };
        let only = (!only.is_empty()).then_some(only);
        if self.is_check(job, number) {
            self.begin_check(job);
        }
        let whole = self.runs_whole(job, number);
        let attempt = Attempt {
            number,
            since: self.now,
            local: Vec::new(),
            known,
            stop: None,
            loss: None,
            reached: false,
            killed: false,
            is_watched: false,
            ended: false,
        };
        self.move_job(job, JobState::Running(Box::new(attempt)));
        if self.categories[category.position()].state == CategoryState::Waiting {
            self.begin_category(category, job);
        }
        self.emit(Event::Job(job, JobEvent::Started { attempt: number }));
        self.commands.push_back(Command::StartJob { job, attempt: number, only, whole });
    }

    /// The first job of a category starts.
    fn begin_category(&mut self, category: CategoryIx, job: JobIx) {
        let plan = Arc::clone(&self.plan);
        let planned = plan.category(category);
        self.categories[category.position()].state = CategoryState::Started { at: self.now };
        self.emit(Event::Category(category, CategoryEvent::Started));
        let limit = self.now.plus(planned.timeout);
        self.categories[category.position()].limit = Some(limit);
        self.deadlines.add(limit, Deadline::CategoryTimeout(category));
        if let Some(limit) = self.exceeded_limit(job) {
            let need = room::memory_of(&plan, job);
            self.emit(Event::Warning(format!(
                "{}: it needs {need} MB of memory, more than the {limit} MB that it may use, so it \
                 runs alone",
                planned.name
            )));
        }
    }
}

/// A job that is tried again is never awaited by others.
fn waiting_its_turn(look: Look) -> Look {
    match look {
        Look::PassedOver => Look::Wait,
        look => look,
    }
}
