//! Numbers that both dialects tell of a run: shares that are done, times that are left, counts by
//! the five words of the earlier runner.

use std::time::Duration;

use apex_core::view::{CategoryView, Counts, LayerView};
use apex_core::{CategoryIx, LayerIx, Moment, Outcome, RunView};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::Seconds;

/// The agent that tells of the run as a whole.
pub(super) const MASTER: &str = "MasterController";

/// Time between two lines of progress, and between two snapshots.
pub(super) const BREATH: Duration = Duration::from_millis(500);

/// A moment of the run as wall-clock time, to the millisecond: `2026-11-23T20:10:16.250Z`.
pub(crate) fn timestamp(view: &RunView, at: Moment) -> String {
    let began = view.identity().map_or(0, |identity| identity.unix_millis);
    let since = u64::try_from(at.since_start().as_millis()).unwrap_or(u64::MAX);
    let millis = i64::try_from(began.saturating_add(since)).unwrap_or(i64::MAX);
    let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    format!("{moment:.3}")
}

/// A time in seconds.
pub(super) fn seconds(time: Duration) -> f64 {
    Seconds::from(time).number()
}

/// `{total, passed, failed, skipped, error}`; flaky and quarantined tests passed as far as the
/// earlier runner knows, what did not run was skipped.
pub(crate) fn counts(counts: &Counts) -> Value {
    let sum = |outcomes: &[Outcome]| outcomes.iter().map(|one| counts.of(*one)).sum::<u32>();
    json!({
        "total": counts.discovered(),
        "passed": sum(&[Outcome::Passed, Outcome::Flaky, Outcome::Quarantined]),
        "failed": sum(&[Outcome::Failed, Outcome::TimedOut]),
        "skipped": sum(&[
            Outcome::Skipped, Outcome::Blocked, Outcome::Deferred, Outcome::NotRun,
            Outcome::Cancelled, Outcome::Empty, Outcome::Cached,
        ]),
        "error": counts.of(Outcome::Errored),
    })
}

/// Passed tests by those that ran, in percent; 0 before one ran.
pub(crate) fn success_rate(counts: &Counts) -> f64 {
    let good = [Outcome::Passed, Outcome::Flaky, Outcome::Quarantined];
    let good: u32 = good.iter().map(|one| counts.of(*one)).sum();
    percent(good, counts.executed())
}

/// How much of a category is done, in percent: its settled tests by those that are known.
pub(crate) fn category_progress(category: &CategoryView) -> f64 {
    if category.progress.ending().is_some() {
        return 100.0;
    }
    percent(category.counts.settled(), category.counts.discovered())
}

/// How much of a layer is done, in percent: the mean of its categories.
pub(super) fn layer_progress(view: &RunView, layer: LayerIx) -> f64 {
    let categories = categories_of(view, layer);
    if view.layers()[layer.position()].progress.ending().is_some() || categories.is_empty() {
        return 100.0;
    }
    let sum: f64 =
        categories.iter().map(|at| category_progress(&view.categories()[at.position()])).sum();
    rounded(sum / f64::from(u32::try_from(categories.len()).unwrap_or(u32::MAX)))
}

/// How much of the run is done, in percent: the mean of its layers.
pub(crate) fn run_progress(view: &RunView) -> f64 {
    let layers = view.layers().len();
    if view.result().is_some() || layers == 0 {
        return 100.0;
    }
    let sum: f64 = (0..layers).map(|at| layer_progress(view, LayerIx::at(at))).sum();
    rounded(sum / f64::from(u32::try_from(layers).unwrap_or(u32::MAX)))
}

/// What a category is expected to take still, by its estimate.
pub(crate) fn category_left(view: &RunView, category: CategoryIx, now: Moment) -> Duration {
    let seen = &view.categories()[category.position()];
    if seen.progress.ending().is_some() {
        return Duration::ZERO;
    }
    view.plan().category(category).estimate.saturating_sub(seen.progress.spent(now))
}

/// What a layer is expected to take still: its categories, as wide as it runs them.
pub(super) fn layer_left(view: &RunView, layer: LayerIx, now: Moment) -> Duration {
    let left = categories_of(view, layer).into_iter().map(|at| category_left(view, at, now));
    let (longest, all) = left.fold((Duration::ZERO, Duration::ZERO), |(longest, all), one| {
        (longest.max(one), all + one)
    });
    longest.max(all / view.plan().layer(layer).max_parallel.max(1))
}

/// The categories of a layer that the view knows.
pub(super) fn categories_of(view: &RunView, layer: LayerIx) -> Vec<CategoryIx> {
    let known = view.categories().len();
    let planned = view.plan().layer(layer).categories.iter().copied();
    planned.filter(|at| at.position() < known).collect()
}

/// The word for how far something is.
pub(super) const fn standing(view: &LayerView) -> &'static str {
    match (view.progress.ending(), view.progress.is_running()) {
        (Some(end), _) => end.verdict.as_str(),
        (None, true) => "running",
        (None, false) => "pending",
    }
}

fn percent(part: u32, all: u32) -> f64 {
    if all == 0 { 0.0 } else { rounded(f64::from(part) / f64::from(all) * 100.0) }
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
