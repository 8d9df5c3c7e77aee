//! Metrics as text for Prometheus, after its
//! [exposition format](https://prometheus.io/docs/instrumenting/exposition_formats/) 0.0.4, with
//! names as [OpenTelemetry maps them](https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/).

use std::fmt::Write as _;

use super::{Metric, Point, Value};
use crate::names::{Name, Sort};

/// The type of this text for HTTP.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics as text; every line ends with a line end.
#[must_use]
pub fn metrics_text(metrics: &[Metric]) -> String {
    let mut text = String::new();
    for metric in metrics {
        let name = exposed_name(&metric.name);
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "# HELP {name} {}", metric.name.about.replace('\\', "\\\\"));
        let _ = writeln!(text, "# TYPE {name} {}", type_word(metric.name.sort));
        for point in &metric.points {
            write_point(&mut text, &name, point);
        }
    }
    text
}

/// The name of a metric here: no dots, its unit, and `_total` behind what only grows.
#[must_use]
pub fn exposed_name(name: &Name) -> String {
    let unit = match name.unit {
        "s" => "_seconds",
        "By" => "_bytes",
        "By/s" => "_bytes_per_second",
        "1" if name.sort == Sort::Gauge => "_ratio",
        _ => "",
    };
    let end = if name.sort == Sort::Counter { "_total" } else { "" };
    format!("{}{unit}{end}", label(name))
}

const fn type_word(sort: Sort) -> &'static str {
    match sort {
        Sort::Counter => "counter",
        Sort::Histogram => "histogram",
        Sort::Attribute | Sort::Level | Sort::Gauge | Sort::Moment => "gauge",
    }
}

fn label(name: &Name) -> String {
    name.text.replace('.', "_")
}

fn write_point(text: &mut String, name: &str, point: &Point) {
    let labels: Vec<String> = point
        .labels
        .iter()
        .map(|(name, value)| format!("{}=\"{}\"", label(name), escaped(value)))
        .collect();
    match &point.value {
        Value::Number(number) => line(text, name, &labels, None, *number),
        Value::Distribution(histogram) => {
            let bounds = histogram.bounds().iter().map(f64::to_string);
            let bounds = bounds.chain(["+Inf".to_owned()]);
            let mut so_far = 0;
            for (bound, count) in bounds.zip(histogram.counts()) {
                so_far += count;
                line(text, &format!("{name}_bucket"), &labels, Some(&bound), so_far);
            }
            line(text, &format!("{name}_sum"), &labels, None, histogram.sum());
            line(text, &format!("{name}_count"), &labels, None, histogram.count());
        }
    }
}

fn line(
    text: &mut String,
    name: &str,
    labels: &[String],
    bound: Option<&str>,
    value: impl std::fmt::Display,
) {
    let bound = bound.map(|bound| format!("le=\"{bound}\""));
    let labels: Vec<&str> = labels.iter().map(String::as_str).chain(bound.as_deref()).collect();
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {value}");
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
