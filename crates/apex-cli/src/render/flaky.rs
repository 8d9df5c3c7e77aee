//! Tests that fail although nothing is wrong with what they test, the worst first.

use std::sync::Arc;

use apex_config::model::{CategoryName, Quarantined};
use apex_core::History;
use apex_core::flakiness::Flakiness;
use apex_monitor::history::utc;
use serde_json::{Value, json};

use super::table::aligned;

/// A test whose past shows it to be unsteady.
pub(crate) struct Unsteady {
    category: CategoryName,
    id: Arc<str>,
    flakiness: Flakiness,
    /// Until when it is in quarantine.
    quarantined_until: Option<String>,
}

/// The tests of a history that are flaky, or suspect, those first of whose rate most is certain.
pub(crate) fn unsteady(history: &History, quarantine: &[Quarantined]) -> Vec<Unsteady> {
    let mut found = Vec::new();
    for (category, past) in &history.categories {
        for (id, test) in &past.tests {
            let Some(flakiness) = Flakiness::of(&test.samples) else { continue };
            if !flakiness.is_flaky() && !flakiness.is_suspect() {
                continue;
            }
            let entry = quarantine.iter().find(|entry| entry.matches(category, id));
            found.push(Unsteady {
                category: category.clone(),
                id: Arc::clone(id),
                flakiness,
                quarantined_until: entry.map(|entry| entry.expires.clone()),
            });
        }
    }
    let key = |one: &Unsteady| (one.category.clone(), Arc::clone(&one.id));
    found.sort_by(|one, other| {
        let by_rate = other.flakiness.low.total_cmp(&one.flakiness.low);
        by_rate.then_with(|| key(one).cmp(&key(other)))
    });
    found
}

/// For people.
pub(crate) fn flaky_page(tests: &[Unsteady], runs: u32) -> String {
    if tests.is_empty() {
        return format!(
            "no test ended both ways on one commit in {}\n",
            super::count(runs as usize, "run")
        );
    }
    let titles = ["verdict", "fails", "likely between", "attempts", "last", "test"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(tests.iter().map(row));
    aligned(&rows)
}

fn row(test: &Unsteady) -> Vec<String> {
    let Flakiness { rate, low, high, attempts, last_flake_millis, .. } = test.flakiness;
    let verdict = if test.flakiness.is_flaky() { "flaky" } else { "suspect" };
    let mut name = format!("{}: {}", test.category, test.id);
    if let Some(until) = &test.quarantined_until {
        name.push_str(&format!(" (in quarantine until {until})"));
    }
    vec![
        verdict.to_owned(),
        percent(rate),
        format!("{} and {}", percent(low), percent(high)),
        attempts.to_string(),
        last_flake_millis.map_or_else(|| "-".to_owned(), utc),
        name,
    ]
}

/// For programs.
pub(crate) fn flaky_json(tests: &[Unsteady], runs: u32) -> Value {
    let tests = tests.iter().map(|test| {
        json!({
            "category": test.category.as_str(),
            "id": &*test.id,
            "is_flaky": test.flakiness.is_flaky(),
            "rate": test.flakiness.rate,
            "low": test.flakiness.low,
            "high": test.flakiness.high,
            "confidence": test.flakiness.confidence,
            "attempts": test.flakiness.attempts,
            "mixed_commits": test.flakiness.mixed_commits,
            "last_flake_unix_millis": test.flakiness.last_flake_millis,
            "quarantined_until": test.quarantined_until,
        })
    });
    json!({ "schema": "apex.flaky/1", "runs": runs, "tests": tests.collect::<Vec<_>>() })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
