//! What is told of work: attempts of jobs, what they wrote, services.

use apex_core::event::{JobEvent, OutputEvent, ServiceEvent};
use apex_core::plan::CategoryWork;
use apex_core::{JobIx, Outcome, RunView, ServiceIx};

use super::{Level, because};
use crate::console::line::{Label, Line};
use crate::console::words;
use crate::text::harmless;

/// What a job wrote, each line with its category before it: jobs run beside each other.
pub(super) fn tell_output(
    view: &RunView,
    job: JobIx,
    output: &OutputEvent,
    level: Level,
) -> Vec<Line> {
    if level < Level::Output {
        return Vec::new();
    }
    let before = format!("  {} | ", words::category_of(view, job));
    let line = |text: &str| {
        Line::new().with(Label::Faint, before.clone()).text(text.trim_end().to_owned())
    };
    match output {
        OutputEvent::Text { text, .. } => harmless(text).lines().map(line).collect(),
        OutputEvent::Omitted { bytes } => {
            vec![line(&format!("({bytes} bytes are only in the file)"))]
        }
    }
}

pub(super) const fn is_error(event: &JobEvent) -> bool {
    matches!(event, JobEvent::Finished { outcome: Outcome::Errored, .. })
}

pub(super) fn tell_job(view: &RunView, job: JobIx, event: &JobEvent) -> (Level, Option<Line>) {
    let named = Line::new().text(format!("  {} job {}: ", words::category_of(view, job), job.0));
    match event {
        JobEvent::Started { attempt } => {
            (Level::Tests, Some(named.text(format!("attempt {} started", attempt.0))))
        }
        JobEvent::Terminated { cause } => {
            let text = format!("asked to end: {}", cause.describe());
            (Level::Tests, Some(named.with(Label::Caution, text)))
        }
        JobEvent::Doubted => {
            let text = "went wrong in a part: all of it runs once in one program, which decides";
            (Level::Milestones, Some(named.with(Label::Caution, text)))
        }
        JobEvent::Killed => (Level::Tests, Some(named.with(Label::Caution, "killed"))),
        JobEvent::StopReached | JobEvent::Quiet { .. } | JobEvent::AttemptFinished { .. } => {
            (Level::Tests, None)
        }
        JobEvent::Finished { outcome, reason } => {
            let level = if is_error(event) { Level::Failures } else { Level::Tests };
            let line =
                named.with(words::label_of(*outcome), words::word(*outcome)).text(because(reason));
            (level, (!is_only_job(view, job)).then_some(line))
        }
    }
}

/// Whether a job is the only one of its category: the category's line then says the same.
fn is_only_job(view: &RunView, job: JobIx) -> bool {
    let category = view.category_of(job);
    let planned = category.and_then(|category| view.plan().categories.get(category.position()));
    planned.is_some_and(|planned| matches!(planned.work, CategoryWork::Jobs { count: 1, .. }))
}

pub(super) fn tell_service(
    view: &RunView,
    service: ServiceIx,
    event: &ServiceEvent,
) -> (Level, Option<Line>) {
    let name = words::service_name(view, service).to_owned();
    let named = Line::new().text("service ").with(Label::Strong, name).text(": ");
    match event {
        ServiceEvent::Starting => (Level::Tests, Some(named.text("starting"))),
        ServiceEvent::Preparing { what } => (Level::Tests, Some(named.text(what.clone()))),
        ServiceEvent::Lost { reason } => {
            let line = named.with(Label::Bad, "lost").text(format!(", starting again: {reason}"));
            (Level::Failures, Some(line))
        }
        ServiceEvent::Ready { addresses } => {
            let places: Vec<&str> = addresses.iter().map(|(_, place)| place.as_str()).collect();
            let at = if places.is_empty() {
                String::new()
            } else {
                format!(" at {}", places.join(", "))
            };
            (Level::Milestones, Some(named.with(Label::Good, "ready").text(at)))
        }
        ServiceEvent::Failed { reason } => {
            let line = named.with(Label::Bad, "failed").text(format!(": {reason}"));
            (Level::Failures, Some(line))
        }
        ServiceEvent::Stopped => (Level::Tests, Some(named.text("stopped"))),
    }
}
