//! Messages for a chat: `{type, payload, thread_id}`.
//!
//! A run is an agent that thinks (layers begin, end, get on) and uses tools (categories). Thoughts
//! about progress come at most every half second.

use apex_core::event::{CategoryEvent, LayerEvent, RunEvent, TestEvent};
use apex_core::{CategoryIx, Envelope, Event, LayerIx, Moment, Outcome, RunView};
use serde_json::{Value, json};

use super::Dialect;
use super::figures::{BREATH, layer_left, run_progress, seconds, timestamp};
use crate::console::words;
use crate::exit::ExitRule;

/// The name of the agent that a run is.
const AGENT: &str = "apex";

/// Messages for a chat.
pub struct Chat {
    rule: ExitRule,
    thread: Option<String>,
    thought: Moment,
}

impl Chat {
    /// Messages for a thread; for a thread that is named as the run when none is given.
    #[must_use]
    pub const fn new(rule: ExitRule, thread: Option<String>) -> Self {
        Self { rule, thread, thought: Moment::START }
    }

    fn message(&self, kind: &str, payload: Value, view: &RunView) -> Value {
        let run = view.identity().map_or("", |identity| identity.run.as_str());
        let thread = self.thread.as_deref().unwrap_or(run);
        json!({ "type": kind, "payload": payload, "thread_id": thread })
    }

    fn think(&mut self, thought: &str, operation: &str, view: &RunView, now: Moment) -> Value {
        self.thought = now;
        let ended = |layer: &&apex_core::view::LayerView| layer.progress.ending().is_some();
        let done = view.layers().iter().filter(ended).count();
        let layers = view.layers().len();
        let running = (0..layers).map(LayerIx::at);
        let left = running.map(|layer| layer_left(view, layer, now)).max().unwrap_or_default();
        let payload = json!({
            "thought": thought,
            "agent_name": AGENT,
            "step_number": (done + 1).min(layers),
            "total_steps": layers,
            "timestamp": timestamp(view, now),
            "progress_percentage": run_progress(view),
            "estimated_remaining_ms": u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            "current_operation": operation,
            "urgency": if view.counts().bad() > 0 { "high" } else { "normal" },
        });
        self.message("agent_thinking", payload, view)
    }

    fn run(&self, event: &RunEvent, view: &RunView, now: Moment) -> Vec<Value> {
        match event {
            RunEvent::Started(started) => {
                let payload = json!({"agent_name": AGENT, "run_id": started.run.as_str()});
                vec![self.message("agent_started", payload, view)]
            }
            RunEvent::Finished(result) => {
                let payload = json!({
                    "agent_name": AGENT,
                    "run_id": view.identity().map(|identity| identity.run.as_str()),
                    "success": (self.rule)(result).is_success(),
                    "duration": seconds(view.spent(now)),
                });
                vec![self.message("agent_completed", payload, view)]
            }
            _ => Vec::new(),
        }
    }

    fn layer(
        &mut self,
        layer: LayerIx,
        event: &LayerEvent,
        view: &RunView,
        now: Moment,
    ) -> Vec<Value> {
        let planned = view.plan().layer(layer);
        let name = planned.id.as_str();
        let thought = match event {
            LayerEvent::Started => {
                format!("{name} begins: {}", words::number(planned.categories.len(), "category"))
            }
            LayerEvent::Finished { verdict, .. } => format!(
                "{name} {}: {}",
                words::verdict(*verdict),
                words::counts(&view.layers()[layer.position()].counts)
            ),
            LayerEvent::Stopped { reason } => format!("{name} stops: {reason}"),
            LayerEvent::BudgetExceeded => format!("{name} used up its budget"),
            LayerEvent::Skipped => format!("{name}: the user skipped the rest of it"),
            LayerEvent::Judged(_) => return Vec::new(),
        };
        vec![self.think(&thought, name, view, now)]
    }

    fn category(
        &self,
        category: CategoryIx,
        event: &CategoryEvent,
        view: &RunView,
        now: Moment,
    ) -> Vec<Value> {
        let planned = view.plan().category(category);
        let name = planned.name.as_str();
        match event {
            CategoryEvent::Started => {
                let payload = json!({
                    "tool_name": name,
                    "agent_name": AGENT,
                    "timestamp": timestamp(view, now),
                    "execution_phase": view.plan().layer(planned.layer).id.as_str(),
                });
                vec![self.message("tool_executing", payload, view)]
            }
            CategoryEvent::TimedOut { .. } | CategoryEvent::DependsOnOrder { .. } => Vec::new(),
            CategoryEvent::Finished { outcome, .. } => {
                let seen = &view.categories()[category.position()];
                // What never began has no message that it begins.
                if seen.progress.started().is_none() {
                    return Vec::new();
                }
                let payload = json!({
                    "tool_name": name,
                    "agent_name": AGENT,
                    "success": is_success(*outcome),
                    "duration": seconds(seen.progress.spent(now)),
                });
                vec![self.message("tool_completed", payload, view)]
            }
        }
    }

    fn progress(&mut self, view: &RunView, now: Moment) -> Vec<Value> {
        if now.since(self.thought) < BREATH {
            return Vec::new();
        }
        let counts = view.counts();
        let (done, all) = (counts.settled(), counts.discovered());
        let thought = format!("{done} of {all} tests: {}", words::counts(counts));
        vec![self.think(&thought, "tests", view, now)]
    }
}

const fn is_success(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Passed
            | Outcome::Flaky
            | Outcome::Quarantined
            | Outcome::Skipped
            | Outcome::Cached
    )
}

impl Dialect for Chat {
    fn tell(&mut self, envelope: &Envelope, view: &RunView) -> Vec<Value> {
        let now = envelope.at;
        match &envelope.event {
            Event::Run(event) => self.run(event, view, now),
            Event::Layer(layer, event) => self.layer(*layer, event, view, now),
            Event::Category(category, event) => self.category(*category, event, view, now),
            Event::Test(_, TestEvent::Settled { .. }) => self.progress(view, now),
            _ => Vec::new(),
        }
    }
}
