//! What a layer was doing when its budget was used up.

use apex_core::event::{LayerEvent, ServiceEvent};
use apex_core::view::Phase;
use apex_core::{LayerIx, Outcome};

use super::stream::{Stream, plan, service};

/// A layer with two jobs and a service, which has just begun; another one beside it.
fn begun() -> Stream {
    let mut plan =
        plan(&[("first", 60, &[("unit", 0), ("lint", 0)]), ("second", 60, &[("other", 0)])]);
    plan.services.push(service("postgresql"));
    let mut stream = Stream::of(plan);
    stream.at(1.0).layer(0, LayerEvent::Started).layer(1, LayerEvent::Started);
    stream
}

fn seen(mut stream: Stream) -> (Phase, String) {
    stream.layer(0, LayerEvent::BudgetExceeded);
    let layer = &stream.view.layers()[LayerIx(0).position()];
    let phase = layer.exceeded_in.expect("a phase");
    (phase, format!("{}: {}", phase.as_str(), phase.describe()))
}

#[test]
fn each_phase_is_told_from_the_others() {
    let waiting = begun();
    let mut services = begun();
    services.service(0, ServiceEvent::Starting);
    let mut preparing = begun();
    preparing.service(0, ServiceEvent::Starting).job_starts(0).writes(0).job_starts(1);
    let mut testing = begun();
    testing.job_starts(0).job_starts(1);
    let first = testing.discover(0, &["a", "b"]);
    testing.starts(first, 1);
    let mut closing = begun();
    closing.job_starts(0);
    let only = closing.discover(0, &["a"]);
    closing.runs(only, Outcome::Passed);
    let cases = [
        (waiting, "waiting: its jobs waited for their turn"),
        (services, "services: 1 service started"),
        (preparing, "preparing: 2 jobs were built or collected"),
        (testing, "testing: 1 test ran"),
        (closing, "closing: 1 job was between its tests or at its end"),
    ];
    for (stream, expected) in cases {
        assert_eq!(seen(stream).1, expected);
    }
}

#[test]
fn what_another_layer_does_is_not_its_phase() {
    let mut stream = begun();
    stream.job_starts(2);
    let other = stream.discover(2, &["c"]);
    stream.starts(other, 1);
    assert_eq!(seen(stream).0, Phase::Waiting);
}
