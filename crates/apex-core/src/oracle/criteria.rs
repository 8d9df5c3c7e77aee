//! A layer that breaks one of its success criteria has failed.

use apex_config::model::FlakyPolicy;

use crate::event::{Envelope, Event, LayerEvent, TestEvent};
use crate::id::LayerIx;
use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;

use super::Findings;
use super::losses::Losses;

/// Tests of a layer. Timed-out ones are left out: a budget may have cut them.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: u32,
    failed: u32,
    began: bool,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut layers = vec![Counts::default(); plan.layers.len()];
    let mut losses = Losses::default();
    for Envelope { seq, event, .. } in stream {
        losses.take(event);
        match event {
            Event::Layer(layer, LayerEvent::Started) => layers[layer.position()].began = true,
            // What a lost service ended did not fail by itself.
            Event::Test(_, TestEvent::Settled { test, .. }) if losses.has(*test) => {}
            Event::Test(job, TestEvent::Settled { outcome, .. }) => {
                let category = plan.category(plan.job(*job).category);
                let counts = &mut layers[category.layer.position()];
                match (outcome, category.flaky) {
                    (Outcome::Failed | Outcome::Errored, _)
                    | (Outcome::Flaky, FlakyPolicy::Fail) => counts.failed += 1,
                    (Outcome::Passed | Outcome::Flaky, _) => counts.passed += 1,
                    _ => {}
                }
            }
            Event::Layer(layer, LayerEvent::Finished { verdict, .. }) => {
                let counts = layers[layer.position()];
                let holds = !breaks(plan, *layer, counts) || *verdict == Verdict::Failed;
                findings.require(holds, *seq, "a layer that breaks a criterion has failed");
                let clean = counts.failed == 0 || *verdict != Verdict::Passed;
                findings.require(clean, *seq, "a layer with failures has not simply passed");
            }
            _ => {}
        }
    }
}

fn breaks(plan: &Plan, layer: LayerIx, counts: Counts) -> bool {
    let criteria = &plan.layer(layer).success;
    let all = f64::from(counts.passed + counts.failed);
    counts.began
        && counts.failed > 0
        && (counts.failed > criteria.max_failures
            || f64::from(counts.passed) < criteria.min_pass_rate * all - 1e-9)
}
