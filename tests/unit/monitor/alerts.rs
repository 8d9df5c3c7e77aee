//! Alerts: recorded runs by rules, and what is said of those that fired.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use apex_config::model::Alert;
use apex_config::{Document, Documents, Overlay, Surroundings, load_documents};
use apex_core::event::{
    AgentEvent, JobEvent, LayerEvent, ProcessEnd, RunEvent, RunResult, ServiceEvent,
};
use apex_core::plan::Prediction;
use apex_core::resource::{HostUse, Pressure, ResourceSample, Use};
use apex_core::{AttemptNumber, Event, JobIx, Outcome, Sink as _};
use apex_monitor::alerts::{Alerts, Notice, of_record};

use super::stream::{Stream, plan, service};

/// The rules of a layer file with this alert first, of which only that one is looked at.
fn rules(fields: &str) -> Vec<Alert> {
    let text = format!(
        "apex: 1\nlayers:\n  fast: {{categories: [{{name: unit, command: [make]}}]}}\n  \
         slow: {{categories: [{{name: load, command: [make]}}]}}\n\
         alerts:\n  - {{name: mine, {fields}}}\n"
    );
    let mut documents = Documents::default();
    documents.layer_file = Some(Document::new("apex.yaml", &text));
    let surroundings = Surroundings {
        environment: None,
        variables: &BTreeMap::new(),
        today: None,
        flags: Overlay::flags(),
    };
    let mut alerts = load_documents(&documents, surroundings).unwrap().config.alerts;
    alerts.truncate(1);
    alerts
}

/// Twenty tests in the first ten seconds, of which the second, third, fourth and fifth fail; ten
/// that pass until the twentieth second; a flaky one; a service that is lost, an agent that panics;
/// a layer behind that takes until the hundredth second.
fn run() -> Stream {
    let mut plan = plan(&[("fast", 40, &[("unit", 0)]), ("slow", 50, &[("load", 0)])]);
    plan.services.push(service("db"));
    plan.prediction = Some(Prediction {
        low: Duration::from_secs(20),
        expected: Duration::from_secs(50),
        high: Duration::from_secs(60),
        runs: 5,
        layers: Vec::new(),
        unknown: 0,
    });
    let mut stream = Stream::of(plan);
    stream.layer(0, LayerEvent::Started).job_starts(0);
    let ids: Vec<String> = (0..31).map(|number| format!("suite::t{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    for (test, second) in (first..first + 20).zip(1..) {
        let outcome = if (2..=5).contains(&second) { Outcome::Failed } else { Outcome::Passed };
        stream.at(f64::from(second) / 2.0).runs(test, outcome);
    }
    for (test, second) in (first + 20..first + 30).zip(11..) {
        stream.at(f64::from(second)).runs(test, Outcome::Passed);
    }
    stream.at(21.0).runs(first + 30, Outcome::Flaky);
    stream.at(22.0).service(0, ServiceEvent::Lost { reason: "gone".to_owned() });
    let (agent, reason) = ("guest".into(), "it panicked".to_owned());
    stream.at(23.0).push(Event::Agent(AgentEvent::Failed { agent, reason }));
    stream.at(24.0).push(Event::Job(
        JobIx(0),
        JobEvent::AttemptFinished {
            attempt: AttemptNumber::FIRST,
            end: ProcessEnd::Exited(1),
            peak_memory_mb: Some(700),
            cpu_time: None,
        },
    ));
    stream.push(Event::Job(
        JobIx(0),
        JobEvent::Finished { outcome: Outcome::Failed, reason: String::new() },
    ));
    stream.layer_ends(0, apex_core::Verdict::Failed, "4 tests failed");
    stream.at(30.0).layer(1, LayerEvent::Started).job_starts(1);
    stream.at(40.5).push(Event::Resources(Box::new(busy())));
    stream.at(45.5).push(Event::Resources(Box::default()));
    stream.at(80.5).layer(1, LayerEvent::BudgetExceeded);
    stream.at(100.0).job_ends(1, Outcome::Passed, "");
    stream.layer_ends(1, apex_core::Verdict::Passed, "");
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    stream
}

/// A look at a machine that has little left, and at a job that uses much.
fn busy() -> ResourceSample {
    let used = |memory_mb| Use { memory_mb: Some(memory_mb), ..Use::default() };
    ResourceSample {
        host: HostUse {
            cpu: Some(0.97),
            memory_available_mb: Some(90),
            pressure: Pressure { cpu: Some(0.5), memory: Some(0.3), io: Some(0.1) },
            ..HostUse::default()
        },
        apex: used(600),
        jobs: vec![(JobIx(1), used(800))],
        services: Vec::new(),
    }
}

fn told(stream: &Stream, rules: &[Alert]) -> Vec<Notice> {
    let events = stream.envelopes.iter().cloned().map(Ok::<_, Infallible>);
    of_record(rules, events).unwrap()
}

/// How an alert stands in the end: when it fired first, how often, and when it resolved.
fn stands(stream: &Stream, rules: &[Alert]) -> String {
    let all: Vec<String> = told(stream, rules)
        .iter()
        .map(|one| {
            let end = one.resolved_at.map_or_else(|| "firing".to_owned(), |at| format!("-{at}"));
            format!("{}x {} {end}", one.times, one.fired_at)
        })
        .collect();
    all.join(", ")
}

#[test]
fn recorded_runs_fire_what_the_rules_say_once_and_resolve_it() {
    let run = run();
    let cases = [
        // A look sees what happened before it: ten tests in the sixth second, four of which failed.
        ("metric: failure_rate, above: 0.2", "1x 6 -11"),
        ("metric: failure_rate, above: 0.2, min_tests: 1", "1x 2 -11"),
        ("metric: failure_rate, above: 0.4", ""),
        ("metric: failure_rate, above: 0.1, layer: slow", ""),
        ("metric: failures, above: 3", "1x 3 firing"),
        ("metric: failures, above: 3, window_seconds: 4", "1x 3 -6"),
        // The condition has to hold, and does not hold for as long as it must.
        ("metric: failure_rate, above: 0.2, for_seconds: 3", "1x 9 -11"),
        ("metric: failure_rate, above: 0.2, for_seconds: 30", ""),
        ("metric: flaky_rate, above: 0.02, min_tests: 1", "1x 22 firing"),
        ("metric: duration_minutes, above: 1", "1x 61 firing"),
        ("metric: duration_ratio, above: 1.5", "1x 76 firing"),
        ("metric: budget_share, layer: slow, above: 0.8", "1x 71 firing"),
        ("metric: budget_share, above: 0.1", ""),
        ("metric: memory_mb, above: 512", "1x 25 firing"),
        ("metric: memory_mb, above: 512, layer: slow", "1x 41 firing"),
        // A job that runs counts, too, by its largest memory so far.
        ("metric: memory_mb, above: 750", "1x 41 firing"),
        ("metric: memory_mb, above: 750, layer: fast", ""),
        // Resources: by the latest look; what it did not see compares with nothing.
        ("metric: cpu_share, above: 0.9", "1x 41 -46"),
        ("metric: cpu_share, above: 0.9, for_seconds: 3", "1x 44 -46"),
        ("metric: cpu_share, above: 0.9, for_seconds: 10", ""),
        ("metric: cpu_share, above: 0.98", ""),
        ("metric: memory_available_mb, below: 100", "1x 41 -46"),
        ("metric: cpu_pressure, above: 0.4", "1x 41 -46"),
        ("metric: memory_pressure, above: 0.2", "1x 41 -46"),
        ("metric: io_pressure, above: 0.05", "1x 41 -46"),
        ("metric: apex_memory_mb, above: 500", "1x 41 -46"),
        ("when: 'cpu_share > 0.9 and memory_available_mb < 100'", "1x 41 -46"),
        ("metric: queue_length, above: 0", "1x 1 -31"),
        ("metric: services_lost, above: 0", "1x 23 firing"),
        ("metric: stale_agents, above: 0", "1x 24 firing"),
        ("metric: run_failed, above: 0", "1x 100.004 firing"),
        ("metric: budget_exceeded, above: 0", "1x 81 firing"),
        ("metric: budget_exceeded, above: 0, layer: fast", ""),
        ("when: 'failures > 1 and services_lost > 0'", "1x 23 firing"),
        ("when: 'failures > 100 or services_lost > 0'", "1x 23 firing"),
    ];
    let found = cases.map(|(fields, _)| (fields, stands(&run, &rules(fields))));
    assert_eq!(found, cases.map(|(fields, expected)| (fields, expected.to_owned())));
}

#[test]
fn an_alert_that_comes_and_goes_is_told_once_with_how_often() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    stream.layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::a", "a::b", "a::c"]);
    for (test, second) in (first..).zip([1.5, 10.5, 20.5]) {
        stream.at(second).runs(test, Outcome::Failed);
    }
    stream.at(40.0).push(Event::Run(RunEvent::SlotsChanged { slots: 2 }));
    let rules = rules("metric: failures, above: 0, window_seconds: 2");
    assert_eq!(stands(&stream, &rules), "3x 2 -23");
    let line = told(&stream, &rules)[0].line();
    assert_eq!(line, "alert mine (medium): failures 1 > 0 at 2.0 s, 3 times, resolved at 23.0 s");
}

