//! How long the rest of a run is said to take.

use std::time::Duration;

use apex_core::event::LayerEvent;
use apex_core::plan::{LayerPrediction, Prediction};
use apex_core::{LayerIx, Moment, Outcome, Plan};

use crate::monitor::stream::{Stream, plan};

/// Four jobs of 1.5 seconds one after the other, which is what was predicted.
fn predicted() -> Plan {
    let mut plan = plan(&[("fast", 60, &[("a", 0), ("b", 0), ("c", 0), ("d", 0)])]);
    let six = Duration::from_secs(6);
    plan.prediction = Some(Prediction {
        low: six,
        expected: six,
        high: six,
        layers: vec![LayerPrediction { expected: six, high: six, within_budget: None }],
        runs: 3,
        unknown: 0,
    });
    plan
}

fn seconds(stream: &Stream, at: f64) -> (f64, f64) {
    let now = Moment::after_start(Duration::from_secs_f64(at));
    let run = stream.view.remaining(now).unwrap().as_secs_f64();
    (run, stream.view.layer_remaining(LayerIx(0), now).unwrap().as_secs_f64())
}

#[test]
fn nothing_is_said_without_a_prediction() {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("a", 0)])]));
    stream.layer(0, LayerEvent::Started).job_starts(0);
    assert_eq!(stream.view.remaining(Moment::START), None);
    assert_eq!(stream.view.layer_remaining(LayerIx(0), Moment::START), None);
}

#[test]
fn a_run_that_goes_as_predicted_counts_down() {
    let mut stream = Stream::of(predicted());
    stream.layer(0, LayerEvent::Started);
    assert!((seconds(&stream, 0.0).0 - 6.0).abs() < 0.1);
    for job in 0..4 {
        stream.at(1.5 * f64::from(job)).job_starts(job);
        let (run, layer) = seconds(&stream, 1.5 * f64::from(job) + 0.75);
        let expected = 6.0 - 1.5 * f64::from(job) - 0.75;
        assert!((run - expected).abs() < 0.3, "{run} instead of {expected}");
        assert!((run - layer).abs() < 0.1, "{run} {layer}");
        stream.at(1.5 * f64::from(job + 1)).job_ends(job, Outcome::Passed, "");
    }
    assert!(seconds(&stream, 6.0).0 < 0.1);
}

#[test]
fn a_job_that_hangs_makes_it_grow_slowly_and_never_jump() {
    let mut stream = Stream::of(predicted());
    stream.layer(0, LayerEvent::Started).job_starts(0);
    let mut before = seconds(&stream, 0.0).0;
    for tenths in 1..300 {
        let now = seconds(&stream, f64::from(tenths) / 10.0).0;
        assert!((now - before).abs() < 0.25, "{before} then {now} after {tenths} tenths");
        before = now;
    }
    assert!(before > 6.0, "a run that is five times slower than predicted has {before} left");
}
