//! A run as its collector sees it, and as nobody sees it when the collector is no good.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use apex_tests::collector::{Collector, Manner, Received, attribute};
use apex_tests::project::{Project, finish};
use apex_tests::tool::tool_answers;
use apex_tests::watchdog::Finished;
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value as Json;

/// Two layers; three tests, one of which passes at its second attempt; a warm word on each stream.
const LAYERS: &str = r#"
apex: 1
layers:
  front:
    max_duration_minutes: 1
    categories:
      - {name: steady, command: [sh, -c, "echo hello; printf '1..1\nok 1 - one\n'"], report: stdout}
      - name: shaky
        command: [sh, -c, "test -e again && word='ok' || word='not ok'; touch again; printf '1..2\\nok 1 - two\\n%s 2 - three\\n' \"$word\"; test \"$word\" = ok"]
        report: stdout
        retries: 1
  behind:
    dependencies: [front]
    categories:
      - {name: last, command: [sh, -c, "env | grep -E '^(TRACE|BAGG)' >place; cat /proc/$PPID/task/*/comm >threads; echo bye >&2"]}
"#;

fn project() -> Project {
    Project::new(&[("apex.yaml", LAYERS)])
}

fn run(project: &Project, variables: &[(&str, &str)]) -> Finished {
    let mut command: Command = project.apex(&["run", "--mode", "nightly"]);
    for (name, _) in std::env::vars() {
        if name.starts_with("OTEL_") || name.starts_with("TRACE") || name == "BAGGAGE" {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied());
    finish(command)
}

fn to(collector: &Collector) -> [(&'static str, String); 2] {
    [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()), ("OTEL_LOGS_EXPORTER", "otlp".to_owned())]
}

/// Runs with a collector, and further variables.
fn run_to(project: &Project, collector: &Collector, further: &[(&str, &str)]) -> Finished {
    let own = to(collector);
    let mut all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, &**value)).collect();
    all.extend_from_slice(further);
    run(project, &all)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names from the root to a span.
fn path(span: &Span, all: &BTreeMap<String, &Span>) -> String {
    match all.get(&hex(&span.parent_span_id)) {
        Some(parent) => format!("{} > {}", path(parent, all), span.name),
        None => span.name.clone(),
    }
}

/// The tree of a run, a line a span, sorted.
fn tree(received: &Received) -> Vec<String> {
    let all: BTreeMap<String, &Span> =
        received.spans.iter().map(|span| (hex(&span.span_id), span)).collect();
    assert_eq!(all.len(), received.spans.len(), "two spans have one id");
    let mut lines: Vec<String> = received.spans.iter().map(|span| path(span, &all)).collect();
    lines.sort();
    lines
}

const TREE: [&str; 16] = [
    "RUN apex nightly",
    "RUN apex nightly > behind",
    "RUN apex nightly > behind > last",
    "RUN apex nightly > behind > last > last 2",
    "RUN apex nightly > behind > last > last 2 > last",
    "RUN apex nightly > front",
    "RUN apex nightly > front > shaky",
    "RUN apex nightly > front > shaky > shaky 1",
    "RUN apex nightly > front > shaky > shaky 1 > shaky 1 attempt 1",
    "RUN apex nightly > front > shaky > shaky 1 > shaky 1 attempt 2",
    "RUN apex nightly > front > shaky > shaky 1 > three",
    "RUN apex nightly > front > shaky > shaky 1 > three > three attempt 1",
    "RUN apex nightly > front > shaky > shaky 1 > three > three attempt 2",
    "RUN apex nightly > front > shaky > shaky 1 > two",
    "RUN apex nightly > front > steady > steady 0 > one",
    "RUN apex nightly > front > steady > steady 0",
];

#[track_caller]
fn check_spans(received: &Received) {
    let lines = tree(received);
    let mut expected: Vec<String> = TREE.map(str::to_owned).to_vec();
    expected.push("RUN apex nightly > front > steady".to_owned());
    expected.sort();
    assert_eq!(lines, expected);
    let traces: BTreeSet<&[u8]> = received.spans.iter().map(|one| &*one.trace_id).collect();
    assert_eq!(traces.len(), 1, "one run is one trace");
    let root = received.spans.iter().find(|span| span.name.starts_with("RUN")).expect("a root");
    assert_eq!(root.kind, i32::from(SpanKind::Server));
    for span in &received.spans {
        let lies_inside = root.start_time_unix_nano <= span.start_time_unix_nano
            && span.start_time_unix_nano <= span.end_time_unix_nano
            && span.end_time_unix_nano <= root.end_time_unix_nano;
        assert!(lies_inside, "{} is outside of the run", span.name);
    }
}

