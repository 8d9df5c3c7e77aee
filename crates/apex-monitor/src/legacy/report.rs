//! The report of a run in JSON, by the keys of the earlier runner: each level of detail holds
//! those before it. A report never changes a verdict, however large it is.

use apex_core::plan::Plan;
use apex_core::view::{TestState, TestView};
use apex_core::{CategoryIx, Outcome, RunView};
use serde_json::{Map, Value, json};

use super::outline::{Outline, names};
use super::text::clock;
use super::verdict::Decision;
use crate::dialect::{counts_of, success_rate_of, timestamp_of};

/// What a report holds and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportSettings {
    /// How much, 1 to 5.
    pub verbosity: u8,
    /// Bytes from which fields are cut and lines are kept together.
    pub limit: usize,
    /// Whether fields are cut beyond the limit.
    pub cuts: bool,
    /// Fields of the first level that are never cut.
    pub kept: Vec<String>,
    /// How it is written.
    pub layout: Layout,
    /// What was asked for and what holds, for level 3.
    pub settings: Value,
    /// What jobs wrote, by category, for level 5; bounded by whoever read it.
    pub output: Vec<(String, String)>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One line.
    Compact,
    /// Indented.
    Pretty,
    /// Indented up to the limit.
    Auto,
}

/// Fields by level, the highest first: the order in which they are cut.
const FIELDS: [&[&str]; 5] = [
    &["output"],
    &["tests", "services", "progress_tracking"],
    &["failures", "settings", "layers", "category_statistics", "execution_plan"],
    &["categories"],
    &["failed_tests", "environment", "timestamp", "total_duration", "summary", "exit_code"],
];

/// The report of a run that ended.
#[must_use]
pub fn report(
    view: &RunView,
    outline: &Outline,
    decision: &Decision,
    settings: &ReportSettings,
) -> Value {
    let mut fields = Map::new();
    first_level(&mut fields, view, decision);
    if settings.verbosity >= 2 {
        fields.insert("categories".to_owned(), categories(view));
    }
    if settings.verbosity >= 3 {
        fields.insert("execution_plan".to_owned(), execution_plan(view.plan(), outline));
        fields.insert("category_statistics".to_owned(), statistics(view));
        fields.insert("layers".to_owned(), layers(view));
        fields.insert("settings".to_owned(), settings.settings.clone());
        fields.insert("failures".to_owned(), failures(view));
    }
    if settings.verbosity >= 4 {
        fields.insert("progress_tracking".to_owned(), super::progress_file(view, outline));
        fields.insert("tests".to_owned(), tests(view));
        fields.insert("services".to_owned(), services(view));
    }
    if settings.verbosity >= 5 {
        let output = settings.output.iter().map(|(name, text)| (name.clone(), json!(text)));
        fields.insert("output".to_owned(), Value::Object(output.collect()));
    }
    Value::Object(fields)
}

/// The report as text, and whether it is larger than the limit before anything was cut.
#[must_use]
pub fn report_text(report: &Value, settings: &ReportSettings) -> (String, bool) {
    let mut report = report.clone();
    let is_large = report.to_string().len() > settings.limit;
    if is_large && settings.cuts {
        cut(&mut report, settings);
    }
    let is_compact = match settings.layout {
        Layout::Compact => true,
        Layout::Pretty => false,
        Layout::Auto => is_large,
    };
    let text = if is_compact { format!("{report}\n") } else { format!("{report:#}\n") };
    (text, is_large)
}

/// Takes fields out, those of the highest level first, until the rest is small enough.
fn cut(report: &mut Value, settings: &ReportSettings) {
    let Value::Object(fields) = report else { return };
    fields.insert("truncated".to_owned(), json!(true));
    let is_kept = |name: &str| settings.kept.iter().any(|kept| kept == name);
    for name in FIELDS.iter().flat_map(|level| level.iter()) {
        let size = serde_json::to_string(fields).map_or(0, |text| text.len() + 1);
        if size <= settings.limit {
            return;
        }
        if !is_kept(name) {
            fields.remove(*name);
        }
    }
}

