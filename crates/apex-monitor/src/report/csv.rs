//! A row a test, for spreadsheets (RFC 4180, UTF-8, lines end in CR LF).
//!
//! Names and messages come from anywhere: a text that a spreadsheet would take for a formula gets
//! an apostrophe before it, as OWASP advises.

use std::io::{self, Write};

use apex_core::view::TestView;

use super::Recorded;
use super::shown::{category_of, message, outcome_of};
use crate::text::harmless_line;

const COLUMNS: [&str; 11] = [
    "layer",
    "category",
    "suite",
    "name",
    "id",
    "outcome",
    "attempts",
    "duration_seconds",
    "file",
    "line",
    "message",
];

/// Writes the report.
pub(super) fn write(run: &Recorded, writer: &mut impl Write) -> io::Result<()> {
    write!(writer, "{}\r\n", COLUMNS.join(","))?;
    for test in run.view.tests() {
        let cells = cells(run, test);
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        write!(writer, "{}\r\n", cells.join(","))?;
    }
    Ok(())
}

fn cells(run: &Recorded, test: &TestView) -> [String; COLUMNS.len()] {
    let view = &run.view;
    let plan = view.plan();
    let planned = view.category_of(test.job).and_then(|at| plan.categories.get(at.position()));
    let layer = planned.and_then(|planned| plan.layers.get(planned.layer.position()));
    let outcome = outcome_of(test);
    [
        harmless_cell(layer.map_or("", |layer| layer.id.as_str())),
        harmless_cell(category_of(view, test.job)),
        harmless_cell(&test.case.suite),
        harmless_cell(&test.case.name),
        harmless_cell(&test.case.id),
        outcome.as_str().to_owned(),
        test.attempts.to_string(),
        test.duration.map_or_else(String::new, |time| format!("{:.3}", time.as_secs_f64())),
        harmless_cell(test.case.file.as_deref().unwrap_or_default()),
        test.case.line.map_or_else(String::new, |line| line.to_string()),
        if outcome.is_bad() || test.said().is_some() {
            harmless_cell(&message(view, test))
        } else {
            String::new()
        },
    ]
}

/// The text as a spreadsheet shows it and never computes it.
fn harmless_cell(text: &str) -> String {
    let line = harmless_line(text);
    if line.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', ';', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
