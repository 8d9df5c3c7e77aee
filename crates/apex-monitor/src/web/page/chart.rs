//! Charts as numbers of an SVG: templates write them down.

use serde::Serialize;

/// Width of a sparkline; its height is a fifth.
pub(super) const SPARK_WIDTH: f64 = 120.0;
/// Height of a sparkline.
pub(super) const SPARK_HEIGHT: f64 = 24.0;
/// Room around the line, for dots.
const EDGE: f64 = 3.0;

/// A point of a sparkline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Point {
    x: f64,
    y: f64,
    /// How it ended, where that is known.
    outcome: String,
}

/// A line of durations with a point each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Sparkline {
    /// The `d` of a path.
    path: String,
    points: Vec<Point>,
}

/// The sparkline of durations in seconds, the oldest first; each with how it ended.
pub(super) fn sparkline(values: &[(f64, String)]) -> Sparkline {
    let most = values.iter().map(|(value, _)| *value).fold(0.0, f64::max);
    let step = (SPARK_WIDTH - 2.0 * EDGE) / (values.len().max(2) - 1) as f64;
    let points: Vec<Point> = values
        .iter()
        .zip(0_u32..)
        .map(|((value, outcome), at)| Point {
            x: tenth(f64::from(at).mul_add(step, EDGE)),
            y: tenth(height_of(*value, most)),
            outcome: outcome.clone(),
        })
        .collect();
    let mut path = String::new();
    for point in &points {
        path.push_str(if path.is_empty() { "M" } else { " L" });
        path.push_str(&format!("{} {}", point.x, point.y));
    }
    Sparkline { path, points }
}

fn height_of(value: f64, most: f64) -> f64 {
    let share = if most > 0.0 { value / most } else { 0.0 };
    (SPARK_HEIGHT - 2.0 * EDGE).mul_add(1.0 - share, EDGE)
}

/// A bar of the trend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Bars of values, the first one left, in a field of this size.
pub(super) fn bars(values: &[f64], width: f64, height: f64) -> Vec<Bar> {
    let most = values.iter().copied().fold(0.0, f64::max);
    let step = (width / values.len().max(1) as f64).min(40.0);
    let bar = |(value, at): (&f64, u32)| {
        let tall = if most > 0.0 { (value / most * height).max(1.0) } else { 1.0 };
        Bar {
            x: tenth(f64::from(at) * step),
            y: tenth(height - tall),
            width: tenth((step - 2.0).max(1.0)),
            height: tenth(tall),
        }
    };
    values.iter().zip(0_u32..).map(bar).collect()
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
