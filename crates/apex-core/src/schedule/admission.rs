//! Admission: which layers begin, which categories open, which jobs get a slot.
//!
//! Everything here only looks at counts that `move_job` keeps; nothing here ends anything.

use std::ops::Bound;
use std::sync::Arc;

use apex_config::model::{ConflictResolution, FailFast, RunMode};

use crate::event::{CategoryEvent, Event, JobEvent, LayerEvent};
use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx};
use crate::outcome::{Outcome, Verdict};
use crate::plan::CategoryWork;

use super::deadline::Deadline;
use super::state::{
    Attempt, CategoryState, JobState, LayerRank, LayerState, RunState, ServiceState,
};
use super::{Command, Scheduler, load_marks};

/// What a look at a waiting layer says.
enum Readiness {
    /// It may begin.
    Ready,
    /// Not now.
    Later,
    /// A layer before it did not pass.
    Blocked { by: LayerIx },
}

/// What a look at the services of a job says.
enum Provision {
    Ready,
    Pending,
    Failed(String),
}

impl Scheduler {
    /// Starts everything that may start now.
    pub(super) fn admit(&mut self) {
        self.settle();
        while self.state == RunState::Running {
            // Each may make the others possible: a layer that ends lets the next one begin.
            let progressed = self.begin_layers() | self.start_jobs() | self.settle();
            if !progressed {
                break;
            }
        }
    }

    /// Begins or blocks the layers whose turn it is; whether there was one.
    fn begin_layers(&mut self) -> bool {
        if self.unfinished_layers == self.serving.len() {
            return false;
        }
        let mut progressed = false;
        for position in 0..self.layers.len() {
            if self.layers[position].state != LayerState::Waiting {
                continue;
            }
            let layer = LayerIx::at(position);
            match self.readiness(layer) {
                Readiness::Ready => {
                    self.begin_layer(layer);
                    progressed = true;
                }
                Readiness::Blocked { by } => {
                    self.block_layer(layer, by);
                    progressed = true;
                }
                Readiness::Later => {}
            }
        }
        progressed
    }

    fn readiness(&mut self, layer: LayerIx) -> Readiness {
        let plan = Arc::clone(&self.plan);
        let planned = plan.layer(layer);
        for &before in &planned.after {
            match self.layers[before.position()].state {
                LayerState::Finished(verdict) if holds_up(verdict) => {
                    if plan.layer(before).fail_fast != FailFast::Disabled {
                        return Readiness::Blocked { by: before };
                    }
                }
                LayerState::Finished(_) => {}
                _ => return Readiness::Later,
            }
        }
        let is_running = |other: &LayerIx| {
            matches!(self.layers[other.position()].state, LayerState::Running { .. })
        };
        if planned.conflicts.iter().any(is_running)
            || !self.run_mode_allows(layer)
            || !self.pause_is_over()
        {
            return Readiness::Later;
        }
        Readiness::Ready
    }

    /// Whether the run mode and the cap on background layers allow this layer to begin.
    fn run_mode_allows(&self, layer: LayerIx) -> bool {
        let planned = self.plan.layer(layer);
        let background = planned.background;
        if background {
            let behind = self.serving.iter().filter(|&&other| self.plan.layer(other).background);
            if behind.count() >= self.plan.max_background_layers.max(1) as usize {
                return false;
            }
        }
        let barrier = |aside: bool| {
            let mut others = self.plan.layers.iter().zip(&self.layers);
            others.all(|(other, book)| {
                other.phase >= planned.phase
                    || (aside && other.background)
                    || matches!(book.state, LayerState::Finished(_))
            })
        };
        match self.plan.run_mode {
            RunMode::Parallel => true,
            RunMode::Sequential => self.serving.is_empty(),
            RunMode::Waterfall => barrier(false),
            RunMode::WaterfallWithBackground => background || barrier(true),
        }
    }

    /// Whether the pause after the latest layer is over; asks to be woken when it is not.
    fn pause_is_over(&mut self) -> bool {
        let Some(end) = self.last_layer_end else { return true };
        let until = end.plus(self.plan.inter_layer_delay);
        if until <= self.now {
            return true;
        }
        self.deadlines.add(until, Deadline::LayerPause);
        false
    }

