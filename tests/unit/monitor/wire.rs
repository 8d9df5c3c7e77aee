//! The JSON form of events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, CommandLine, FailFast, Load, ModeName, RetryCauses, RetryOn, RunnerKind,
};
use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, OutputEvent, ProcessEnd, RunEvent, RunResult,
    ServiceEvent, StopCause, Stream as Channel, TestEvent,
};
use apex_core::judge::LayerFacts;
use apex_core::plan::{CategoryWork, Cutting, JobSpec, LeftOut, Matrix, PartLoad, Work};
use apex_core::resource::{HostUse, Pressure, ResourceSample, Use};
use apex_core::test_case::{Failure, TestCase};
use apex_core::{
    AttemptNumber, CategoryIx, Envelope, Event, JobIx, Outcome, Plan, ServiceIx, TestIx, Verdict,
};
use apex_monitor::wire::{
    DecodeError, Decoded, decode, decode_plan, encode, encode_plan, event_schema,
};
use serde_json::Value;

use super::stream::{Stream, plan, service};

const SAMPLE: &str = include_str!("../../fixtures/wire/events-1.jsonl");

/// A plan that uses every variant of everything it can hold.
fn rich_plan() -> Plan {
    let mut plan = plan(&[("fast", 60, &[("unit", 2), ("lint", 0)]), ("slow", 0, &[("e2e", 0)])]);
    plan.budget = Some(Duration::from_millis(90_500));
    plan.request.mode = Some(ModeName::new("nightly").unwrap());
    plan.request.selectors = vec!["unit".to_owned()];
    plan.layers[1].after = vec![apex_core::LayerIx(0)];
    plan.layers[1].fail_fast = FailFast::Adaptive;
    plan.failure_limits.share = 0.25;
    plan.known_flaky = vec![(CategoryIx(2), "e2e::login".into())];
    plan.categories[2].retry_on = RetryCauses::of([RetryOn::Failed, RetryOn::OutOfMemory]);
    plan.categories[1].work = CategoryWork::Unavailable { reason: "no `ruff`".to_owned() };
    plan.categories[2].work = CategoryWork::Empty { looked: "in `e2e/`".to_owned() };
    plan.categories[2].load = vec![Load::Memory, Load::Cpu, Load::Database, Load::Network];
    plan.categories[2].parallel_safe = false;
    plan.jobs[0].services = vec![ServiceIx(0)];
    plan.jobs[0].spec.runner = RunnerKind::Pytest;
    plan.jobs[0].spec.shard = Some((1, 2));
    plan.jobs[0].spec.env = Arc::new([("A".to_owned(), "1".to_owned())].into());
    plan.jobs[0].spec.work = Work::Tests {
        paths: vec!["tests/unit".to_owned()],
        markers: Some("not slow".to_owned()),
        keyword: None,
        ignore: vec!["tests/unit/db".to_owned()],
        arguments: Vec::new(),
    };
    let command = CommandLine::Arguments(vec!["ruff".to_owned(), "check".to_owned()]);
    plan.jobs[1].spec.work = Work::Command {
        command,
        discover: Some(vec!["list".to_owned(), "-1".to_owned()]),
        report: Some("out/*.xml".to_owned()),
    };
    let whole = JobSpec {
        work: Work::Tests {
            paths: vec!["tests".to_owned()],
            markers: None,
            keyword: None,
            ignore: Vec::new(),
            arguments: Vec::new(),
        },
        part: None,
        ..plan.jobs[0].spec.clone()
    };
    plan.jobs[0].undivided = Some(Arc::new(whole));
    plan.categories[0].cutting = Cutting::Parts { why: "2 whole runs passed".into() };
    plan.categories[1].cutting = Cutting::Whole { why: "".into() };
    plan.services.push(service("postgresql"));
    plan.left_out = vec![LeftOut { name: "smoke".to_owned(), reason: "not asked for".to_owned() }];
    plan.notes = vec!["2 of 3 categories".to_owned()];
    plan.matrix = Some(Matrix {
        part: Some(2),
        of: 3,
        digest: "0123456789abcdef".into(),
        parts: [2, 1, 2, 3].into(),
        loads: vec![PartLoad { jobs: 2, expected: Duration::from_millis(1500) }],
    });
    plan
}

