//! What a run measures, as metrics: from the view, and from what a view does not keep.
//!
//! Its labels are layers, categories, services and outcomes, so their number is bounded by the
//! plan and never grows with tests. It knows no protocol: [`text`] writes it for Prometheus, and
//! `otlp` for a collector.

mod file;
mod histogram;
mod resources;
pub mod text;

use std::time::Duration;

use apex_core::event::{RunResult, ServiceEvent};
use apex_core::view::{LayerView, Progress};
use apex_core::{Envelope, Event, LayerIx, Moment, Outcome, Plan, RunView, ServiceIx};

use crate::names::{self, Name};

pub use file::MetricsFile;
pub use histogram::Histogram;

/// A metric with its points.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Which one.
    pub name: Name,
    /// One for each set of labels; at least one.
    pub points: Vec<Point>,
}

/// A value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What it is about.
    pub labels: Vec<(Name, String)>,
    /// The value.
    pub value: Value,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number.
    Number(f64),
    /// How numbers are distributed.
    Distribution(Histogram),
}

/// Follows a run for what a view does not keep.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    services: Vec<Readiness>,
}

/// How a service came up.
#[derive(Clone, Copy, Debug, Default)]
struct Readiness {
    started: Option<Moment>,
    took: Option<Duration>,
}

impl Measures {
    /// Takes what happened.
    pub fn look(&mut self, envelope: &Envelope) {
        let Event::Service(service, event) = &envelope.event else { return };
        let position = service.position();
        if self.services.len() <= position {
            self.services.resize(position + 1, Readiness::default());
        }
        let readiness = &mut self.services[position];
        match event {
            ServiceEvent::Starting | ServiceEvent::Lost { .. } => {
                readiness.started = Some(envelope.at);
            }
            ServiceEvent::Ready { .. } => {
                readiness.took = readiness.started.map(|started| envelope.at.since(started));
            }
            _ => {}
        }
    }

    /// Everything that is known at that moment; nothing before the run began.
    #[must_use]
    pub fn metrics(&self, view: &RunView, now: Moment) -> Vec<Metric> {
        if view.identity().is_none() {
            return Vec::new();
        }
        let mut all = of_run(view, now);
        all.extend(of_tests(view));
        all.extend(resources::of(view));
        all.extend([
            layers(names::BUDGET_USE, view, |layer, at| budget_use(view.plan(), layer, at, now)),
            layers(names::PREDICTION_ERROR, view, |layer, at| {
                prediction_error(view.plan(), layer, at)
            }),
            self.readiness(view.plan()),
        ]);
        all.retain(|metric| !metric.points.is_empty());
        all
    }

    fn readiness(&self, plan: &Plan) -> Metric {
        let points = self.services.iter().enumerate().filter_map(|(position, readiness)| {
            let planned = plan.services.get(ServiceIx::at(position).position())?;
            let labels = vec![(names::SERVICE, planned.name.to_string())];
            Some(Point { labels, value: Value::Number(readiness.took?.as_secs_f64()) })
        });
        Metric { name: names::READY_DURATION, points: points.collect() }
    }
}

/// The name of what a run is, as a pipeline.
#[must_use]
pub fn pipeline(plan: &Plan) -> String {
    plan.request.mode.as_ref().map_or_else(|| "apex".to_owned(), |mode| format!("apex {mode}"))
}

/// What a run amounts to, in the words of the conventions for pipelines.
#[must_use]
pub const fn result_word(result: &RunResult) -> &'static str {
    if result.internal_error.is_some() || result.environment_failed {
        "error"
    } else if result.signal.is_some() {
        "cancellation"
    } else if result.tests_failed {
        "failure"
    } else if result.budget_exceeded {
        "timeout"
    } else if result.nothing_ran {
        "skip"
    } else {
        "success"
    }
}

/// What was wrong with a run.
pub fn errors(result: &RunResult) -> impl Iterator<Item = &'static str> + use<> {
    let all = [
        (result.tests_failed, "tests"),
        (result.environment_failed, "environment"),
        (result.budget_exceeded, "budget"),
        (result.nothing_ran, "nothing_ran"),
        (result.signal.is_some(), "signal"),
        (result.internal_error.is_some(), "internal"),
    ];
    all.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, word)| word)
}

