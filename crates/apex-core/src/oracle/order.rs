//! What must come before what, and what must never be at the same time.

use apex_config::model::{ExecutionMode, FailFast, Load, RunMode};

use crate::event::{CategoryEvent, Envelope, Event, JobEvent, LayerEvent, ServiceEvent};
use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;

use super::Findings;

struct Book<'a> {
    plan: &'a Plan,
    verdicts: Vec<Option<Verdict>>,
    running_layers: Vec<LayerIx>,
    outcomes: Vec<Option<Outcome>>,
    /// Jobs that run, in no particular order.
    running: Vec<JobIx>,
    ready: Vec<bool>,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut book = Book {
        plan,
        verdicts: vec![None; plan.layers.len()],
        running_layers: Vec::new(),
        outcomes: vec![None; plan.categories.len()],
        running: Vec::new(),
        ready: vec![false; plan.services.len()],
    };
    for envelope in stream {
        let seq = envelope.seq;
        match &envelope.event {
            Event::Layer(layer, LayerEvent::Started) => {
                book.layer_starts(seq, *layer, findings);
                book.running_layers.push(*layer);
            }
            Event::Layer(layer, LayerEvent::Finished { verdict, .. }) => {
                book.running_layers.retain(|other| other != layer);
                book.verdicts[layer.position()] = Some(*verdict);
            }
            Event::Category(category, CategoryEvent::Finished { outcome, .. }) => {
                book.outcomes[category.position()] = Some(*outcome);
            }
            Event::Job(job, JobEvent::Started { .. }) => {
                book.job_starts(seq, *job, findings);
                book.running.push(*job);
            }
            Event::Job(job, JobEvent::AttemptFinished { .. }) => {
                book.running.retain(|other| other != job);
            }
            Event::Service(service, ServiceEvent::Starting) => {
                let mut before = plan.service(*service).after.iter();
                let ready = before.all(|before| book.ready[before.position()]);
                findings.require(ready, seq, "a service starts after those it needs are ready");
            }
            Event::Service(service, event) => {
                book.ready[service.position()] = matches!(event, ServiceEvent::Ready { .. });
            }
            _ => {}
        }
    }
}