    fn begin_layer(&mut self, layer: LayerIx) {
        let plan = Arc::clone(&self.plan);
        let planned = plan.layer(layer);
        self.layers[layer.position()].state = LayerState::Running { since: self.now };
        self.emit(Event::Layer(layer, LayerEvent::Started));
        if let Some(budget) = planned.budget {
            self.deadlines.add(self.now.plus(budget), Deadline::LayerBudget(layer));
        }
        let place = match plan.admission {
            ConflictResolution::PriorityBased => {
                self.serving.partition_point(|&other| self.rank(other) < self.rank(layer))
            }
            _ => self.serving.len(),
        };
        self.serving.insert(place, layer);
        for &category in &planned.categories {
            for job in plan.jobs_of(category) {
                self.want_services(job);
            }
        }
        self.open_group(layer);
    }

    fn rank(&self, layer: LayerIx) -> LayerRank {
        let planned = self.plan.layer(layer);
        LayerRank {
            background: planned.background,
            priority: planned.priority,
            execution_order: planned.execution_order,
            layer,
        }
    }

    fn block_layer(&mut self, layer: LayerIx, by: LayerIx) {
        let plan = Arc::clone(&self.plan);
        let reason = format!("layer {} did not pass", plan.layer(by).id);
        for &category in &plan.layer(layer).categories {
            self.give_up_category(category, Outcome::Blocked, &reason);
        }
        self.layers[layer.position()].stopped = Some(reason);
        self.review_layer(layer);
    }

    /// Opens the current group of a layer: its categories may start, or end at once when they
    /// have nothing to run.
    pub(super) fn open_group(&mut self, layer: LayerIx) {
        let plan = Arc::clone(&self.plan);
        let book = &self.layers[layer.position()];
        let Some(group) = book.groups.get(book.open_group).cloned() else { return };
        let members = &plan.layer(layer).categories[group];
        let unfinished = members.iter().filter(|&&member| !self.is_category_finished(member));
        self.layers[layer.position()].left_in_group = unfinished.count();
        for &category in members {
            if self.is_category_finished(category) {
                continue;
            }
            self.open_category(category);
        }
        self.review_layer(layer);
    }

    /// Lets a category of an open group start, if what is before it has ended.
    pub(super) fn open_category(&mut self, category: CategoryIx) {
        let plan = Arc::clone(&self.plan);
        let planned = plan.category(category);
        if self.categories[category.position()].blockers > 0 {
            return;
        }
        match &planned.work {
            CategoryWork::Jobs { .. } => {
                self.layers[planned.layer.position()].open.insert(category);
            }
            CategoryWork::Empty { looked } => {
                self.named_empty |= planned.named;
                self.finish_category(category, Outcome::Empty, format!("no tests found: {looked}"));
            }
            CategoryWork::Unavailable { reason } => {
                self.categories[category.position()].environment = true;
                self.finish_category(category, Outcome::Errored, reason.clone());
            }
            CategoryWork::Skipped { reason } => {
                self.finish_category(category, Outcome::Skipped, reason.clone());
            }
        }
    }

    /// Gives slots to jobs; whether one was started or found unable to start.
    fn start_jobs(&mut self) -> bool {
        let mut progressed = false;
        let mut misses = 0;
        let mut position = match self.plan.admission {
            ConflictResolution::RoundRobin => self.turn,
            _ => 0,
        };
        while misses < self.serving.len() && self.has_slot() {
            let layer = self.serving[position % self.serving.len()];
            let picked = self.pick_job(layer);
            if let Some(job) = picked {
                self.start_attempt(job);
                progressed = true;
                misses = 0;
                if self.plan.admission == ConflictResolution::RoundRobin {
                    position += 1;
                    self.turn = position % self.serving.len();
                }
            } else {
                misses += 1;
                position += 1;
            }
        }
        progressed
    }

    fn has_slot(&self) -> bool {
        !self.exclusive && self.running < self.plan.slots.max(1)
    }

    /// Whether a layer may have one more running job.
    fn layer_has_room(&self, layer: LayerIx) -> bool {
        let planned = self.plan.layer(layer);
        let book = &self.layers[layer.position()];
        // A background layer never takes the last slot from a layer that people wait for.
        let waited_for = || self.serving.iter().any(|&other| !self.plan.layer(other).background);
        let reserved = u32::from(planned.background && waited_for());
        self.running + reserved < self.plan.slots.max(1)
            && !book.is_closed()
            && book.running < planned.max_parallel.max(1)
    }

