//! `alerts`, and those that come with Apex.

use std::time::Duration;

use super::view::{View, command, seconds};
use super::{Work, condition, fill, with_hint};
use crate::model::{Alert, AlertCondition, AlertLevel, AlertMetric, Comparison, LayerId, Notify};
use crate::node::Node;
use crate::problem::{Problem, Severity, suggestion};
use crate::shape::ALERT;

/// The failure rate from which on the built-in rule fires.
const FAILURE_RATE: f64 = 0.1;

/// Tests without which a rate says little.
const ENOUGH_TESTS: u32 = 10;

/// The alerts of the merged tree, and the built-in ones whose names it does not use.
pub(super) fn alerts(work: &mut Work<'_, '_>) -> Vec<Alert> {
    let items = work.scene.tree.get("alerts").and_then(Node::as_list).unwrap_or_default();
    let mut all: Vec<Alert> = Vec::new();
    for item in items {
        let item = &fill::service(work, item, "alerts", Severity::Error);
        let view = View::new(Some(item), &ALERT);
        let name = view.text("name");
        if all.iter().any(|known| known.name == name) {
            let message = format!("two alerts are called `{name}`");
            work.push(Problem::error(item.place(), message).at("alerts").about(name));
        }
        if let Some(condition) = condition_of(work, item, view) {
            all.push(alert(work, view, condition));
        }
    }
    for built_in in built_in() {
        if all.iter().all(|known| known.name != built_in.name) {
            all.push(built_in);
        }
    }
    all
}

fn alert(work: &mut Work<'_, '_>, view: View<'_>, condition: AlertCondition) -> Alert {
    Alert {
        name: view.text("name").to_owned(),
        condition,
        layer: layer(work, view),
        window: view.optional_number("window_seconds").map(seconds),
        min_tests: view.whole("min_tests"),
        hold: view.seconds("for_seconds"),
        level: match view.text("level") {
            "low" => AlertLevel::Low,
            "high" => AlertLevel::High,
            "critical" => AlertLevel::Critical,
            _ => AlertLevel::Medium,
        },
        notify: notify(work, view),
        command: view.node("command").and_then(command),
        is_muted: view.flag("mute"),
    }
}

/// The condition: an expression, or a metric with its bounds.
fn condition_of(work: &mut Work<'_, '_>, item: &Node, view: View<'_>) -> Option<AlertCondition> {
    let name = view.text("name").to_owned();
    let refuse = |work: &mut Work<'_, '_>, node: &Node, message: String, hint: &str| {
        work.push(Problem::error(node.place(), message).at("alerts").about(&name).hint(hint));
        None
    };
    let metric = view.optional_text("metric").and_then(AlertMetric::named);
    let bounds = [(Comparison::Above, "above"), (Comparison::Below, "below")];
    let bounds: Vec<(Comparison, f64)> = bounds
        .into_iter()
        .filter_map(|(comparison, field)| Some((comparison, view.optional_number(field)?)))
        .collect();
    match (view.node("when"), metric) {
        (Some(when), None) if bounds.is_empty() => {
            condition::read(when.as_text().unwrap_or_default()).map_or_else(
                |error| {
                    let hint = "write comparisons such as `failure_rate > 0.1 and failures >= 3`";
                    refuse(work, when, format!("the condition of alert `{name}`: {error}"), hint)
                },
                Some,
            )
        }
        (None, Some(metric)) if !bounds.is_empty() => {
            let compare =
                |(comparison, bound)| AlertCondition::Compare { metric, comparison, bound };
            // Above the one or below the other: outside of a range.
            Some(AlertCondition::Any(bounds.into_iter().map(compare).collect()))
        }
        (None, Some(_)) => {
            let message = format!("alert `{name}` says of no number when it fires");
            refuse(work, item, message, "add `above` or `below`")
        }
        _ => {
            let message = format!("alert `{name}` needs either `metric` or `when`");
            refuse(
                work,
                item,
                message,
                "write `metric` with `above` or `below`, or an expression as `when`",
            )
        }
    }
}

fn layer(work: &mut Work<'_, '_>, view: View<'_>) -> Option<LayerId> {
    let node = view.node("layer")?;
    let text = node.as_text()?;
    if work.layer_ids.contains(text) {
        return LayerId::new(text).ok();
    }
    let problem = Problem::error(node.place(), format!("there is no layer `{text}`"));
    let hint = suggestion(text, work.layer_ids.iter().copied());
    work.push(with_hint(problem.at("alerts").about(text), hint));
    None
}

fn notify(work: &mut Work<'_, '_>, view: View<'_>) -> Vec<Notify> {
    if view.node("notify").is_none() {
        return vec![Notify::Log];
    }
    let mut all = Vec::new();
    for item in view.items("notify") {
        let text = item.as_text().unwrap_or_default().trim();
        let (url, is_slack) = match text.strip_prefix("slack:") {
            Some(url) => (url, true),
            None => (text, text.starts_with("https://hooks.slack.com/")),
        };
        all.push(match text {
            "log" => Notify::Log,
            "console" => Notify::Console,
            "github" => Notify::GitHub,
            // A variable that is empty turns a webhook off.
            "" | "slack:" => continue,
            _ if url.starts_with("https://") || url.starts_with("http://") => {
                Notify::Webhook { url: url.to_owned(), is_slack }
            }
            _ => {
                let message = format!("nobody can be told by `{text}`");
                let hint = "known: log, console, github, a URL, and slack: before a URL";
                work.push(Problem::error(item.place(), message).at("alerts").hint(hint));
                continue;
            }
        });
    }
    all
}

/// The rules that come with Apex; they are told to the log only.
fn built_in() -> [Alert; 3] {
    let rule = |name: &str, metric, bound, level| Alert {
        name: name.to_owned(),
        condition: AlertCondition::Compare { metric, comparison: Comparison::Above, bound },
        layer: None,
        window: None,
        min_tests: ENOUGH_TESTS,
        hold: Duration::ZERO,
        level,
        notify: vec![Notify::Log],
        command: None,
        is_muted: false,
    };
    [
        rule("run failed", AlertMetric::RunFailed, 0.0, AlertLevel::High),
        rule("run budget exceeded", AlertMetric::BudgetExceeded, 0.0, AlertLevel::Medium),
        rule("failure rate", AlertMetric::FailureRate, FAILURE_RATE, AlertLevel::High),
    ]
}