/// What the verdict of a layer rests on, as badly as it can be.
fn every_fact() -> LayerFacts {
    let names = |name: &str| vec![CategoryName::new(name).unwrap()];
    LayerFacts {
        cut_tests: 1,
        lost_tests: 1,
        flaky_failures: 2,
        critical_failures: 3,
        environment: true,
        cut: true,
        began: true,
        interrupted: true,
        stopped: Some("first failure".to_owned()),
        timed_out: names("unit"),
        errored: names("lint"),
        contradiction: true,
        deferred: 4,
        spared: 5,
        unfinished: 6,
        ..LayerFacts::default()
    }
}

/// A look that saw everything.
pub(crate) fn every_use() -> ResourceSample {
    let used = Use {
        cpus: Some(1.25),
        cpu_time: Some(Duration::from_millis(2_500)),
        memory_mb: Some(164),
        read_mb: Some(7),
        written_mb: Some(30),
    };
    ResourceSample {
        host: HostUse {
            cpu: Some(0.75),
            memory_mb: Some(8_000),
            memory_available_mb: Some(3_000),
            read_mb_per_second: Some(0.5),
            written_mb_per_second: Some(12.0),
            pressure: Pressure { cpu: Some(0.2), memory: Some(0.0), io: Some(0.01) },
        },
        apex: Use { read_mb: None, written_mb: None, memory_mb: Some(42), ..used },
        jobs: vec![(JobIx(0), used)],
        services: vec![(ServiceIx(0), Use { memory_mb: Some(21), ..used })],
    }
}

/// A stream with every type of event and every variant inside.
pub(crate) fn every_event() -> Stream {
    let mut stream = Stream::of(rich_plan());
    stream.at(0.25).push(Event::Agent(AgentEvent::Started { agent: "layer".into() }));
    stream.service(0, ServiceEvent::Starting);
    let addresses = vec![("main".to_owned(), "127.0.0.1:5432".to_owned())];
    stream.at(1.123_456_789).service(0, ServiceEvent::Ready { addresses });
    stream.layer(0, LayerEvent::Started).job_starts(0);
    let text = "1 \"quoted\" line\n\ttab \u{1b}[31mred\u{1b}[0m ü 漢 \u{fffd}\n".to_owned();
    let output = |event| Event::Output(JobIx(0), event);
    stream.push(output(OutputEvent::Text { stream: Channel::Stdout, text: text.clone() }));
    stream.push(output(OutputEvent::Text { stream: Channel::Stderr, text }));
    stream.push(output(OutputEvent::Omitted { bytes: u64::from(u32::MAX) + 1 }));
    let known = TestCase {
        id: "tests/unit/test_a.py::test_b[1]".into(),
        suite: "tests/unit/test_a.py".into(),
        name: "test_b[1]".into(),
        file: Some("tests/unit/test_a.py".into()),
        line: Some(12),
        critical: true,
    };
    let cases = vec![known, super::stream::case("tests/unit/test_a.py::test_c")];
    stream.push(Event::Test(JobIx(0), TestEvent::Discovered { first: TestIx(0), cases }));
    let failure = Failure {
        message: "assert 1 == 2".to_owned(),
        details: "E  assert 1 == 2".to_owned(),
        output: "printed".to_owned(),
    };
    stream.starts(0, 1).ends(0, 1, Outcome::Failed, Some(failure));
    let so_far = Duration::from_millis(7_250);
    stream.test(|test| TestEvent::Slow { test, attempt: AttemptNumber(1), so_far }, 0);
    stream.starts(0, 2).ends(0, 2, Outcome::Passed, None);
    stream.ends_untimed(0, Outcome::Skipped);
    for outcome in Outcome::ALL {
        stream.settles(1, outcome);
    }
    let job = |event| Event::Job(JobIx(0), event);
    for cause in StopCause::ALL {
        stream.push(job(JobEvent::Terminated { cause }));
    }
    stream.push(job(JobEvent::StopReached));
    stream.push(job(JobEvent::Killed));
    stream.push(job(JobEvent::Quiet { lasting: Duration::from_millis(60_500) }));
    stream.push(job(JobEvent::Doubted));
    for end in [
        ProcessEnd::Exited(-1),
        ProcessEnd::Signalled(9),
        ProcessEnd::NotStarted("no such program".to_owned()),
    ] {
        stream.push(job(JobEvent::AttemptFinished {
            attempt: AttemptNumber(2),
            end,
            peak_memory_mb: Some(96),
            cpu_time: Some(Duration::from_millis(1_250)),
        }));
    }
    stream.push(job(JobEvent::Finished { outcome: Outcome::TimedOut, reason: "slow".to_owned() }));
    stream.category(0, CategoryEvent::TimedOut { limit: Duration::from_secs(60) });
    stream.category(0, CategoryEvent::DependsOnOrder { what: "tests/test_a.py::test_c".into() });
    stream.category_ends(0, Outcome::TimedOut, "slow");
    stream.layer(0, LayerEvent::BudgetExceeded);
    stream.layer(0, LayerEvent::Stopped { reason: "first failure".to_owned() });
    stream.layer(0, LayerEvent::Skipped);
    stream.layer(0, LayerEvent::Judged(Box::new(every_fact())));
    stream.layer(1, LayerEvent::Judged(Box::default()));
    for verdict in Verdict::ALL {
        stream.layer_ends(0, verdict, "because");
    }
    stream.service(0, ServiceEvent::Lost { reason: "exit code 9".to_owned() });
    stream.service(0, ServiceEvent::Preparing { what: "fetching its image".to_owned() });
    stream.service(0, ServiceEvent::Failed { reason: "it stopped".to_owned() });
    stream.service(0, ServiceEvent::Stopped);
    stream.push(Event::Agent(AgentEvent::Failed { agent: "x".into(), reason: "y".to_owned() }));
    let silent = Duration::from_millis(31_250);
    stream.push(Event::Agent(AgentEvent::Stale { agent: "x".into(), silent }));
    stream.push(Event::Agent(AgentEvent::Recovered { agent: "x".into() }));
    let (agent, reason) = ("x".into(), "it hung".to_owned());
    stream.push(Event::Agent(AgentEvent::Restarted { agent, reason }));
    stream.push(Event::Agent(AgentEvent::Stopped { agent: "layer".into() }));
    stream.push(Event::Resources(Box::new(every_use())));
    stream.push(Event::Resources(Box::default()));
    stream.push(Event::Warning("disk is nearly full".to_owned()));
    stream.push(Event::Run(RunEvent::SlotsChanged { slots: 5 }));
    stream.push(Event::Run(RunEvent::Paused));
    stream.push(Event::Run(RunEvent::Resumed));
    stream.push(Event::Run(RunEvent::Interrupted { signal: 2, orderly: true }));
    stream.push(Event::Run(RunEvent::BudgetExceeded { budget: Duration::from_secs(90) }));
    stream.finish(RunResult {
        tests_failed: true,
        environment_failed: false,
        budget_exceeded: true,
        nothing_ran: false,
        skipped: true,
        signal: Some(2),
        internal_error: Some("broken".to_owned()),
    });
    stream
}

