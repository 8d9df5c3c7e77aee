//! Admission: which layers begin and which categories open. Which jobs then get a slot is decided
//! in `starting`.
//!
//! Everything here only looks at counts that `move_job` keeps; nothing here ends anything.

use std::sync::Arc;

use apex_config::model::{ConflictResolution, FailFast, RunMode};

use crate::event::{Event, LayerEvent};
use crate::id::{CategoryIx, LayerIx};
use crate::outcome::{Outcome, Verdict};
use crate::plan::{CategoryWork, ServiceScope, Sparing};

use super::Scheduler;
use super::deadline::Deadline;
use super::lanes::Entry;
use super::state::{CategoryState, LayerRank, LayerState, RunState};

/// What a look at a waiting layer says.
enum Readiness {
    /// It may begin.
    Ready,
    /// Not now.
    Later,
    /// A layer before it did not pass.
    Blocked { by: LayerIx },
}

impl Scheduler {
    /// Starts everything that may start now.
    pub(super) fn admit(&mut self) {
        self.settle();
        while self.state == RunState::Running {
            // Each may make the others possible: a layer that ends lets the next one begin. All
            // that can be considered is known before a job starts.
            let progressed = self.begin_layers() | self.settle() || self.start_jobs();
            if !progressed {
                break;
            }
        }
        self.start_services_early();
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
                // The user saw what stood before it and decided to go on.
                LayerState::Finished(Verdict::Cancelled)
                    if self.layers[before.position()].skipped => {}
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
        self.want_services_of_layer(layer);
        self.look_for_early = true;
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
                self.want_services_of(category, |scope| matches!(scope, ServiceScope::Category(_)));
                let ready = &mut self.layers[planned.layer.position()].ready;
                ready.extend(self.lanes.firsts(&plan, category));
                self.look_again = true;
            }
            CategoryWork::Empty { looked } => {
                self.named_empty |= planned.named;
                self.finish_category(category, Outcome::Empty, format!("no tests found: {looked}"));
            }
            CategoryWork::Unavailable { reason } => {
                self.categories[category.position()].environment = true;
                self.finish_category(category, Outcome::Errored, reason.clone());
            }
            CategoryWork::Spared { by, reason } => {
                let outcome = match by {
                    Sparing::Cached => Outcome::Cached,
                    Sparing::Unaffected => Outcome::Skipped,
                };
                self.finish_category(category, outcome, reason.clone());
            }
            CategoryWork::Skipped { reason } => {
                self.finish_category(category, Outcome::Skipped, reason.clone());
            }
        }
    }

    /// Takes the waiting jobs of a category out of consideration.
    pub(super) fn close_category(&mut self, category: CategoryIx) {
        let plan = Arc::clone(&self.plan);
        let ready = &mut self.layers[plan.category(category).layer.position()].ready;
        for entry in self.lanes.firsts(&plan, category) {
            ready.remove(&entry);
        }
        for job in plan.jobs_of(category) {
            let is_on_trust = plan.job(job).undivided.is_some();
            if is_on_trust {
                ready.remove(&Entry::check(&plan, job));
            }
            if is_on_trust || plan.category(category).retries > 0 {
                ready.remove(&Entry::retry(&plan, job));
            }
        }
    }

    pub(super) fn is_category_finished(&self, category: CategoryIx) -> bool {
        matches!(self.categories[category.position()].state, CategoryState::Finished(_))
    }
}

/// Whether layers that depend on a layer with this verdict are blocked.
fn holds_up(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Passed | Verdict::Partial | Verdict::Empty)
}
