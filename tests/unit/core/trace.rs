//! Ids of spans before the spans exist, and the text that passes them on.

use std::collections::BTreeSet;

use apex_core::trace::{Caller, Place, Trace};
use apex_core::{AttemptNumber, CategoryIx, JobIx, LayerIx, RunId, ServiceIx};

const RUN: &str = "01a20a2b-542b-72ea-9199-8089b8fc333a";
const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn trace() -> Trace {
    Trace::of_run(&RunId::new(RUN), None)
}

#[test]
fn every_thing_has_an_id_of_its_own_and_always_the_same() {
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for trace in
        [trace(), Trace::of_run(&RunId::new(RUN), Some(2)), Trace::of_run(&RunId::new("b"), None)]
    {
        let mut places = vec![Place::Run];
        for number in 0..200 {
            places.extend([
                Place::Layer(LayerIx(number)),
                Place::Category(CategoryIx(number)),
                Place::Job(JobIx(number)),
                Place::JobAttempt(JobIx(number), AttemptNumber(1)),
                Place::JobAttempt(JobIx(number), AttemptNumber(2)),
                Place::Service(ServiceIx(number)),
            ]);
        }
        for place in places {
            assert_eq!(trace.span(place), trace.clone().span(place));
            ids.insert(trace.span(place).0);
            count += 1;
        }
        for number in 0..2000 {
            let test = format!("tests/test_a.py::test_{number}");
            ids.insert(trace.test_span(JobIx(number % 7), &test).0);
            ids.insert(trace.test_attempt_span(JobIx(number % 7), &test, AttemptNumber(1)).0);
            count += 2;
        }
    }
    assert_eq!(ids.len(), count);
}

#[test]
fn a_run_id_that_is_a_uuid_is_the_id_of_the_trace() {
    assert_eq!(trace().id().to_string(), RUN.replace('-', ""));
    let named = Trace::of_run(&RunId::new("nightly"), None);
    assert_eq!(named.id().to_string().len(), 32);
    assert_ne!(named.id(), Trace::of_run(&RunId::new("nightlz"), None).id());
}

/// FNV-1a of 64 bits, written again as the plug-in for pytest writes it.
fn by_hand(job: [u8; 8], test: &str) -> [u8; 8] {
    let mut value: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in job.iter().chain(test.as_bytes()) {
        value = (value ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    value.to_be_bytes()
}

#[test]
fn the_span_of_a_test_is_what_a_plug_in_computes() {
    let job = trace().span(Place::Job(JobIx(3)));
    let test = "tests/test_ä.py::test_b[1]";
    assert_eq!(trace().test_span(JobIx(3), test).0, by_hand(job.0, test));
}

#[test]
fn a_caller_is_read_as_the_recommendation_says() {
    let known = Caller::read(CALLER).unwrap();
    assert_eq!(known.trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(known.span.to_string(), "b7ad6b7169203331");
    assert!(known.is_sampled);
    let id = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
    for (text, sampled) in [
        (format!("00-{id}-00"), Some(false)),
        (format!("00-{id}-03"), Some(true)),
        (format!(" 00-{id}-01 "), Some(true)),
        (format!("cc-{id}-01-what-comes-later"), Some(true)),
        (format!("ff-{id}-01"), None),
        (format!("00-{id}-01-more"), None),
        (format!("00-{id}"), None),
        (format!("00-{}-01", id.to_uppercase()), None),
        (
            format!("00-{}-01", id.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32))),
            None,
        ),
        (format!("00-{}-01", id.replace("b7ad6b7169203331", &"0".repeat(16))), None),
        ("00-é-b7ad6b7169203331-01".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(Caller::read(&text).map(|caller| caller.is_sampled), sampled, "{text}");
    }
}

#[test]
fn what_is_passed_on_names_caller_run_and_decision() {
    let trace =
        trace().called_by(&Caller::read(CALLER).unwrap(), "vendor=1").with_baggage("team=a");
    let span = trace.span(Place::Job(JobIx(0)));
    let expected = format!("00-0af7651916cd43dd8448eb211c80319c-{span}-01");
    assert_eq!(trace.parent_of(span), expected);
    assert_eq!(trace.clone().sampled(false).parent_of(span), expected.replace("-01", "-00"));
    assert_eq!(trace.state(), "vendor=1");
    assert_eq!(trace.baggage(), format!("team=a,cicd.pipeline.run.id={RUN}"));
    let odd = Trace::of_run(&RunId::new("a b,c"), None);
    assert_eq!(odd.baggage(), "cicd.pipeline.run.id=a%20b%2Cc");
    let long = "x".repeat(10_000);
    assert_eq!(self::trace().with_baggage(&long), self::trace());
    assert_eq!(self::trace().with_baggage("a=\n"), self::trace());
}