fn line(envelope: &Envelope, stream: &Stream) -> Vec<u8> {
    let mut buffer = Vec::new();
    encode(envelope, &stream.view, &mut buffer).unwrap();
    buffer
}

fn kind(line: &[u8]) -> String {
    let value: Value = serde_json::from_slice(line).unwrap();
    value["type"].as_str().unwrap().to_owned()
}

#[test]
fn every_event_is_the_same_after_writing_and_reading() {
    let stream = every_event();
    for envelope in &stream.envelopes {
        let line = line(envelope, &stream);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let text = String::from_utf8(line.clone()).unwrap();
        assert_eq!(decode(&line).unwrap(), Decoded::Event(envelope.clone()), "{text}");
    }
}

#[test]
fn every_line_conforms_to_the_schema_and_every_type_of_the_schema_is_written() {
    let schema = event_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let stream = every_event();
    let mut written = BTreeSet::new();
    for envelope in &stream.envelopes {
        let line = line(envelope, &stream);
        let value: Value = serde_json::from_slice(&line).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{value}: {errors:?}");
        written.insert(kind(&line));
    }
    let types = &schema["$defs"]["Body"]["oneOf"];
    let types: BTreeSet<String> = types
        .as_array()
        .expect("one schema for each type")
        .iter()
        .map(|body| body["properties"]["type"]["const"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(written, types);
}

#[test]
fn every_line_is_as_compact_as_the_general_serializer_writes_it() {
    let stream = every_event();
    for envelope in &stream.envelopes {
        let line = line(envelope, &stream);
        let value: Value = serde_json::from_slice(&line).unwrap();
        let general = serde_json::to_vec(&value).unwrap();
        let sorted = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes.sort_unstable();
            bytes
        };
        assert_eq!(sorted(line.trim_ascii_end()), sorted(&general), "{value}");
    }
}

#[test]
fn every_character_survives() {
    let all: String = ('\u{0}'..='\u{2ff}').chain(['\u{2028}', '\u{fffe}', '\u{10ffff}']).collect();
    let stream = Stream::of(Plan::default());
    let texts = all.chars().map(String::from).chain([all.clone(), String::new()]);
    for text in texts {
        let envelope = Envelope { seq: 0, at: Default::default(), event: Event::Warning(text) };
        assert_eq!(decode(&line(&envelope, &stream)).unwrap(), Decoded::Event(envelope));
    }
}

#[test]
fn the_schema_refuses_what_is_not_a_line() {
    let validator = jsonschema::validator_for(&event_schema()).unwrap();
    let good = r#"{"schema":"apex.event/1","seq":0,"at":0.0,"type":"warning","text":"x"}"#;
    for (from, to) in [
        ("", ""),
        ("apex.event/1", "apex.event/2"),
        ("\"seq\":0,", ""),
        ("\"at\":0.0", "\"at\":-1.0"),
        ("\"text\":\"x\"", "\"text\":1"),
        ("\"warning\"", "\"wrong\""),
    ] {
        let value: Value = serde_json::from_str(&good.replacen(from, to, 1)).unwrap();
        assert_eq!(validator.is_valid(&value), from.is_empty(), "{value}");
    }
}

#[test]
fn a_line_can_be_used_without_the_plan() {
    let stream = every_event();
    let lines: Vec<String> = stream
        .envelopes
        .iter()
        .map(|envelope| String::from_utf8(line(envelope, &stream)).unwrap())
        .collect();
    let wanted =
        ["layer.started", "test.finished", "test.settled", "service.ready", "run.finished"];
    let shown = wanted.map(|kind| lines.iter().find(|line| line.contains(kind)).unwrap().as_str());
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn lines_of_the_first_version_are_read_for_ever() {
    let mut types = BTreeSet::new();
    for text in SAMPLE.lines() {
        assert!(matches!(decode(text.as_bytes()), Ok(Decoded::Event(_))), "{text}");
        types.insert(kind(text.as_bytes()));
    }
    assert_eq!(types.len(), 34);
}

#[test]
fn unknown_fields_are_ignored() {
    let text = br#"{"schema":"apex.event/1","new":{},"seq":7,"at":1.5,"type":"layer.started","layer":2,"more":[1]}"#;
    let Ok(Decoded::Event(envelope)) = decode(text) else { panic!("an event") };
    assert_eq!(envelope.seq, 7);
    assert_eq!(envelope.event, Event::Layer(apex_core::LayerIx(2), LayerEvent::Started));
}

#[test]
fn an_unknown_type_is_told_apart() {
    let text = br#"{"schema":"apex.event/1","seq":7,"at":1.5,"type":"moon.rose","layer":"x"}"#;
    let unknown = Decoded::Unknown { seq: 7, kind: "moon.rose".to_owned() };
    assert_eq!(decode(text).unwrap(), unknown);
}

#[test]
fn damaged_lines_and_other_versions_are_errors_that_say_what_is_wrong() {
    let other = br#"{"schema":"apex.event/2","seq":0,"at":0,"type":"warning","text":""}"#;
    assert!(matches!(decode(other), Err(DecodeError::Version { .. })));
    for (text, says) in [
        ("{\"schema\":\"apex.ev", "apex.event/1"),
        ("[]", "apex.event/1"),
        (r#"{"schema":"apex.event/1","seq":0,"at":0,"type":"warning"}"#, "missing field `text`"),
        (
            r#"{"schema":"apex.event/1","seq":0,"at":0,"type":"test.settled","job":0,"test":0,"outcome":"great"}"#,
            "unknown outcome `great`",
        ),
    ] {
        let error = decode(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_plan_of_its_own_is_the_same_after_writing_and_reading() {
    let plan = rich_plan();
    let mut document = Vec::new();
    encode_plan(&plan, &mut document).unwrap();
    assert_eq!(decode_plan(&document).unwrap(), plan);
}

#[test]
fn times_are_exact_and_short() {
    for (nanos, text) in [
        (0, "0.0"),
        (1, "1e-9"),
        (300_000_000, "0.3"),
        (1_234_567_891, "1.234567891"),
        (86_399_999_999_999, "86399.999999999"),
    ] {
        let at = apex_core::Moment::after_start(Duration::from_nanos(nanos));
        let envelope = Envelope { seq: 0, at, event: Event::Warning(String::new()) };
        let line = line(&envelope, &Stream::of(Plan::default()));
        assert!(String::from_utf8_lossy(&line).contains(&format!("\"at\":{text},")), "{text}");
        assert_eq!(decode(&line).unwrap(), Decoded::Event(envelope));
    }
}
