//! What ran when, as a trace that Perfetto and `chrome://tracing` open.
//!
//! Form: the JSON object of the Trace Event Format, complete events (`X`) with times in
//! microseconds. Process 1 has the layers with their budgets, process 2 a row a slot with the jobs
//! and below it their tests, process 3 the services.

use std::io::{self, Write};
use std::time::Duration;

use apex_core::Moment;
use serde_json::{Value, json};

use super::shown::{category_of, outcome_of, timestamp};
use super::timeline::lanes;
use super::{JobSpan, Recorded, TestSpan};

const LAYERS: u32 = 1;
const SLOTS: u32 = 2;
const SERVICES: u32 = 3;

/// Rows of a slot: its jobs, and lanes of tests that overlap, at most.
const ROWS_OF_SLOT: usize = 100;

/// Writes the report.
pub(super) fn write(run: &Recorded, writer: &mut impl Write) -> io::Result<()> {
    let other = json!({
        "run": run.id(),
        "verdict": run.end.verdict(),
        "began": timestamp(run.unix_millis()),
    });
    write!(writer, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{other},\"traceEvents\":[")?;
    let mut sheet = Sheet { writer, is_begun: false };
    for (process, name) in [(LAYERS, "layers"), (SLOTS, "slots"), (SERVICES, "services")] {
        sheet.name("process_name", process, 0, name)?;
    }
    write_layers(run, &mut sheet)?;
    write_slots(run, &mut sheet)?;
    write_services(run, &mut sheet)?;
    writer.write_all(b"\n]}\n")
}

/// The list of events that is being written.
struct Sheet<'w, W> {
    writer: &'w mut W,
    is_begun: bool,
}

/// Where an event is shown: its process and its row.
#[derive(Clone, Copy)]
struct Row(u32, usize);

impl<W: Write> Sheet<'_, W> {
    fn event(&mut self, event: &Value) -> io::Result<()> {
        let separator = if std::mem::replace(&mut self.is_begun, true) { ",\n" } else { "\n" };
        write!(self.writer, "{separator}{event}")
    }

    fn name(&mut self, what: &str, process: u32, row: usize, name: &str) -> io::Result<()> {
        let arguments = json!({ "name": name });
        self.event(&json!({"ph": "M", "name": what, "pid": process, "tid": row, "args": arguments}))
    }

    fn span(
        &mut self,
        Row(process, row): Row,
        name: &str,
        (began, ended): (Moment, Moment),
        arguments: &Value,
    ) -> io::Result<()> {
        self.event(&json!({
            "ph": "X", "name": name, "pid": process, "tid": row,
            "ts": micros(began.since_start()), "dur": micros(ended.since(began)),
            "args": arguments,
        }))
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn write_layers<W: Write>(run: &Recorded, sheet: &mut Sheet<'_, W>) -> io::Result<()> {
    let view = &run.view;
    for (row, (planned, layer)) in view.plan().layers.iter().zip(view.layers()).enumerate() {
        sheet.name("thread_name", LAYERS, row, planned.id.as_str())?;
        let Some(began) = layer.progress.started() else { continue };
        let ended = began.plus(layer.progress.spent(view.last()));
        let verdict = layer.progress.ending().map_or("unfinished", |end| end.verdict.as_str());
        let arguments = json!({
            "verdict": verdict,
            "budget_seconds": planned.budget.map(|budget| budget.as_secs_f64()),
            "tests": layer.counts.discovered(),
        });
        sheet.span(Row(LAYERS, row), planned.id.as_str(), (began, ended), &arguments)?;
    }
    Ok(())
}

fn write_slots<W: Write>(run: &Recorded, sheet: &mut Sheet<'_, W>) -> io::Result<()> {
    let slots = run.timeline.slots();
    let mut tests: Vec<Vec<&TestSpan>> =
        vec![Vec::new(); slots.iter().max().map_or(0, |highest| highest + 1)];
    for span in &run.timeline.tests {
        if let Some(slot) = span.within.and_then(|job| slots.get(job)) {
            tests[*slot].push(span);
        }
    }
    for slot in 0..tests.len() {
        sheet.name("thread_name", SLOTS, slot * ROWS_OF_SLOT, &format!("slot {}", slot + 1))?;
    }
    for (span, slot) in run.timeline.jobs.iter().zip(&slots) {
        write_job(run, sheet, Row(SLOTS, slot * ROWS_OF_SLOT), span)?;
    }
    tests.iter().enumerate().try_for_each(|(slot, tests)| write_tests(run, sheet, slot, tests))
}

fn write_job<W: Write>(
    run: &Recorded,
    sheet: &mut Sheet<'_, W>,
    row: Row,
    span: &JobSpan,
) -> io::Result<()> {
    let job = run.view.jobs().get(span.job.position());
    let outcome = job.and_then(|job| job.progress.ending()).map(|end| end.outcome.as_str());
    let arguments = json!({"job": span.job.0, "attempt": span.attempt.0, "outcome": outcome});
    let name = category_of(&run.view, span.job);
    sheet.span(row, name, (span.began, span.ended), &arguments)
}

fn write_tests<W: Write>(
    run: &Recorded,
    sheet: &mut Sheet<'_, W>,
    slot: usize,
    tests: &[&TestSpan],
) -> io::Result<()> {
    let lanes = lanes(tests.iter().map(|span| (span.began, span.ended)));
    let last = ROWS_OF_SLOT - 1;
    let row = |lane: usize| slot * ROWS_OF_SLOT + (1 + lane).min(last);
    for lane in 0..lanes.iter().max().map_or(0, |highest| highest + 1).min(last) {
        sheet.name("thread_name", SLOTS, row(lane), &format!("slot {} tests", slot + 1))?;
    }
    for (span, lane) in tests.iter().zip(lanes) {
        let Some(test) = run.view.test(span.test) else { continue };
        let outcome = span.outcome.unwrap_or_else(|| outcome_of(test));
        let arguments = json!({"id": &*test.case.id, "outcome": outcome.as_str()});
        sheet.span(Row(SLOTS, row(lane)), &test.case.name, (span.began, span.ended), &arguments)?;
    }
    Ok(())
}

fn write_services<W: Write>(run: &Recorded, sheet: &mut Sheet<'_, W>) -> io::Result<()> {
    for span in &run.timeline.services {
        let row = span.service.position();
        let planned = run.view.plan().services.get(row);
        let name = planned.map_or("", |planned| planned.name.as_str());
        sheet.name("thread_name", SERVICES, row, name)?;
        let ready = span.ready.unwrap_or(span.ended);
        sheet.span(Row(SERVICES, row), "starting", (span.began, ready), &json!({}))?;
        if span.ready.is_some() {
            sheet.span(Row(SERVICES, row), name, (ready, span.ended), &json!({}))?;
        }
    }
    Ok(())
}
