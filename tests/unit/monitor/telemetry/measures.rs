//! Metrics of a run, and their text for Prometheus.

use apex_core::event::{JobEvent, LayerEvent, ProcessEnd, RunResult, ServiceEvent};
use apex_core::{AttemptNumber, Event, JobIx, Outcome, Verdict};
use apex_monitor::measures::text::metrics_text;
use apex_monitor::measures::{Histogram, Measures, Value};

use crate::monitor::stream::{Stream, plan, service};
use crate::monitor::wire::every_use;

fn text_of(stream: &Stream) -> String {
    let mut measures = Measures::default();
    stream.envelopes.iter().for_each(|envelope| measures.look(envelope));
    let view = &stream.view;
    metrics_text(&measures.metrics(view, view.last()))
}

fn a_run() -> Stream {
    let mut plan = plan(&[("fast", 60, &[("unit", 0), ("api", 0)])]);
    plan.services.push(service("postgres"));
    let mut stream = Stream::of(plan);
    stream.at(1.0).layer(0, LayerEvent::Started).service(0, ServiceEvent::Starting);
    stream.at(3.5).service(0, ServiceEvent::Ready { addresses: Vec::new() });
    stream.job_starts(0);
    stream.discover(0, &["a", "b", "c"]);
    stream.runs(0, Outcome::Passed).runs(1, Outcome::Passed).runs(2, Outcome::Skipped);
    stream.at(31.0).layer_ends(0, Verdict::Passed, "");
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    stream
}

#[test]
fn a_run_is_written_with_its_labels_and_numbers() {
    let text = text_of(&a_run());
    for line in [
        "# TYPE apex_test_case_count_total counter",
        "apex_test_case_count_total{apex_layer=\"fast\",apex_category=\"unit\",apex_outcome=\"passed\"} 2",
        "apex_test_case_count_total{apex_layer=\"fast\",apex_category=\"unit\",apex_outcome=\"skipped\"} 1",
        "# TYPE apex_test_case_duration_seconds histogram",
        "# TYPE apex_layer_budget_utilization_ratio gauge",
        "apex_scheduler_queue_length 1",
        "cicd_pipeline_run_errors_total{cicd_pipeline_name=\"apex\",error_type=\"tests\"} 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is missing in:\n{text}");
    }
    let value = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
        line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok())
    };
    let used = value("apex_layer_budget_utilization_ratio{apex_layer=\"fast\"}").unwrap();
    assert!((used - 0.5).abs() < 0.001, "{used}");
    let ready = value("apex_service_ready_duration_seconds{").unwrap();
    assert!((ready - 2.5).abs() < 0.001, "{ready}");
    assert_eq!(value("cicd_pipeline_run_duration_seconds_count"), Some(1.0));
}

#[test]
fn what_is_used_is_written_for_machine_apex_categories_and_services() {
    let mut stream = Stream::of({
        let mut plan = plan(&[("fast", 60, &[("unit", 0), ("api", 0)])]);
        plan.services.push(service("postgres"));
        plan
    });
    stream.at(1.0).layer(0, LayerEvent::Started).job_starts(0);
    let before = text_of(&stream);
    assert!(!before.contains("system_"), "{before}");
    stream.at(2.0).push(Event::Resources(Box::new(every_use())));
    let ended = JobEvent::AttemptFinished {
        attempt: AttemptNumber::FIRST,
        end: ProcessEnd::Exited(0),
        peak_memory_mb: Some(200),
        cpu_time: Some(std::time::Duration::from_millis(3_500)),
    };
    stream.at(3.0).push(Event::Job(JobIx(0), ended));
    let text = text_of(&stream);
    for line in [
        "system_cpu_utilization_ratio 0.75",
        "system_memory_usage_bytes{system_memory_state=\"used\"} 5242880000",
        "system_memory_usage_bytes{system_memory_state=\"free\"} 3145728000",
        "apex_host_pressure_ratio{apex_resource=\"io\"} 0.01",
        "apex_host_disk_rate_bytes_per_second{disk_io_direction=\"write\"} 12582912",
        "process_memory_usage_bytes 44040192",
        "apex_process_cpu_usage 1.25",
        "apex_category_memory_usage_bytes{apex_layer=\"fast\",apex_category=\"unit\"} 171966464",
        "apex_category_cpu_usage{apex_layer=\"fast\",apex_category=\"unit\"} 1.25",
        "apex_category_memory_peak_bytes{apex_layer=\"fast\",apex_category=\"unit\"} 209715200",
        "apex_category_cpu_time_seconds_total{apex_layer=\"fast\",apex_category=\"unit\"} 3.5",
        "apex_service_memory_usage_bytes{apex_service=\"postgres\"} 22020096",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is missing in:\n{text}");
    }
    assert!(!text.contains("apex_category=\"api\""), "{text}");
}

#[test]
fn before_a_run_there_is_nothing_and_while_it_runs_it_is_active() {
    assert_eq!(
        metrics_text(
            &Measures::default().metrics(&apex_core::RunView::new(), apex_core::Moment::START)
        ),
        ""
    );
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.at(1.0).layer(0, LayerEvent::Started);
    let text = text_of(&stream);
    assert!(text.contains("cicd_pipeline_run_active{cicd_pipeline_name=\"apex\",cicd_pipeline_run_state=\"executing\"} 1"), "{text}");
    assert!(!text.contains("run_duration"), "{text}");
}

#[test]
fn a_number_on_a_bound_lies_below_it() {
    let mut histogram = Histogram::of_tests();
    for number in [0.005, 0.0051, 60.0, 61.0] {
        histogram.add(number);
    }
    let counts = histogram.counts();
    assert_eq!((counts[0], counts[1], counts[13], counts[14]), (1, 1, 1, 1));
    assert_eq!(histogram.count(), 4);
    assert!((histogram.sum() - 121.0101).abs() < 1e-9);
    let _ = Value::Distribution(histogram);
}
