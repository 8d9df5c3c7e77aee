//! `failure_history.json`: what is known of each test over runs, and the results of layers.

use std::collections::BTreeMap;

use apex_core::plan::PlannedLayer;
use apex_core::view::LayerView;
use apex_core::{Outcome, RunView};
use serde_json::{Map, Value, json};

use crate::dialect::{counts_of, success_rate_of, timestamp_of};

/// The history with a run added: for each test how often it passed, failed or was flaky, its last
/// error and when it was last seen. A text that is no such history begins a new one.
#[must_use]
pub fn failure_history(earlier: &str, view: &RunView) -> Value {
    let mut all: Map<String, Value> = serde_json::from_str(earlier).unwrap_or_default();
    let seen_at = timestamp_of(view, view.last());
    for test in view.tests() {
        let Some(outcome) = test.outcome().filter(|outcome| outcome.has_run()) else { continue };
        let word = match outcome {
            Outcome::Flaky => "flaky",
            outcome if outcome.is_bad() => "fail",
            _ => "pass",
        };
        let entry = all.entry(test.case.id.to_string()).or_insert_with(|| json!({}));
        let Value::Object(entry) = entry else { continue };
        let count = |entry: &Map<String, Value>, name: &str| {
            entry.get(name).and_then(Value::as_u64).unwrap_or(0)
        };
        for name in ["pass", "fail", "flaky"] {
            let number = count(entry, name) + u64::from(name == word);
            entry.insert(name.to_owned(), json!(number));
        }
        if let Some(failure) = test.said().filter(|_| word != "pass") {
            entry.insert("last_error".to_owned(), json!(failure.message));
        }
        entry.insert("last_seen".to_owned(), json!(seen_at));
    }
    Value::Object(all)
}

/// The results of the layers that ran, by id.
#[must_use]
pub fn layer_results(view: &RunView) -> BTreeMap<String, Value> {
    let each = view.plan().layers.iter().zip(view.layers());
    each.filter(|(_, seen)| seen.progress.started().is_some())
        .map(|(planned, seen)| (planned.id.to_string(), layer_result(view, planned, seen)))
        .collect()
}

fn layer_result(view: &RunView, planned: &PlannedLayer, seen: &LayerView) -> Value {
    let ending = seen.progress.ending();
    let categories: Map<String, Value> = planned
        .categories
        .iter()
        .filter_map(|at| {
            let seen = view.categories().get(at.position())?;
            let outcome =
                seen.progress.ending().map_or("not_run", |ending| ending.outcome.as_str());
            let name = view.plan().category(*at).name.to_string();
            Some((name, json!({ "status": outcome, "test_counts": counts_of(&seen.counts) })))
        })
        .collect();
    json!({
        "layer_name": planned.id.as_str(),
        "status": ending.map_or("not_run", |ending| ending.verdict.as_str()),
        "reason": ending.map_or("", |ending| ending.reason.as_str()),
        "duration": seen.progress.spent(view.last()).as_secs_f64(),
        "budget_seconds": planned.budget.map(|budget| budget.as_secs_f64()),
        "test_counts": counts_of(&seen.counts),
        "success_rate": success_rate_of(&seen.counts),
        "categories": categories,
    })
}