/// The points of a metric as outcome and number, or with the word for another label.
fn numbers(received: &Received, metric: &str, label: &str) -> BTreeMap<String, f64> {
    let found = received.metrics.iter().find(|one| one.name == metric);
    let points = match found.and_then(|one| one.data.as_ref()) {
        Some(Data::Sum(sum)) => &sum.data_points,
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        other => panic!("{metric} is {other:?}"),
    };
    let mut numbers = BTreeMap::new();
    for point in points {
        let Some(Value::AsDouble(number)) = point.value else { panic!("no number: {point:?}") };
        let word = attribute(&point.attributes, label).unwrap_or_default();
        *numbers.entry(word).or_default() += number;
    }
    numbers
}

#[track_caller]
fn check_metrics(received: &Received, summary: &Json) {
    let counts = numbers(received, "apex.test.case.count", "apex.outcome");
    let total: f64 = counts.values().sum();
    let said = summary["counts"]["selected"].as_f64();
    assert_eq!(said, Some(total), "{summary}");
    for (outcome, number) in &counts {
        assert_eq!(summary["counts"][outcome].as_f64(), Some(*number), "{outcome}: {summary}");
    }
    assert_eq!(counts.get("flaky"), Some(&1.0), "{counts:?}");
    let active = numbers(received, "cicd.pipeline.run.active", "cicd.pipeline.run.state");
    assert_eq!(active, BTreeMap::from([("executing".to_owned(), 0.0)]));
    let used = numbers(received, "apex.layer.budget.utilization", "apex.layer");
    assert!(used["front"] > 0.0, "{used:?}");
    let spread = received.metrics.iter().find(|one| one.name == "cicd.pipeline.run.duration");
    let Some(Data::Histogram(spread)) = spread.and_then(|one| one.data.as_ref()) else {
        panic!("no duration of the run");
    };
    assert_eq!(spread.data_points[0].count, 1);
    let result = attribute(&spread.data_points[0].attributes, "cicd.pipeline.result");
    assert_eq!(result.as_deref(), Some("success"));
}

