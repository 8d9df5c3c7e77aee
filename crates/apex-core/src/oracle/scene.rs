//! What runs at a moment of a stream, and which law a job would break by starting then.
//!
//! It is folded from plan and events alone; it knows nothing of how the scheduler counts.

use std::collections::HashSet;
use std::sync::Arc;

use apex_config::model::{ExecutionMode, FailFast, Load};

use crate::event::{CategoryEvent, Event, JobEvent, LayerEvent, RunEvent, ServiceEvent};
use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;

pub(super) type Law = &'static str;

/// What runs.
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) verdicts: Vec<Option<Verdict>>,
    pub(super) running_layers: Vec<LayerIx>,
    /// Layers of which the user skipped the rest.
    pub(super) skipped_layers: Vec<bool>,
    outcomes: Vec<Option<Outcome>>,
    /// Jobs that run, in no particular order.
    running: Vec<JobIx>,
    /// Jobs in doubt: what they run from now on is the whole work that they are a part of.
    doubted: HashSet<JobIx>,
    ready: Vec<bool>,
    slots: u32,
}

impl<'a> Scene<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            verdicts: vec![None; plan.layers.len()],
            running_layers: Vec::new(),
            skipped_layers: vec![false; plan.layers.len()],
            outcomes: vec![None; plan.categories.len()],
            running: Vec::new(),
            doubted: HashSet::new(),
            ready: vec![false; plan.services.len()],
            slots: plan.slots,
        }
    }

    /// Goes on by one event.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Run(RunEvent::SlotsChanged { slots }) => self.slots = *slots,
            Event::Layer(layer, LayerEvent::Started) => self.running_layers.push(*layer),
            Event::Layer(layer, LayerEvent::Skipped) => {
                self.skipped_layers[layer.position()] = true;
            }
            Event::Layer(layer, LayerEvent::Finished { verdict, .. }) => {
                self.running_layers.retain(|other| other != layer);
                self.verdicts[layer.position()] = Some(*verdict);
            }
            Event::Category(category, CategoryEvent::Finished { outcome, .. }) => {
                self.outcomes[category.position()] = Some(*outcome);
            }
            Event::Job(job, JobEvent::Started { .. }) => self.running.push(*job),
            Event::Job(job, JobEvent::AttemptFinished { .. }) => {
                self.running.retain(|other| other != job);
            }
            Event::Job(job, JobEvent::Doubted) => {
                self.doubted.insert(*job);
            }
            Event::Service(service, event) => {
                self.ready[service.position()] = matches!(event, ServiceEvent::Ready { .. });
            }
            _ => {}
        }
    }

    pub(super) const fn slots(&self) -> u32 {
        self.slots
    }

    pub(super) fn is_ready(&self, service: crate::id::ServiceIx) -> bool {
        self.ready[service.position()]
    }

    pub(super) fn layer_of(&self, job: JobIx) -> LayerIx {
        self.plan.category(self.plan.job(job).category).layer
    }

    /// The law that a job would break because its turn in the plan has not come: services,
    /// dependencies, groups.
    pub(super) fn too_early(&self, job: JobIx) -> Option<Law> {
        let planned = self.plan.job(job);
        if !planned.services.iter().all(|&service| self.is_ready(service)) {
            return Some("a job starts when its services are ready");
        }
        self.before_dependencies(planned.category).or_else(|| self.before_group(planned.category))
    }

    fn before_dependencies(&self, category: CategoryIx) -> Option<Law> {
        let planned = self.plan.category(category);
        let free = self.plan.layer(planned.layer).fail_fast == FailFast::Disabled;
        let passed = planned.after.iter().all(|before| match self.outcomes[before.position()] {
            Some(
                Outcome::Passed
                | Outcome::Flaky
                | Outcome::Quarantined
                | Outcome::Skipped
                | Outcome::Cached
                | Outcome::Empty,
            ) => true,
            Some(_) => free,
            None => false,
        });
        (!passed).then_some("a category starts after those it depends on passed")
    }

    fn before_group(&self, category: CategoryIx) -> Option<Law> {
        let planned = self.plan.category(category);
        let layer = self.plan.layer(planned.layer);
        let position = |of: CategoryIx| layer.categories.iter().position(|&other| other == of);
        let is_earlier = |other: CategoryIx| match layer.execution_mode {
            ExecutionMode::Parallel => false,
            ExecutionMode::Sequential => position(other) < position(category),
            ExecutionMode::Hybrid => {
                self.plan.category(other).priority_order < planned.priority_order
            }
        };
        let mut others = layer.categories.iter();
        let in_order =
            others.all(|&other| !is_earlier(other) || self.outcomes[other.position()].is_some());
        (!in_order).then_some("sequential and hybrid layers keep the order of their categories")
    }

    /// The law that a job would break because there is no room for any job like it.
    pub(super) fn full(&self, job: JobIx) -> Option<Law> {
        let category = self.plan.job(job).category;
        let planned = self.plan.category(category);
        let layer = self.plan.layer(planned.layer);
        let running = self.running.len();
        let below = |count: usize, cap: u32| count < cap as usize;
        let in_layer = self.running.iter().filter(|&&other| self.layer_of(other) == planned.layer);
        let waited_for =
            self.running_layers.iter().any(|&other| !self.plan.layer(other).background);
        if !below(running, self.slots) {
            Some("no more jobs than slots")
        } else if self.is_category_full(category) {
            Some("no more jobs than the category allows")
        } else if !below(in_layer.count(), layer.max_parallel) {
            Some("no more jobs than the layer allows")
        } else if layer.background && waited_for && !below(running + 1, self.slots) {
            Some("a background layer never takes the last slot")
        } else {
            None
        }
    }

    pub(super) fn is_category_full(&self, category: CategoryIx) -> bool {
        self.running_in(category) >= self.plan.category(category).max_parallel as usize
    }

    pub(super) fn running_in(&self, category: CategoryIx) -> usize {
        let of = |job: &&JobIx| self.plan.job(**job).category == category;
        self.running.iter().filter(of).count()
    }

    /// The law that a job would break because of what runs.
    pub(super) fn crowded(&self, job: JobIx) -> Option<Law> {
        self.running.iter().find_map(|&other| self.apart(job, other)).or_else(|| self.memory(job))
    }

    /// The law that keeps two jobs from running at the same time.
    pub(super) fn apart(&self, one: JobIx, other: JobIx) -> Option<Law> {
        let (job, second) = (self.plan.job(one), self.plan.job(other));
        if self.names(one).iter().any(|name| self.names(other).contains(name)) {
            return Some("no two running jobs hold the same name");
        }
        let (first, second) =
            (self.plan.category(job.category), self.plan.category(second.category));
        if first.exclusive || second.exclusive {
            return Some("a dedicated category has the machine to itself");
        }
        let (one, other) = (job.category, self.plan.job(other).category);
        if one == other {
            return None;
        }
        if first.conflicts.contains(&other) || second.conflicts.contains(&one) {
            return Some("conflicting categories never run at the same time");
        }
        if first.layer != second.layer {
            return None;
        }
        if !first.parallel_safe || !second.parallel_safe {
            return Some("only parallel-safe categories run beside others");
        }
        let mut marks = first.load.iter().filter(|mark| !matches!(mark, Load::Network));
        let shared = marks.any(|mark| second.load.contains(mark));
        shared.then_some("categories with the same load mark do not overlap")
    }

    /// The names that a job holds alone when it runs.
    fn names(&self, job: JobIx) -> Vec<&Arc<str>> {
        if self.doubted.contains(&job) {
            let parts = self.plan.parts_of_work(job);
            return parts.flat_map(|part| &self.plan.job(part).holds).collect();
        }
        self.plan.job(job).holds.iter().collect()
    }

    /// What a job needs of memory, in mebibytes.
    pub(super) fn need(&self, job: JobIx) -> u64 {
        let planned = self.plan.job(job);
        let seen = planned.forecast.and_then(|forecast| forecast.peak_memory_mb).unwrap_or(0);
        u64::from(seen.max(self.plan.category(planned.category).memory_mb))
    }

    fn memory(&self, job: JobIx) -> Option<Law> {
        let layer = self.layer_of(job);
        let in_layer = self.running.iter().filter(|&&other| self.layer_of(other) == layer);
        let fits = |limit: Option<u32>, running: Vec<JobIx>| {
            let sum: u64 = running.iter().map(|&other| self.need(other)).sum();
            limit.is_none_or(|limit| running.is_empty() || sum + self.need(job) <= u64::from(limit))
        };
        let fits_layer = fits(self.plan.layer(layer).max_memory_mb, in_layer.copied().collect());
        let fits_run = fits(self.plan.max_memory_mb, self.running.clone());
        (!fits_layer || !fits_run).then_some("running jobs need no more memory than allowed")
    }
}
