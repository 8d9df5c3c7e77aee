//! The templates, and how values look in them.

use std::sync::OnceLock;

use axum::response::Html;
use minijinja::{Environment, Value};

use crate::history::utc;

static FILES: [(&str, &str); 8] = [
    ("frame.html", include_str!("files/frame.html")),
    ("runs.html", include_str!("files/runs.html")),
    ("run.html", include_str!("files/run.html")),
    ("test.html", include_str!("files/test.html")),
    ("flaky.html", include_str!("files/flaky.html")),
    ("slowest.html", include_str!("files/slowest.html")),
    ("trend.html", include_str!("files/trend.html")),
    ("refusal.html", include_str!("files/refusal.html")),
];

/// Fills a template. A template that cannot be filled is a mistake of ours, which the tests of all
/// pages find; what is wrong is shown in place of the page.
pub(super) fn render(name: &str, values: Value) -> Html<String> {
    static ENVIRONMENT: OnceLock<Environment<'_>> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(environment);
    let filled = environment.get_template(name).and_then(|template| template.render(values));
    Html(filled.unwrap_or_else(|error| {
        format!("the page {name} cannot be shown: {error}").replace(['<', '>', '&'], " ")
    }))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    for (name, text) in FILES {
        // What is wrong with it is told when it is asked for.
        let _ = environment.add_template(name, text);
    }
    environment.add_filter("time", utc);
    environment.add_filter("seconds", seconds);
    environment.add_filter("percent", |share: f64| format!("{:.1} %", 100.0 * share));
    environment.add_filter("words", |text: String| text.replace('_', " "));
    environment
}

/// A duration for people: three digits that matter.
fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        3600.. => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
        60.. => format!("{} min {:02} s", whole / 60, whole % 60),
        _ if seconds >= 10.0 => format!("{seconds:.1} s"),
        _ if seconds >= 1.0 => format!("{seconds:.2} s"),
        _ => format!("{:.0} ms", seconds * 1000.0),
    }
}
