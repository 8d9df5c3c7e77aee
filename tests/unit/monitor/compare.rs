//! What changed from one run to another.

use std::time::Duration;

use apex_core::event::TestEvent;
use apex_core::{AttemptNumber, Outcome};
use apex_monitor::compare::{Change, Difference};

use super::stream::{Stream, plan};

/// A run of these tests: id, outcome, milliseconds.
fn run(tests: &[(&str, Outcome, u64)]) -> Stream {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    for (id, outcome, millis) in tests {
        let test = stream.discover(0, &[id]);
        let (outcome, duration) = (*outcome, Some(Duration::from_millis(*millis)));
        let attempt = AttemptNumber::FIRST;
        stream.starts(test, 1);
        stream.test(
            |test| TestEvent::Finished { test, attempt, outcome, duration, failure: None },
            test,
        );
        stream.settles(test, outcome);
    }
    stream
}

#[test]
fn each_test_is_in_the_list_of_what_became_of_it() {
    use Outcome::{Failed, Flaky, Passed, Skipped, TimedOut};
    let earlier = run(&[
        ("same", Passed, 100),
        ("breaks", Passed, 100),
        ("was fixed", Failed, 100),
        ("stays broken", Failed, 100),
        ("slower", Passed, 400),
        ("a bit slower", Passed, 400),
        ("twice almost nothing", Passed, 10),
        ("much slower", Passed, 400),
        ("failed, now skipped", Failed, 10),
        ("gone", Passed, 10),
    ]);
    let later = run(&[
        ("same", Passed, 100),
        ("breaks", Failed, 100),
        ("was fixed", Flaky, 100),
        ("stays broken", TimedOut, 100),
        ("slower", Passed, 700),
        ("a bit slower", Passed, 500),
        ("twice almost nothing", Passed, 20),
        ("much slower", Passed, 4000),
        ("failed, now skipped", Skipped, 0),
        ("new", Passed, 10),
        ("new and broken", Failed, 10),
    ]);
    let difference = Difference::between(&earlier.view, &later.view);
    let ids = |changes: &[Change]| -> Vec<String> {
        changes.iter().map(|change| change.id.clone()).collect()
    };
    assert_eq!(ids(&difference.newly_failing), ["breaks", "new and broken"]);
    assert_eq!(ids(&difference.fixed), ["was fixed"]);
    assert_eq!(ids(&difference.still_failing), ["stays broken"]);
    assert_eq!(ids(&difference.slower), ["much slower", "slower"]);
    assert_eq!(ids(&difference.new), ["new", "new and broken"]);
    assert_eq!(ids(&difference.removed), ["gone"]);
    insta::assert_json_snapshot!(difference.newly_failing);
}
