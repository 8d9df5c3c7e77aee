//! What a run measures, as Prometheus reads it from the server.

use std::process::{Command, Stdio};

use apex_tests::tool::tool_answers;

use super::journal::Journal;
use super::place::Place;

/// Reads text for Prometheus with its own parser and writes every sample as `name value`.
const PARSE: &str = "import sys
from prometheus_client.parser import text_string_to_metric_families as read
for one in read(sys.stdin.read()):
    for sample in one.samples:
        print(sample.name, float(sample.value))
    assert one.documentation and one.samples, one";

/// The samples of a text, by the parser of Prometheus.
fn samples(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics.txt");
    std::fs::write(&file, text).unwrap();
    let mut parser = Command::new("python3");
    parser.args(["-c", PARSE]).stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
    let answer = parser.output().unwrap();
    assert!(answer.status.success(), "{}\n{text}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_run_is_measured_while_it_goes_on_and_when_it_is_over() {
    if !tool_answers("prometheus_client", "python3", &["-c", "import prometheus_client.parser"]) {
        return;
    }
    let place = Place::new();
    assert_eq!(place.get("/metrics").body, "", "there is no run yet");
    let mut earlier = Journal::begin(place.state(), "one");
    earlier.finish();
    let mut journal = Journal::begin(place.state(), "two");
    journal.run_tests(&[("a", "passed", ""), ("b", "failed", "boom")]);
    let answer = place.get("/metrics");
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    let live = samples(&answer.body);
    for sample in ["cicd_pipeline_run_active 1.0", "apex_test_case_count_total 1.0"] {
        assert!(live.iter().any(|one| one == sample), "{sample}: {live:#?}");
    }
    assert!(!live.iter().any(|one| one.starts_with("cicd_pipeline_run_duration")), "{live:#?}");
    let over = samples(&place.get("/metrics?run=one").body);
    for sample in ["cicd_pipeline_run_active 0.0", "cicd_pipeline_run_duration_seconds_count 1.0"] {
        assert!(over.iter().any(|one| one == sample), "{sample}: {over:#?}");
    }
    assert_eq!(place.get("/metrics?run=three").status, 404);
}