#[test]
fn a_muted_alert_is_looked_at_and_says_so() {
    let run = run();
    let notices = told(&run, &rules("metric: failures, above: 3, mute: true"));
    assert_eq!((notices.len(), notices[0].is_muted), (1, true));
    let document = notices[0].document();
    assert_eq!(document["schema"], "apex.alert/1");
    assert_eq!((&document["state"], &document["times"]), (&"firing".into(), &1.into()));
}

#[test]
fn texts_for_others_are_in_their_own_form() {
    let mut rule = rules("metric: failures, above: 3, level: critical").remove(0);
    rule.name = "a <b>: 50 %, c".to_owned();
    let notice = told(&run(), &[rule]).remove(0);
    let slack = notice.slack()["text"].as_str().unwrap().to_owned();
    assert!(
        slack.starts_with("alert a &lt;b&gt;: 50 %, c (critical): failures 4 &gt; 3"),
        "{slack}"
    );
    let annotation = notice.annotation();
    assert!(
        annotation.starts_with("::error title=a <b>%3A 50 %25%2C c::alert a <b>: 50 %25, c"),
        "{annotation}"
    );
}

#[test]
fn a_live_run_fires_what_its_record_does() {
    let run = run();
    for fields in [
        "metric: failures, above: 3, window_seconds: 4",
        "metric: budget_share, layer: slow, above: 0.8",
        "metric: run_failed, above: 0",
    ] {
        let rules = rules(fields);
        let (mut sink, book) = Alerts::new(rules.clone());
        let mut view = apex_core::RunView::new();
        for envelope in &run.envelopes {
            sink.tick(envelope.at, &view).unwrap();
            view.apply(envelope);
            sink.accept(std::slice::from_ref(envelope), &view).unwrap();
        }
        assert!(book.take().is_empty(), "nobody is told before the verdict");
        sink.close(&view).unwrap();
        let live: Vec<String> = book.take().iter().map(Notice::line).collect();
        let recorded: Vec<String> = told(&run, &rules).iter().map(Notice::line).collect();
        assert_eq!(live, recorded, "{fields}");
        assert_eq!(live.len(), 1);
    }
}