    /// The next job of a layer that may start, in order of consideration.
    fn pick_job(&mut self, layer: LayerIx) -> Option<JobIx> {
        if !self.has_slot() || !self.layer_has_room(layer) {
            return None;
        }
        let mut from = Bound::Unbounded;
        loop {
            let open = &self.layers[layer.position()].open;
            let &category = open.range((from, Bound::Unbounded)).next()?;
            from = Bound::Excluded(category);
            if !self.may_run_beside_others(category) {
                continue;
            }
            let Some(job) = self.next_job_of(category) else { continue };
            match self.provision(job) {
                Provision::Ready => return Some(job),
                Provision::Pending => {}
                Provision::Failed(reason) => {
                    self.give_up_for_service(job, &reason);
                    from = Bound::Included(category);
                }
            }
        }
    }

    /// Caps, conflicts, load marks and exclusiveness of one category.
    fn may_run_beside_others(&self, category: CategoryIx) -> bool {
        let planned = self.plan.category(category);
        let book = &self.categories[category.position()];
        if book.running >= planned.max_parallel.max(1) || (planned.exclusive && self.running > 0) {
            return false;
        }
        let is_active = |other: &CategoryIx| self.categories[other.position()].running > 0;
        if planned.conflicts.iter().any(is_active) {
            return false;
        }
        if book.running > 0 {
            return true;
        }
        let layer = &self.layers[planned.layer.position()];
        layer.active == 0
            || (planned.parallel_safe
                && layer.active_alone == 0
                && load_marks(&planned.load).all(|mark| layer.active_load[mark] == 0))
    }

    fn next_job_of(&self, category: CategoryIx) -> Option<JobIx> {
        let book = &self.categories[category.position()];
        if let Some(&job) = book.retries.last() {
            return Some(job);
        }
        match self.plan.category(category).work {
            CategoryWork::Jobs { first, count } if book.next_fresh < count => {
                Some(JobIx(first.0 + book.next_fresh))
            }
            _ => None,
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

    fn give_up_for_service(&mut self, job: JobIx, reason: &str) {
        let category = self.plan.job(job).category;
        self.take_from_queue(category);
        self.categories[category.position()].environment = true;
        self.move_job(job, JobState::Closing);
        self.settle_leftovers(job);
        self.finish_job(job, Outcome::Errored, reason.to_owned());
    }

    /// Takes the next job of a category out of its queue, and the category out of consideration
    /// when nothing is left in it.
    fn take_from_queue(&mut self, category: CategoryIx) {
        let book = &mut self.categories[category.position()];
        if book.retries.pop().is_none() {
            book.next_fresh += 1;
        }
        if self.next_job_of(category).is_none() {
            let layer = self.plan.category(category).layer;
            self.layers[layer.position()].open.remove(&category);
        }
    }

    fn start_attempt(&mut self, job: JobIx) {
        let plan = Arc::clone(&self.plan);
        let category = plan.job(job).category;
        self.take_from_queue(category);
        let (number, only) = match &mut self.jobs[job.position()].state {
            JobState::Retrying(number, only) => (*number, Some(std::mem::take(only))),
            _ => (AttemptNumber::FIRST, None),
        };
        let known = if only.is_some() { self.known_tests(job) } else { Default::default() };
        let attempt = Attempt {
            number,
            local: Vec::new(),
            known,
            stop: None,
            reached: false,
            killed: false,
            ended: false,
        };
        self.move_job(job, JobState::Running(attempt));
        if self.categories[category.position()].state == CategoryState::Waiting {
            self.categories[category.position()].state = CategoryState::Started { at: self.now };
            self.emit(Event::Category(category, CategoryEvent::Started));
            let limit = self.now.plus(plan.category(category).timeout);
            self.deadlines.add(limit, Deadline::CategoryTimeout(category));
        }
        self.emit(Event::Job(job, JobEvent::Started { attempt: number }));
        self.commands.push_back(Command::StartJob { job, attempt: number, only });
    }

    pub(super) fn is_category_finished(&self, category: CategoryIx) -> bool {
        matches!(self.categories[category.position()].state, CategoryState::Finished(_))
    }
}

/// Whether layers that depend on a layer with this verdict are blocked.
fn holds_up(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Passed | Verdict::Partial | Verdict::Empty)
}
