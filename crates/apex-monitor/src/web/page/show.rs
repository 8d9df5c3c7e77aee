//! The pages, each from what the interface for programs answers as well.

use axum::extract::{Extension, Path, Query, State};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::{Page, chart, templates};
use crate::web::Shared;
use crate::web::api::{past, runs as run_list, tests};
use crate::web::token::Right;

/// Bytes of an output that the page of a test shows: its end.
const SHOWN_OUTPUT: i64 = 32 * 1024;
/// Runs of the trend.
const TREND: u32 = 60;
/// Runs that make a point of the pass rate.
const RATE_OVER: usize = 10;
/// Size of a chart.
const CHART: (f64, f64) = (1100.0, 160.0);

/// A value as templates see it.
fn value(value: &impl Serialize) -> Value {
    Value::from(Serde(value))
}

/// `/`.
pub(super) async fn runs(State(shared): State<Shared>, Query(ask): Query<run_list::Ask>) -> Page {
    let list = run_list::rows(&shared, ask).await?;
    let values = context! {
        project => shared.project.clone(), here => "runs", runs => value(&list.runs), next => list.next,
    };
    Ok(templates::render("runs.html", values))
}

/// `/runs/{run}`.
pub(super) async fn run(
    State(shared): State<Shared>,
    Extension(right): Extension<Right>,
    Path(run): Path<String>,
) -> Page {
    let feed = run_list::open(&shared, &run).await?;
    let outline = feed.outline();
    let values = context! {
        project => shared.project.clone(), here => "run", run => value(&outline),
        may_act => right == Right::Act, may_rerun => shared.rerun.is_some(),
    };
    Ok(templates::render("run.html", values))
}

/// `/runs/{run}/tests/{test}`.
pub(super) async fn test(
    State(shared): State<Shared>,
    Path((run, test)): Path<(String, u32)>,
) -> Page {
    let detail = tests::detail(&shared, &run, test).await?;
    let ask = past::AskTest { category: detail.category.clone(), id: detail.id.clone() };
    // A history that cannot be read costs the line of its past, and not the page.
    let past = past::of_test(&shared, ask).await.map(|past| past.attempts).unwrap_or_default();
    let mut timed: Vec<(f64, String)> =
        past.iter().map(|one| (one.duration_seconds.unwrap_or(0.0), one.outcome.clone())).collect();
    timed.reverse();
    let ask = tests::AskOutput {
        job: detail.job,
        attempt: None,
        from: Some(-SHOWN_OUTPUT),
        bytes: Some(SHOWN_OUTPUT.unsigned_abs()),
    };
    let output = tests::part(&shared, &run, ask).await?;
    let values = context! {
        project => shared.project.clone(), here => "test", test => value(&detail), past => value(&past),
        spark => value(&chart::sparkline(&timed)), output => value(&output),
    };
    Ok(templates::render("test.html", values))
}

/// `/flaky`.
pub(super) async fn flaky(State(shared): State<Shared>) -> Page {
    let lessons = past::lessons(&shared).await?;
    let values = context! { project => shared.project.clone(), here => "flaky", list => value(&lessons.flaky) };
    Ok(templates::render("flaky.html", values))
}

/// `/slowest`.
pub(super) async fn slowest(State(shared): State<Shared>) -> Page {
    let lessons = past::lessons(&shared).await?;
    let rows: Vec<Value> = lessons
        .slow
        .tests
        .iter()
        .map(|row| {
            let plain: Vec<(f64, String)> =
                row.seconds.iter().map(|time| (*time, String::new())).collect();
            context! { row => value(row), spark => value(&chart::sparkline(&plain)) }
        })
        .collect();
    let runs = lessons.slow.runs;
    let values = context! { project => shared.project.clone(), here => "slowest", rows, runs };
    Ok(templates::render("slowest.html", values))
}

/// `/trend`.
pub(super) async fn trend(State(shared): State<Shared>) -> Page {
    let mut trend = past::of_runs(&shared, TREND).await?;
    trend.runs.reverse();
    let (width, height) = CHART;
    let times: Vec<f64> = trend.runs.iter().map(|run| run.duration_seconds).collect();
    let passed: Vec<bool> =
        trend.runs.iter().map(|run| run.verdict.as_deref() == Some("passed")).collect();
    let rates: Vec<f64> = (0..passed.len())
        .map(|at| {
            let span = &passed[(at + 1).saturating_sub(RATE_OVER)..=at];
            span.iter().filter(|passed| **passed).count() as f64 / span.len() as f64
        })
        .collect();
    let bars = chart::bars(&times, width, height);
    let most = times.iter().copied().fold(0.0, f64::max);
    let points: Vec<String> = bars
        .iter()
        .zip(&rates)
        .map(|(bar, rate)| {
            let (x, y) = (bar.x + bar.width / 2.0, (height - 8.0).mul_add(1.0 - rate, 4.0));
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let rows: Vec<Value> = trend
        .runs
        .iter()
        .zip(bars)
        .map(|(run, bar)| context! { run => value(run), bar => value(&bar) })
        .collect();
    let values = context! {
        project => shared.project.clone(), here => "trend", rows, width, height, most,
        line => points.join(" "), latest_rate => rates.last().copied(),
    };
    Ok(templates::render("trend.html", values))
}