fn first_level(fields: &mut Map<String, Value>, view: &RunView, decision: &Decision) {
    let environment = view.plan().request.environment.as_ref();
    let failed: Vec<&str> = view.failed_tests().map(|(_, test)| &*test.case.id).collect();
    let counts = view.counts();
    let of = |outcomes: &[Outcome]| outcomes.iter().map(|one| counts.of(*one)).sum::<u32>();
    let not_run = [Outcome::NotRun, Outcome::Deferred, Outcome::Cancelled, Outcome::Blocked];
    let summary = json!({
        "total": counts.discovered(),
        "passed": of(&[Outcome::Passed, Outcome::Flaky, Outcome::Quarantined]),
        "failed": of(&[Outcome::Failed, Outcome::TimedOut]),
        "errors": counts.of(Outcome::Errored),
        "skipped": counts.of(Outcome::Skipped),
        "flaky": counts.of(Outcome::Flaky),
        "not_run": of(&not_run),
        "selected": counts.discovered(),
        "executed": counts.executed(),
    });
    let entries = [
        ("timestamp", json!(timestamp_of(view, view.last()))),
        ("environment", json!(environment.map_or("test", |name| name.as_str()))),
        ("overall_success", json!(decision.code == 0)),
        ("exit_code", json!(decision.code)),
        ("total_duration", json!(view.spent(view.last()).as_secs_f64())),
        ("summary", summary),
        ("failed_tests", json!(failed)),
    ];
    fields.extend(entries.map(|(name, value)| (name.to_owned(), value)));
}

fn categories(view: &RunView) -> Value {
    let plan = view.plan();
    let each = plan.categories.iter().zip(view.categories()).map(|(planned, seen)| {
        let ending = seen.progress.ending();
        let status = ending.map_or("not_run", |ending| ending.outcome.as_str());
        let reason = ending.map_or("", |ending| ending.reason.as_str());
        let is_good = matches!(status, "passed" | "flaky" | "skipped" | "empty");
        let counts = &seen.counts;
        let errors: Vec<&str> =
            if is_good || reason.is_empty() { Vec::new() } else { vec![reason] };
        let value = json!({
            "success": is_good,
            "status": status,
            "duration": seen.progress.spent(view.last()).as_secs_f64(),
            "test_count": counts.discovered(),
            "passed": counts.of(Outcome::Passed) + counts.of(Outcome::Flaky),
            "failed": counts.bad(),
            "skipped_tests": counts.of(Outcome::Skipped),
            "errors": errors,
            "skipped": seen.progress.started().is_none(),
            "reason": reason,
            "requested": planned.requested,
            "log": format!("output/{}", planned.name),
        });
        (planned.name.to_string(), value)
    });
    Value::Object(each.collect())
}

fn execution_plan(plan: &Plan, outline: &Outline) -> Value {
    let words = |of: &[CategoryIx]| -> Vec<String> {
        names(plan, of).iter().map(ToString::to_string).collect()
    };
    let order: Vec<String> = plan.categories.iter().map(|one| one.name.to_string()).collect();
    let requested: Vec<String> = plan
        .categories
        .iter()
        .filter(|one| one.requested)
        .map(|one| one.name.to_string())
        .collect();
    json!({
        "phases": outline.phases.iter().map(|phase| words(phase)).collect::<Vec<_>>(),
        "execution_order": order,
        "requested_categories": requested,
        "total_estimated_duration": clock(outline.estimate()),
    })
}

fn statistics(view: &RunView) -> Value {
    let each = view.plan().categories.iter().zip(view.categories()).map(|(planned, seen)| {
        let value = json!({
            "estimate": clock(planned.estimate),
            "success_rate": success_rate_of(&seen.counts),
            "test_counts": counts_of(&seen.counts),
        });
        (planned.name.to_string(), value)
    });
    Value::Object(each.collect())
}

fn layers(view: &RunView) -> Value {
    let each = view.plan().layers.iter().zip(view.layers()).map(|(planned, seen)| {
        let verdict = seen.progress.ending().map_or("not_run", |ending| ending.verdict.as_str());
        let value = json!({
            "status": verdict,
            "duration": seen.progress.spent(view.last()).as_secs_f64(),
            "test_counts": counts_of(&seen.counts),
        });
        (planned.id.to_string(), value)
    });
    Value::Object(each.collect())
}

fn failures(view: &RunView) -> Value {
    let each = view.failed_tests().map(|(_, test)| {
        let said = test.said();
        json!({
            "id": &*test.case.id,
            "message": said.map_or("", |failure| failure.message.as_str()),
        })
    });
    Value::Array(each.collect())
}

fn tests(view: &RunView) -> Value {
    let category = |test: &TestView| {
        let at = view.category_of(test.job);
        at.map_or_else(String::new, |at| view.plan().category(at).name.to_string())
    };
    let each = view.tests().iter().map(|test| {
        let outcome = match test.state {
            TestState::Settled(outcome) | TestState::Finished(outcome) => outcome.as_str(),
            TestState::Known | TestState::Running { .. } => "not_run",
        };
        json!({
            "id": &*test.case.id,
            "category": category(test),
            "outcome": outcome,
            "duration": test.duration.map(|time| time.as_secs_f64()),
            "attempt": test.attempts,
        })
    });
    Value::Array(each.collect())
}

fn services(view: &RunView) -> Value {
    let each = view.plan().services.iter().zip(view.services()).map(
        |(planned, seen)| json!({ "name": planned.name.as_str(), "was_ready": seen.was_ready }),
    );
    Value::Array(each.collect())
}
