//! The summary for programs.

use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{JobEvent, LayerEvent, ProcessEnd, RunResult, ServiceEvent};
use apex_core::{AttemptNumber, Event, JobIx, Outcome, Sink, Verdict};
use apex_monitor::summary::{FAILED_TESTS_LIMIT, Summary, SummaryFile};
use apex_monitor::{ExitRule, ExitStatus};

use super::stream::{Stream, failure, plan, service};
use super::wire::every_use;

fn failed() -> ExitStatus {
    ExitStatus { code: 1, meaning: "a test failed".to_owned() }
}

#[test]
fn a_summary_says_what_the_run_amounts_to() {
    let mut plan = plan(&[("fast", 60, &[("unit", 0), ("lint", 0)])]);
    plan.services.push(service("db"));
    let mut stream = Stream::of(plan);
    stream.at(1.0).layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::one", "a::two", "a::three"]);
    stream.runs(first, Outcome::Passed).fails(first + 1, failure("boom", "details"));
    stream.settles(first + 2, Outcome::NotRun);
    stream.at(2.0).push(Event::Resources(Box::new(every_use())));
    let ended = JobEvent::AttemptFinished {
        attempt: AttemptNumber::FIRST,
        end: ProcessEnd::Exited(1),
        peak_memory_mb: Some(200),
        cpu_time: Some(Duration::from_millis(3_500)),
    };
    stream.push(Event::Job(JobIx(0), ended));
    stream.at(2.5).job_ends(0, Outcome::Failed, "1 test failed");
    stream.service(0, ServiceEvent::Failed { reason: "no answer".to_owned() });
    stream.at(3.0).layer_ends(0, Verdict::Failed, "1 test failed");
    stream.at(4.0).finish(RunResult { tests_failed: true, ..RunResult::default() });
    let summary = Summary::of(&stream.view, &failed());
    insta::assert_json_snapshot!(summary);
}

#[test]
fn the_list_of_failed_tests_is_bounded_and_says_how_many_are_left_out() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let ids: Vec<String> = (0..=FAILED_TESTS_LIMIT).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    stream.discover(0, &ids);
    for test in 0..ids.len() {
        stream.settles(u32::try_from(test).unwrap(), Outcome::Failed);
    }
    let summary = Summary::of(&stream.view, &failed());
    assert_eq!(summary.failed_tests.len(), FAILED_TESTS_LIMIT);
    assert_eq!(summary.failed_tests_left_out, 1);
}

#[test]
fn only_a_run_that_ended_leaves_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    let rule: ExitRule = Arc::new(|_| ExitStatus { code: 0, meaning: "passed".to_owned() });
    let mut file = SummaryFile::new(path.clone(), rule);
    let mut stream = Stream::of(plan(&[]));
    file.close(&stream.view).unwrap();
    assert!(!path.exists());
    stream.finish(RunResult::default());
    file.close(&stream.view).unwrap();
    let summary: Summary = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(summary.verdict, "passed");
}