#[track_caller]
fn check_logs(received: &Received) {
    let jobs: BTreeMap<&[u8], &str> =
        received.spans.iter().map(|span| (&*span.span_id, &*span.name)).collect();
    let said: BTreeSet<(String, String, String)> = received
        .logs
        .iter()
        .filter_map(|record| {
            let body = format!("{:?}", record.body.as_ref()?.value.as_ref()?);
            let stream = attribute(&record.attributes, "log.iostream")?;
            Some(((*jobs.get(&*record.span_id)?).to_owned(), stream, body))
        })
        .collect();
    for (job, stream, body) in [
        ("steady 0", "stdout", r#"StringValue("hello")"#),
        ("last 2", "stderr", r#"StringValue("bye")"#),
    ] {
        let one = (job.to_owned(), stream.to_owned(), body.to_owned());
        assert!(said.contains(&one), "{one:?} is missing in {said:?}");
    }
}

#[test]
fn a_run_arrives_whole_over_every_protocol() {
    for (protocol, compression) in [
        ("http/protobuf", "none"),
        ("http/protobuf", "gzip"),
        ("http/json", "gzip"),
        ("grpc", "none"),
        ("grpc", "gzip"),
    ] {
        let collector = Collector::start(Manner::Takes);
        let project = project();
        let answer = run_to(
            &project,
            &collector,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
                ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b"),
                ("OTEL_SERVICE_NAME", "shop"),
                ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=ci"),
            ],
        );
        assert_eq!(answer.status.code(), Some(0), "{protocol}: {}", answer.stderr);
        assert!(!answer.stderr.contains("telemetry"), "{protocol}: {}", answer.stderr);
        let received = collector.received();
        check_spans(&received);
        let summary = std::fs::read_to_string(project.last_run().join("summary.json"));
        check_metrics(
            &received,
            &serde_json::from_str(&summary.expect("a summary")).expect("JSON"),
        );
        check_logs(&received);
        assert!(received.headers.iter().all(|headers| headers["x-key"] == "a b"));
        for (name, value) in [("service.name", "shop"), ("deployment.environment.name", "ci")] {
            assert_eq!(attribute(&received.resource, name).as_deref(), Some(value));
        }
    }
}

#[test]
fn every_name_that_is_sent_is_one_of_the_table() {
    let collector = Collector::start(Manner::Takes);
    let _ = run_to(&project(), &collector, &[]);
    let received = collector.received();
    let known: BTreeSet<&str> = apex_monitor::names::NAMES.iter().map(|name| name.text).collect();
    let of_spans = received.spans.iter().flat_map(|span| {
        let of_events = span
            .events
            .iter()
            .flat_map(|event| event.attributes.iter().map(|one| &one.key).chain([&event.name]));
        span.attributes.iter().map(|one| &one.key).chain(of_events)
    });
    let of_logs =
        received.logs.iter().flat_map(|record| record.attributes.iter().map(|one| &one.key));
    let of_all = received.resource.iter().map(|one| &one.key);
    let of_metrics = received.metrics.iter().map(|metric| &metric.name);
    let sent: BTreeSet<&str> =
        of_spans.chain(of_logs).chain(of_all).chain(of_metrics).map(String::as_str).collect();
    assert!(sent.len() > 35, "{sent:?}");
    let unknown: Vec<&&str> = sent.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_bad_collector_costs_its_records_and_nothing_else() {
    let hurried = format!("{LAYERS}telemetry:\n  otlp: {{exit_seconds: 0.4}}\n");
    for manner in [
        Manner::Hangs,
        Manner::Resets,
        Manner::Garbage,
        Manner::Page,
        Manner::Huge,
        Manner::Status(400),
        Manner::Status(429),
        Manner::Status(500),
        Manner::Status(503),
        Manner::RetryAfter,
        Manner::Redirects,
    ] {
        for protocol in ["http/protobuf", "http/json", "grpc"] {
            let collector = Collector::start(manner);
            let project = Project::new(&[("apex.yaml", &hurried)]);
            let answer = run_to(&project, &collector, &[("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)]);
            let label = format!("{manner:?} over {protocol}: {}", answer.stderr);
            assert_eq!(answer.status.code(), Some(0), "{label}");
            assert!(answer.stderr.contains("PASSED"), "{label}");
            let told: Vec<&str> =
                answer.stderr.lines().filter(|line| line.contains("telemetry")).collect();
            assert_eq!(told.len(), 1, "told once: {label}");
            assert!(told[0].contains("17 of 17 spans did not reach http://127.0.0.1"), "{label}");
        }
    }
}

#[test]
fn no_collector_at_all_and_one_that_refuses_a_part_are_told_with_numbers() {
    let project = project();
    let answer = run(&project, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let told = "warning: telemetry: 17 of 17 spans did not reach http://127.0.0.1:9/v1/traces: ";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);

    let collector = Collector::start(Manner::Partial);
    let project = self::project();
    let answer = run_to(&project, &collector, &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let told = format!(
        "1 of 17 spans did not reach {}/v1/traces: it refused them: one is enough",
        collector.url()
    );
    assert!(answer.stderr.contains(&told), "{}", answer.stderr);
}

#[test]
fn a_failed_run_fails_alike_whatever_the_collector_does() {
    let layers = "apex: 1\nlayers:\n  one:\n    categories: [{name: unit, command: ['false']}]\n";
    for manner in [Manner::Takes, Manner::Hangs] {
        let collector = Collector::start(manner);
        let project = Project::new(&[("apex.yaml", layers)]);
        let answer = run_to(&project, &collector, &[]);
        assert_eq!(answer.status.code(), Some(1), "{manner:?}: {}", answer.stderr);
    }
}

#[test]
fn jobs_know_their_span_and_the_run_hangs_below_the_one_that_called_it() {
    let collector = Collector::start(Manner::Takes);
    let project = project();
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = run_to(
        &project,
        &collector,
        &[("TRACEPARENT", caller), ("TRACESTATE", "vendor=1"), ("BAGGAGE", "team=a")],
    );
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let received = collector.received();
    let span = |name: &str| received.spans.iter().find(|one| one.name == name).expect("a span");
    let (root, job) = (span("RUN apex nightly"), span("last 2"));
    assert_eq!(hex(&root.parent_span_id), "b7ad6b7169203331");
    assert_eq!(hex(&root.trace_id), "0af7651916cd43dd8448eb211c80319c");
    let place = project.read("place");
    let run = project.last_run().file_name().expect("a name").to_string_lossy().into_owned();
    for line in [
        format!("TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-{}-01", hex(&job.span_id)),
        "TRACESTATE=vendor=1".to_owned(),
        format!("BAGGAGE=team=a,cicd.pipeline.run.id={run}"),
    ] {
        assert!(place.lines().any(|told| told == line), "{line} is missing in {place}");
    }
}

#[test]
fn without_a_word_about_it_nothing_is_started_and_nothing_is_told() {
    let project = project();
    let answer = run(&project, &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_eq!(project.read("place"), "");
    let threads = project.read("threads");
    assert!(threads.contains("apex-feed"), "{threads}");
    assert!(!threads.contains("apex-telemetry"), "{threads}");
    let collector = Collector::start(Manner::Takes);
    let other = self::project();
    let _ = run_to(&other, &collector, &[]);
    assert!(other.read("threads").contains("apex-telemetry"), "{}", other.read("threads"));
    drop(collector.received());
    let silenced = self::project();
    let _ = run_to(&silenced, &collector, &[("OTEL_SDK_DISABLED", "true")]);
    assert!(!silenced.read("threads").contains("apex-telemetry"));
}

#[test]
fn a_folder_takes_lines_that_a_collector_reads() {
    let text =
        format!("{LAYERS}telemetry:\n  otlp: {{folder: sent, logs: true, metrics: false}}\n");
    let project = Project::new(&[("apex.yaml", &text)]);
    let answer = run(&project, &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let spans: usize = project
        .read("sent/traces.jsonl")
        .lines()
        .map(|line| {
            let line: Json = serde_json::from_str(line).expect("a line of JSON");
            line["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().map_or(0, Vec::len)
        })
        .sum();
    assert_eq!(spans, 17);
    assert!(project.read("sent/logs.jsonl").contains("hello"));
    assert!(!project.root().join("sent/metrics.jsonl").exists());
}

#[test]
fn a_test_that_speaks_opentelemetry_hangs_below_its_own_span() {
    let probe = "import pytest, opentelemetry.sdk, opentelemetry.exporter.otlp.proto.http";
    if !tool_answers("opentelemetry-sdk", "python3", &["-c", probe]) {
        return;
    }
    let test = r#"
import os
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))

def record(name):
    place = TraceContextTextMapPropagator().extract({"traceparent": os.environ["TRACEPARENT"]})
    with provider.get_tracer("shop").start_as_current_span(name, context=place):
        pass

def test_first():
    record("inside of first")

def test_second():
    record("inside of second")
"#;
    let layers = "apex: 1\nlayers:\n  one:\n    categories: [{name: unit, runner: pytest, paths: [tests]}]\n";
    let project = Project::new(&[("apex.yaml", layers), ("tests/test_traced.py", test)]);
    let collector = Collector::start(Manner::Takes);
    let answer = run_to(&project, &collector, &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let lines = tree(&collector.received());
    for name in ["first", "second"] {
        let end = format!("> unit 0 > test_{name} > inside of {name}");
        assert!(lines.iter().any(|line| line.ends_with(&end)), "{end} is missing in {lines:#?}");
    }
}

/// Reads text for Prometheus with its own parser and writes the families as `name type samples`.
const PARSE: &str = "import sys
from prometheus_client.parser import text_string_to_metric_families as read
for one in read(open(sys.argv[1]).read()):
    print(one.name, one.type, len(one.samples))
    assert one.documentation and one.samples";

#[test]
fn the_metrics_of_a_record_are_read_by_the_parser_of_prometheus() {
    if !tool_answers("prometheus_client", "python3", &["-c", "import prometheus_client.parser"]) {
        return;
    }
    let project = project();
    let none = project.run(&["metrics"]);
    assert_eq!(none.status.code(), Some(2), "{}", none.stderr);
    assert!(none.stderr.contains("no run is recorded here"), "{}", none.stderr);
    assert_eq!(run(&project, &[]).status.code(), Some(0));
    let answer = project.run(&["metrics"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    project.write("metrics.txt", &answer.stdout);
    let mut parser = Command::new("python3");
    parser.args(["-c", PARSE]).arg(project.root().join("metrics.txt"));
    let parsed = finish(parser);
    assert_eq!(parsed.status.code(), Some(0), "{}\n{}", parsed.stderr, answer.stdout);
    for line in [
        "apex_test_case_count counter 4",
        "cicd_pipeline_run_active gauge 1",
        "cicd_pipeline_run_duration_seconds histogram 13",
        "apex_layer_budget_utilization_ratio gauge 2",
    ] {
        assert!(parsed.stdout.lines().any(|one| one == line), "{line}: {}", parsed.stdout);
    }
}