impl Book<'_> {
    fn layer_starts(&self, seq: u64, layer: LayerIx, findings: &mut Findings) {
        let planned = self.plan.layer(layer);
        for &before in &planned.after {
            let free = self.plan.layer(before).fail_fast == FailFast::Disabled;
            let passed = match self.verdicts[before.position()] {
                Some(Verdict::Passed | Verdict::Partial | Verdict::Empty) => true,
                Some(_) => free,
                None => false,
            };
            findings.require(passed, seq, "a layer starts after those it depends on have passed");
        }
        let conflict = planned.conflicts.iter().any(|other| self.running_layers.contains(other));
        findings.require(!conflict, seq, "conflicting layers never run at the same time");
        let behind = self.running_layers.iter().filter(|&&other| self.plan.layer(other).background);
        let room = behind.count() < self.plan.max_background_layers.max(1) as usize;
        findings.require(
            room || !planned.background,
            seq,
            "no more background layers than allowed",
        );
        if self.plan.run_mode == RunMode::Sequential {
            findings.require(
                self.running_layers.is_empty(),
                seq,
                "sequential: one layer at a time",
            );
        }
        let aside = self.plan.run_mode == RunMode::WaterfallWithBackground;
        let is_waterfall = aside || self.plan.run_mode == RunMode::Waterfall;
        if is_waterfall && !(aside && planned.background) {
            let earlier =
                self.plan.layers.iter().zip(&self.verdicts).filter(|(other, _)| {
                    other.phase < planned.phase && !(aside && other.background)
                });
            let done = earlier.map(|(_, verdict)| verdict).all(Option::is_some);
            findings.require(done, seq, "waterfall: a phase starts after the one before it");
        }
    }

    fn job_starts(&self, seq: u64, job: JobIx, findings: &mut Findings) {
        let planned = self.plan.job(job);
        let ready = planned.services.iter().all(|service| self.ready[service.position()]);
        findings.require(ready, seq, "a job starts when its services are ready");
        let category = planned.category;
        self.category_dependencies(seq, category, findings);
        self.caps(seq, category, findings);
        self.groups(seq, category, findings);
        for &other in &self.running {
            let other = self.plan.job(other).category;
            if other != category {
                self.beside(seq, category, other, findings);
            }
        }
        let exclusive = self.plan.category(category).exclusive
            || self
                .running
                .iter()
                .any(|&other| self.plan.category(self.plan.job(other).category).exclusive);
        findings.require(
            !exclusive || self.running.is_empty(),
            seq,
            "a dedicated category has the machine to itself",
        );
    }

    fn category_dependencies(&self, seq: u64, category: CategoryIx, findings: &mut Findings) {
        let planned = self.plan.category(category);
        let free = self.plan.layer(planned.layer).fail_fast == FailFast::Disabled;
        for before in &planned.after {
            let passed = match self.outcomes[before.position()] {
                Some(
                    Outcome::Passed
                    | Outcome::Flaky
                    | Outcome::Quarantined
                    | Outcome::Skipped
                    | Outcome::Empty,
                ) => true,
                Some(_) => free,
                None => false,
            };
            findings.require(passed, seq, "a category starts after those it depends on passed");
        }
    }

    fn caps(&self, seq: u64, category: CategoryIx, findings: &mut Findings) {
        let planned = self.plan.category(category);
        let layer = self.plan.layer(planned.layer);
        let of = |job: &&JobIx| self.plan.job(**job).category;
        let running = self.running.len();
        let in_category = self.running.iter().filter(|job| of(job) == category).count();
        let in_layer =
            self.running.iter().filter(|job| self.plan.category(of(job)).layer == planned.layer);
        let below = |count: usize, cap: u32| count < cap as usize;
        findings.require(below(running, self.plan.slots), seq, "no more jobs than slots");
        let category_cap = below(in_category, planned.max_parallel);
        findings.require(category_cap, seq, "no more jobs than the category allows");
        let layer_cap = below(in_layer.count(), layer.max_parallel);
        findings.require(layer_cap, seq, "no more jobs than the layer allows");
        let waited_for =
            self.running_layers.iter().any(|&other| !self.plan.layer(other).background);
        findings.require(
            !(layer.background && waited_for) || below(running + 1, self.plan.slots),
            seq,
            "a background layer never takes the last slot",
        );
    }

    fn groups(&self, seq: u64, category: CategoryIx, findings: &mut Findings) {
        let planned = self.plan.category(category);
        let layer = self.plan.layer(planned.layer);
        let position = |of: CategoryIx| layer.categories.iter().position(|&other| other == of);
        for &other in &layer.categories {
            let earlier = match layer.execution_mode {
                ExecutionMode::Parallel => false,
                ExecutionMode::Sequential => position(other) < position(category),
                ExecutionMode::Hybrid => {
                    self.plan.category(other).priority_order < planned.priority_order
                }
            };
            findings.require(
                !earlier || self.outcomes[other.position()].is_some(),
                seq,
                "sequential and hybrid layers keep the order of their categories",
            );
        }
    }

    fn beside(&self, seq: u64, one: CategoryIx, other: CategoryIx, findings: &mut Findings) {
        let (first, second) = (self.plan.category(one), self.plan.category(other));
        let conflict = first.conflicts.contains(&other) || second.conflicts.contains(&one);
        findings.require(!conflict, seq, "conflicting categories never run at the same time");
        if first.layer != second.layer {
            return;
        }
        let safe = first.parallel_safe && second.parallel_safe;
        findings.require(safe, seq, "only parallel-safe categories run beside others");
        let shared = first
            .load
            .iter()
            .any(|mark| !matches!(mark, Load::Network) && second.load.contains(mark));
        findings.require(!shared, seq, "categories with the same load mark do not overlap");
    }
}
