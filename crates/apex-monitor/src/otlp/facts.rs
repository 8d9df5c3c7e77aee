//! What spans say of jobs and tests, and their status; straight from plan and view.

use apex_core::event::ProcessEnd;
use apex_core::view::TestView;
use apex_core::{CategoryIx, JobIx, Outcome, Plan, RunView};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::value::{text, whole};
use crate::names;

pub(super) fn of_job(job: JobIx, category: CategoryIx, view: &RunView) -> Vec<KeyValue> {
    let plan = view.plan();
    let planned = plan.category(category);
    let run = view.identity().map_or("", |identity| identity.run.as_str());
    vec![
        text(names::LAYER, plan.layer(planned.layer).id.as_str()),
        text(names::CATEGORY, planned.name.as_str()),
        whole(names::JOB, job.0),
        text(names::TASK_NAME, planned.name.as_str()),
        text(names::TASK_TYPE, "test"),
        text(names::TASK_RUN, format!("{run}/{}", job.0)),
    ]
}

/// How an attempt of a job ended, and the largest memory of it that was seen.
pub(super) fn of_end(
    end: Option<&ProcessEnd>,
    peak_memory_mb: Option<u32>,
) -> impl Iterator<Item = KeyValue> + use<> {
    let code = match end {
        Some(ProcessEnd::Exited(code)) => Some(whole(names::EXIT_CODE, *code)),
        Some(ProcessEnd::Signalled(_) | ProcessEnd::NotStarted(_)) | None => None,
    };
    let memory = peak_memory_mb
        .map(|mebibytes| whole(names::PEAK_MEMORY, i64::from(mebibytes) * 1024 * 1024));
    code.into_iter().chain(memory)
}

pub(super) fn of_test(
    test: &TestView,
    outcome: Outcome,
    tries: usize,
    category: CategoryIx,
    plan: &Plan,
) -> Vec<KeyValue> {
    let planned = plan.category(category);
    let mut facts = vec![
        text(names::TEST_NAME, &test.case.id),
        text(names::OUTCOME, outcome.as_str()),
        text(names::LAYER, plan.layer(planned.layer).id.as_str()),
        text(names::CATEGORY, planned.name.as_str()),
    ];
    if !test.case.suite.is_empty() {
        facts.push(text(names::SUITE_NAME, &test.case.suite));
    }
    if outcome.is_bad() {
        facts.push(text(names::TEST_STATUS, "fail"));
    } else if outcome.has_run() {
        facts.push(text(names::TEST_STATUS, "pass"));
    }
    facts.extend(test.case.file.as_ref().map(|file| text(names::FILE_PATH, file)));
    facts.extend(test.case.line.map(|line| whole(names::LINE_NUMBER, line)));
    if tries > 1 {
        facts.push(whole(names::ATTEMPTS, whole_number(tries)));
    }
    facts
}

pub(super) fn whole_number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How a test, a job or a category ended, in the words of the conventions for tasks.
pub(super) const fn task_result(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed | Outcome::Flaky | Outcome::Quarantined => "success",
        Outcome::Failed => "failure",
        Outcome::Errored => "error",
        Outcome::TimedOut => "timeout",
        Outcome::Cancelled => "cancellation",
        Outcome::Blocked
        | Outcome::Skipped
        | Outcome::Deferred
        | Outcome::NotRun
        | Outcome::Empty
        | Outcome::Cached => "skip",
    }
}

/// The status of a span; none for what did not run.
pub(super) fn status(outcome: Outcome, reason: &str) -> Option<Status> {
    if outcome.is_bad() {
        Some(error(reason))
    } else if outcome.has_run() {
        Some(ok())
    } else {
        None
    }
}

pub(super) fn ok() -> Status {
    Status { message: String::new(), code: StatusCode::Ok.into() }
}

pub(super) fn error(reason: &str) -> Status {
    let end = reason.floor_char_boundary(reason.len().min(1_000));
    Status { message: reason[..end].to_owned(), code: StatusCode::Error.into() }
}
