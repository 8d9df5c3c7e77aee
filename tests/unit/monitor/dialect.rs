//! The events of a run by other names.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{
    AgentEvent, JobEvent, LayerEvent, ProcessEnd, RunEvent, RunResult, ServiceEvent,
};
use apex_core::{AttemptNumber, Event, JobIx, Outcome, RunView, Sink, Verdict};
use apex_monitor::dialect::{Chat, Dialect, DialectLines, Legacy};
use apex_monitor::{ExitRule, ExitStatus};
use serde_json::Value;

use super::stream::{Stream, failure, plan, service};

fn rule() -> ExitRule {
    Arc::new(|result: &RunResult| ExitStatus {
        code: u8::from(result.tests_failed),
        meaning: String::new(),
    })
}

fn lines<D: Dialect>(stream: &Stream, dialect: D, batch: usize) -> String {
    let mut written = Vec::new();
    let mut sink = DialectLines::new(&mut written, dialect);
    for envelopes in stream.envelopes.chunks(batch) {
        sink.accept(envelopes, &RunView::new()).unwrap();
    }
    drop(sink);
    String::from_utf8(written).unwrap()
}

/// A run in which everything happens that has a name.
fn eventful() -> Stream {
    let mut plan = plan(&[
        ("fast", 60, &[("unit", 0), ("lint", 0)]),
        ("slow", 0, &[("load", 0)]),
        ("later", 0, &[("docs", 0)]),
        ("night", 0, &[("e2e", 0)]),
        ("week", 0, &[("soak", 0)]),
    ]);
    plan.layers[1].phase = 1;
    plan.layers[2].phase = 1;
    plan.layers[3].background = true;
    plan.layers[4].background = true;
    plan.services.push(service("db"));
    let mut stream = Stream::of(plan);
    stream.push(Event::Run(RunEvent::SlotsChanged { slots: 5 }));
    stream.at(0.1).service(0, ServiceEvent::Starting);
    stream.service(0, ServiceEvent::Ready { addresses: Vec::new() });
    stream.at(0.2).layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::one", "a::two", "a::three"]);
    stream.at(1.0).runs(first, Outcome::Passed);
    stream.at(2.0).fails(first + 1, failure("boom", "details"));
    stream.settles(first + 2, Outcome::Skipped);
    stream.at(2.5).job_ends(0, Outcome::Failed, "1 test failed");
    stream.category_ends(1, Outcome::Blocked, "unit did not pass");
    stream.layer_ends(0, Verdict::Failed, "1 test failed");
    stream.at(3.0).layer(1, LayerEvent::Started).job_starts(2).job_ends(2, Outcome::Passed, "");
    stream.layer_ends(1, Verdict::Passed, "");
    stream.category_ends(3, Outcome::Empty, "no tests");
    stream.layer_ends(2, Verdict::Empty, "no tests");
    stream.at(4.0).layer(3, LayerEvent::Started).job_starts(4).job_ends(4, Outcome::Passed, "");
    stream.layer_ends(3, Verdict::Passed, "");
    stream.layer(4, LayerEvent::Started);
    let (attempt, end) = (AttemptNumber::FIRST, ProcessEnd::NotStarted("no soak".to_owned()));
    let ended =
        JobEvent::AttemptFinished { attempt, end, peak_memory_mb: Some(12), cpu_time: None };
    stream.push(Event::Job(JobIx(5), JobEvent::Started { attempt }));
    stream.push(Event::Job(JobIx(5), JobEvent::Killed)).push(Event::Job(JobIx(5), ended));
    stream.category_ends(5, Outcome::Errored, "no soak");
    stream.layer_ends(4, Verdict::Errored, "no soak");
    stream.push(Event::Warning("disk is nearly full".to_owned()));
    let failed = AgentEvent::Failed { agent: "audit".into(), reason: "lost".to_owned() };
    stream.push(Event::Agent(failed));
    stream.push(Event::Run(RunEvent::BudgetExceeded { budget: Duration::from_secs(9) }));
    stream.service(0, ServiceEvent::Stopped);
    stream.at(5.0).finish(RunResult { tests_failed: true, ..RunResult::default() });
    stream
}

#[test]
fn the_lines_of_the_earlier_runner() {
    insta::assert_snapshot!(lines(&eventful(), Legacy::new(rule()), 1));
}

#[test]
fn the_messages_for_a_chat() {
    insta::assert_snapshot!(lines(&eventful(), Chat::new(rule(), Some("thread-7".into())), 1));
}

#[test]
fn lines_do_not_depend_on_batches() {
    let stream = eventful();
    let legacy = || Legacy::new(rule());
    let chat = || Chat::new(rule(), None);
    for batch in [2, 7, 1000] {
        assert_eq!(lines(&stream, legacy(), 1), lines(&stream, legacy(), batch));
        assert_eq!(lines(&stream, chat(), 1), lines(&stream, chat(), batch));
    }
}

/// Every name of the compatibility contract.
const NAMES: &str = "orchestration_started orchestration_completed orchestration_failed \
    layer_started layer_progress layer_completed layer_failed layer_skipped \
    category_started category_progress category_completed category_failed category_skipped \
    test_started test_completed test_failed test_skipped \
    background_queued background_started background_progress background_completed background_failed \
    phase_started phase_completed service_started service_stopped service_dependency_check \
    resource_allocated resource_released error warning info debug progress_snapshot";

#[test]
fn every_name_of_the_earlier_runner_is_sent_and_no_other() {
    let mut stopped = Stream::of(plan(&[]));
    stopped.finish(RunResult { signal: Some(2), ..RunResult::default() });
    let mut sent = BTreeSet::new();
    for stream in [eventful(), stopped] {
        for line in lines(&stream, Legacy::new(rule()), 1).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            sent.insert(line["type"].as_str().unwrap().to_owned());
        }
    }
    let named: BTreeSet<String> = NAMES.split_whitespace().map(str::to_owned).collect();
    assert_eq!(sent, named);
}

#[test]
fn numbers_are_dense_and_the_last_line_is_the_end() {
    let text = lines(&eventful(), Legacy::new(rule()), 3);
    let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (seq, line) in all.iter().enumerate() {
        assert_eq!(line["seq"], seq);
        assert_eq!(line["run_id"], "run-1");
    }
    let last = all.last().unwrap();
    assert_eq!(last["type"], "orchestration_completed");
    assert_eq!(last["data"]["success"], false);
    assert_eq!(last["data"]["summary"]["total_updates"], all.len());
}
