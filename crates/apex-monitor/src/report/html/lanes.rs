//! Layers, categories and services as bars against time and budget.
//!
//! Positions are percents of the time that the run took; the page draws them as SVG.

use std::time::Duration;

use apex_core::view::{CategoryView, LayerView, ServiceState};
use apex_core::{CategoryIx, LayerIx, Moment};
use serde::Serialize;

use crate::console::words;
use crate::report::Recorded;

/// Steps between the marks of the axis, in seconds; the first that gives few enough is taken.
const STEPS: [f64; 17] = [
    0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0,
    7_200.0, 21_600.0,
];

/// Marks of the axis at most.
const MARKS: f64 = 8.0;

/// Categories of a layer that get a bar; the others are counted.
const CATEGORIES: usize = 40;

#[derive(Serialize)]
pub(super) struct Lanes {
    marks: Vec<Mark>,
    layers: Vec<LayerLane>,
    services: Vec<Lane>,
}

#[derive(Serialize)]
struct Mark {
    at: f64,
    text: String,
    /// Whether the text stands before the mark, because behind it there is no room.
    is_last: bool,
}

#[derive(Serialize)]
struct LayerLane {
    lane: Lane,
    reason: String,
    /// From where to how far the budget goes, when there is one and the layer began.
    budget: Option<Bar>,
    /// Whether the budget ends inside of the picture.
    has_limit: bool,
    categories: Vec<Lane>,
    left_out: usize,
}

/// A bar with its name and what is said of it.
#[derive(Serialize)]
struct Lane {
    name: String,
    tone: &'static str,
    word: String,
    note: String,
    bar: Option<Bar>,
}

/// A place on the axis, in percents.
#[derive(Clone, Copy, Serialize)]
struct Bar {
    at: f64,
    width: f64,
}

/// The axis: how long the run took.
#[derive(Clone, Copy)]
struct Axis(Duration);

impl Axis {
    fn percent(self, time: Duration) -> f64 {
        let share = time.as_secs_f64() / self.0.as_secs_f64().max(1e-9) * 100.0;
        (share.clamp(0.0, 100.0) * 1000.0).round() / 1000.0
    }

    fn bar(self, began: Moment, spent: Duration) -> Bar {
        let at = self.percent(began.since_start());
        Bar { at, width: (self.percent(began.since_start() + spent) - at).max(0.15) }
    }

    fn marks(self) -> Vec<Mark> {
        let whole = self.0.as_secs_f64();
        let step = STEPS.into_iter().find(|step| whole / step <= MARKS).unwrap_or(whole / MARKS);
        if step <= 0.0 {
            return Vec::new();
        }
        let count = (whole / step).floor() as u32;
        let mark = |number: u32| {
            let time = Duration::from_secs_f64(f64::from(number) * step);
            let at = self.percent(time);
            Mark { at, text: words::duration(time), is_last: at > 93.0 }
        };
        (1..=count).map(mark).collect()
    }
}

impl Lanes {
    pub(super) fn of(run: &Recorded) -> Self {
        let view = &run.view;
        let axis = Axis(view.spent(view.last()).max(Duration::from_millis(1)));
        let layers = view.layers().iter().enumerate();
        Self {
            marks: axis.marks(),
            layers: layers
                .map(|(position, layer)| layer_lane(run, axis, LayerIx::at(position), layer))
                .collect(),
            services: services(run, axis),
        }
    }
}

fn layer_lane(run: &Recorded, axis: Axis, layer: LayerIx, seen: &LayerView) -> LayerLane {
    let view = &run.view;
    let planned = &view.plan().layers[layer.position()];
    let spent = seen.progress.spent(view.last());
    let end = seen.progress.ending();
    let began = seen.progress.started();
    let note = match (began, planned.budget) {
        (None, _) => "did not begin".to_owned(),
        (_, Some(budget)) => {
            format!("{} of {}", words::duration(spent), words::duration(budget))
        }
        (_, None) => words::duration(spent),
    };
    let categories: Vec<CategoryIx> = planned
        .categories
        .iter()
        .copied()
        .filter(|at| at.position() < view.categories().len())
        .collect();
    let limit = began.zip(planned.budget).map(|(began, budget)| began.since_start() + budget);
    LayerLane {
        lane: Lane {
            name: planned.id.to_string(),
            tone: end.map_or("running", |end| end.verdict.as_str()),
            word: end.map_or("unfinished", |end| words::verdict(end.verdict)).to_owned(),
            note,
            bar: began.map(|began| axis.bar(began, spent)),
        },
        reason: end.map_or_else(String::new, |end| end.reason.clone()),
        budget: began.zip(planned.budget).map(|(began, budget)| axis.bar(began, budget)),
        has_limit: limit.is_some_and(|limit| limit < axis.0),
        left_out: categories.len().saturating_sub(CATEGORIES),
        categories: categories
            .into_iter()
            .take(CATEGORIES)
            .map(|category| {
                category_lane(run, axis, category, &view.categories()[category.position()])
            })
            .collect(),
    }
}

fn category_lane(run: &Recorded, axis: Axis, at: CategoryIx, seen: &CategoryView) -> Lane {
    let view = &run.view;
    let end = seen.progress.ending();
    let began = seen.progress.started();
    let spent = seen.progress.spent(view.last());
    Lane {
        name: view.plan().categories[at.position()].name.to_string(),
        tone: end.map_or("running", |end| end.outcome.as_str()),
        word: end.map_or("unfinished", |end| words::word(end.outcome)).to_owned(),
        note: if seen.counts.discovered() > 0 {
            format!("{}, {}", words::duration(spent), words::counts(&seen.counts))
        } else {
            end.map_or_else(String::new, |end| end.reason.clone())
        },
        bar: began.map(|began| axis.bar(began, spent)),
    }
}

fn services(run: &Recorded, axis: Axis) -> Vec<Lane> {
    let view = &run.view;
    let lane = |span: &crate::report::ServiceSpan| {
        let planned = view.plan().services.get(span.service.position())?;
        let state = &view.services().get(span.service.position())?.state;
        let (tone, word) = match state {
            ServiceState::Failed { .. } => ("failed", "failed"),
            ServiceState::Starting { .. } => ("starting", "starting"),
            ServiceState::Waiting => ("not_run", "not started"),
            ServiceState::Ready { .. } | ServiceState::Stopped => ("ready", "was ready"),
        };
        let note = match span.ready {
            Some(ready) => format!("ready after {}", words::duration(ready.since(span.began))),
            None => match state {
                ServiceState::Failed { reason } => words::first_line(reason).to_owned(),
                _ => "was not ready".to_owned(),
            },
        };
        Some(Lane {
            name: planned.name.to_string(),
            tone,
            word: word.to_owned(),
            note,
            bar: Some(axis.bar(span.began, span.ended.since(span.began))),
        })
    };
    run.timeline.services.iter().filter_map(lane).collect()
}