fn of_run(view: &RunView, now: Moment) -> Vec<Metric> {
    let pipeline = vec![(names::PIPELINE_NAME, pipeline(view.plan()))];
    let with = |name, value: String| {
        let mut labels = pipeline.clone();
        labels.push((name, value));
        labels
    };
    let number = |labels, value| vec![Point { labels, value: Value::Number(value) }];
    let executing = with(names::PIPELINE_STATE, "executing".to_owned());
    let is_active = if view.result().is_none() { 1.0 } else { 0.0 };
    let waiting = view.jobs().iter().filter(|job| matches!(job.progress, Progress::Waiting));
    let mut all = vec![
        Metric { name: names::RUN_ACTIVE, points: number(executing.clone(), is_active) },
        Metric { name: names::QUEUE_LENGTH, points: number(Vec::new(), count(waiting.count())) },
        Metric { name: names::SLOTS, points: number(Vec::new(), f64::from(view.slots())) },
    ];
    if let Some(result) = view.result() {
        let mut labels = executing;
        labels.push((names::PIPELINE_RESULT, result_word(result).to_owned()));
        let mut took = Histogram::of_runs();
        took.add(view.spent(now).as_secs_f64());
        let value = Value::Distribution(took);
        all.push(Metric { name: names::RUN_DURATION, points: vec![Point { labels, value }] });
        let errors = errors(result).map(|word| Point {
            labels: with(names::ERROR_TYPE, word.to_owned()),
            value: Value::Number(1.0),
        });
        all.push(Metric { name: names::RUN_ERRORS, points: errors.collect() });
    }
    all
}

/// What is counted of the tests of a category with one outcome.
#[derive(Clone, Default)]
struct Settled {
    number: u64,
    took: Option<Histogram>,
}

fn of_tests(view: &RunView) -> [Metric; 2] {
    let plan = view.plan();
    let mut table = vec![Settled::default(); plan.categories.len() * Outcome::ALL.len()];
    for test in view.tests() {
        let (Some(outcome), Some(category)) = (test.outcome(), view.category_of(test.job)) else {
            continue;
        };
        let place = category.position() * Outcome::ALL.len() + outcome as usize;
        let Some(settled) = table.get_mut(place) else { continue };
        settled.number += 1;
        if let Some(took) = test.duration.filter(|_| outcome.has_run()) {
            settled.took.get_or_insert_with(Histogram::of_tests).add(took.as_secs_f64());
        }
    }
    let mut counts = Metric { name: names::TEST_COUNT, points: Vec::new() };
    let mut durations = Metric { name: names::TEST_DURATION, points: Vec::new() };
    let rows = plan.categories.iter().zip(table.chunks(Outcome::ALL.len()));
    for (category, settled) in rows {
        for (outcome, settled) in Outcome::ALL.into_iter().zip(settled) {
            if settled.number == 0 {
                continue;
            }
            let labels = vec![
                (names::LAYER, plan.layer(category.layer).id.to_string()),
                (names::CATEGORY, category.name.to_string()),
                (names::OUTCOME, outcome.as_str().to_owned()),
            ];
            if let Some(took) = &settled.took {
                let value = Value::Distribution(took.clone());
                durations.points.push(Point { labels: labels.clone(), value });
            }
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 tests")]
            let value = Value::Number(settled.number as f64);
            counts.points.push(Point { labels, value });
        }
    }
    [counts, durations]
}

/// A number for each layer that has one.
fn layers(
    name: Name,
    view: &RunView,
    number: impl Fn(&LayerView, LayerIx) -> Option<f64>,
) -> Metric {
    let points = view.layers().iter().enumerate().filter_map(|(position, layer)| {
        let at = LayerIx::at(position);
        let value = Value::Number(number(layer, at)?);
        let labels = vec![(names::LAYER, view.plan().layer(at).id.to_string())];
        Some(Point { labels, value })
    });
    Metric { name, points: points.collect() }
}

fn budget_use(plan: &Plan, layer: &LayerView, at: LayerIx, now: Moment) -> Option<f64> {
    let budget = plan.layer(at).budget.filter(|budget| !budget.is_zero())?;
    layer.progress.started()?;
    Some(layer.progress.spent(now).as_secs_f64() / budget.as_secs_f64())
}

fn prediction_error(plan: &Plan, layer: &LayerView, at: LayerIx) -> Option<f64> {
    let Progress::Finished { started: Some(started), ended, .. } = &layer.progress else {
        return None;
    };
    let expected = plan.prediction.as_ref()?.layers.get(at.position())?.expected;
    let took = ended.since(*started).as_secs_f64();
    (!expected.is_zero()).then(|| took / expected.as_secs_f64() - 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "no plan has 2^53 jobs")]
const fn count(number: usize) -> f64 {
    number as f64
}
