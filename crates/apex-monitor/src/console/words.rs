//! Numbers, times and outcomes as people read them.

use std::time::Duration;

use apex_core::plan::PlannedService;
use apex_core::view::Counts;
use apex_core::{CategoryIx, JobIx, LayerIx, Outcome, RunView, ServiceIx, Verdict};

use super::line::Label;

/// A time, as exact as it is of interest: `0.12s`, `4.2s`, `1m02s`, `1h02m`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{:.2}s", time.as_secs_f64()),
        1..60 => format!("{}.{}s", seconds, time.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A time that lies ahead, no more exact than it is known: in steps of 5 seconds below a minute, of
/// 10 below ten, else of minutes. So it does not flicker.
pub(super) fn roughly(time: Duration) -> String {
    let seconds = time.as_secs();
    let up_to = |step: u64| seconds.div_ceil(step) * step;
    match seconds {
        0..5 => "a few seconds".to_owned(),
        5..55 => format!("about {}s", up_to(5)),
        55..600 => format!("about {}", duration(Duration::from_secs(up_to(10)))),
        600..3600 => format!("about {}m", up_to(60) / 60),
        _ => format!("about {}", duration(Duration::from_secs(up_to(60)))),
    }
}

/// `1 test`, `2 tests`; the plural adds an `s`, or turns `y` into `ies`.
pub(crate) fn number(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// Tests by outcome: `12 passed, 1 failed`; `no test ran` when none has ended.
pub(crate) fn counts(counts: &Counts) -> String {
    if counts.settled() == 0 { "no test ran".to_owned() } else { settled(counts) }
}

/// Settled tests by outcome; empty as long as none is settled.
pub(crate) fn settled(counts: &Counts) -> String {
    let mut text = String::new();
    for (outcome, number) in counts.present() {
        let separator = if text.is_empty() { "" } else { ", " };
        text.extend([separator, &number.to_string(), " ", word(outcome)]);
    }
    text
}

/// An outcome in words.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::TimedOut => "timed out",
        Outcome::NotRun => "not run",
        other => other.as_str(),
    }
}

/// A verdict in words.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::BudgetExceeded => "over budget",
        Verdict::Empty => "nothing ran",
        other => other.as_str(),
    }
}

pub(super) const fn label_of(outcome: Outcome) -> Label {
    match outcome {
        Outcome::Passed | Outcome::Cached => Label::Good,
        Outcome::Failed | Outcome::Errored | Outcome::TimedOut => Label::Bad,
        Outcome::Flaky | Outcome::Quarantined | Outcome::Cancelled | Outcome::Blocked => {
            Label::Caution
        }
        Outcome::Skipped | Outcome::Deferred | Outcome::NotRun | Outcome::Empty => Label::Faint,
    }
}

pub(super) const fn label_of_verdict(verdict: Verdict) -> Label {
    match verdict {
        Verdict::Passed => Label::Good,
        Verdict::Failed | Verdict::Errored | Verdict::BudgetExceeded => Label::Bad,
        Verdict::Partial | Verdict::Cancelled | Verdict::Blocked => Label::Caution,
        Verdict::Empty => Label::Faint,
    }
}

pub(crate) fn layer_name(view: &RunView, layer: LayerIx) -> &str {
    view.plan().layers.get(layer.position()).map_or("?", |layer| layer.id.as_str())
}

pub(crate) fn category_name(view: &RunView, category: CategoryIx) -> &str {
    view.plan().categories.get(category.position()).map_or("?", |category| category.name.as_str())
}

pub(crate) fn category_of(view: &RunView, job: JobIx) -> &str {
    view.category_of(job).map_or("?", |category| category_name(view, category))
}

/// The name of a service, and for whom it is when it is not for the whole run.
pub(crate) fn service_name(view: &RunView, service: ServiceIx) -> String {
    let planned = view.plan().services.get(service.position());
    planned.map_or_else(|| "?".to_owned(), PlannedService::label)
}

/// The first line of a text, without white space around it.
pub(crate) fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or("").trim_end()
}
