//! What must come before what, and what must never be at the same time.

use apex_config::model::{FailFast, RunMode};

use crate::event::{Envelope, Event, JobEvent, LayerEvent, RunEvent, ServiceEvent};
use crate::id::{JobIx, LayerIx};
use crate::outcome::Verdict;
use crate::plan::Plan;

use super::Findings;
use super::scene::Scene;

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut scene = Scene::new(plan);
    for envelope in stream {
        let seq = envelope.seq;
        match &envelope.event {
            Event::Layer(layer, LayerEvent::Started) => scene.layer_starts(seq, *layer, findings),
            Event::Job(job, JobEvent::Started { .. }) => scene.job_starts(seq, *job, findings),
            Event::Run(RunEvent::SlotsChanged { slots }) => {
                let allowed = plan.slots..=plan.slots_up_to.max(plan.slots);
                let one_more_or_less = slots.abs_diff(scene.slots()) == 1;
                findings.require(
                    allowed.contains(slots) && one_more_or_less,
                    seq,
                    "slots change one at a time, between floor and cap",
                );
            }
            Event::Service(service, ServiceEvent::Starting) => {
                let mut before = plan.service(*service).after.iter();
                let ready = before.all(|&before| scene.is_ready(before));
                findings.require(ready, seq, "a service starts after those it needs are ready");
            }
            _ => {}
        }
        scene.take(&envelope.event);
    }
}

impl Scene<'_> {
    fn layer_starts(&self, seq: u64, layer: LayerIx, findings: &mut Findings) {
        let planned = self.plan.layer(layer);
        for &before in &planned.after {
            let free = self.plan.layer(before).fail_fast == FailFast::Disabled;
            let passed = match self.verdicts[before.position()] {
                Some(Verdict::Passed | Verdict::Partial | Verdict::Empty) => true,
                Some(Verdict::Cancelled) if self.skipped_layers[before.position()] => true,
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
        let laws = [self.too_early(job), self.full(job), self.crowded(job)];
        for law in laws.into_iter().flatten() {
            findings.add(seq, law);
        }
    }
}
