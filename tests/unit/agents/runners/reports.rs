//! JUnit, TAP and CTRF, as their many writers write them.

use apex_agents::runners::read_report;
use apex_core::Outcome;

/// Reads a report and compares `suite::name outcome message` of each test, and the problem.
fn check(text: &str, expected: &[&str], problem: Option<&str>) {
    let report = read_report(text.as_bytes());
    let tests: Vec<String> = report
        .tests
        .iter()
        .map(|test| {
            let outcome = test.outcome.unwrap_or(Outcome::Passed);
            format!("{}::{} {outcome} {}", test.suite, test.name, test.message)
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(tests, expected, "{text}");
    match problem {
        None => assert_eq!(report.problem, None, "{text}"),
        Some(part) => {
            let found = report.problem.unwrap_or_default();
            assert!(found.contains(part), "`{found}` should say `{part}`: {text}");
        }
    }
}

#[test]
fn junit_of_pytest_is_read() {
    check(
        r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" tests="4" time="0.1">
<testcase classname="tests.test_a" name="test_ok" time="0.001" />
<testcase classname="tests.test_a" name="test_bad[&lt;x&gt;]" time="0.002"><failure message="AssertionError: 1 &#10;second">def test_bad():
&gt;       assert 1 == 2</failure></testcase>
<testcase classname="tests.test_a" name="test_set_up"><error message="failed on setup">E</error></testcase>
<testcase classname="tests.test_a" name="test_skip"><skipped type="pytest.skip" message="not today">x</skipped></testcase>
</testsuite></testsuites>"#,
        &[
            "tests.test_a::test_ok passed",
            "tests.test_a::test_bad[<x>] failed AssertionError: 1",
            "tests.test_a::test_set_up errored failed on setup",
            "tests.test_a::test_skip skipped not today",
        ],
        None,
    );
}

#[test]
fn junit_variants_are_read() {
    check(
        "<testsuite name='outer'><testsuite name='inner'><testcase name='a' time='1,234.5'/></testsuite><testcase name='b'><failure><![CDATA[\n  first <line>\nsecond]]></failure></testcase></testsuite>",
        &["inner::a passed", "outer::b failed first <line>"],
        None,
    );
    check(
        "<testsuites><testsuite name='s'><testcase name='flaky'><flakyFailure message='once'>x</flakyFailure></testcase><testcase name='rerun'><failure message='last'/><rerunFailure message='first'/></testcase><testcase name='off' status='disabled'/></testsuite></testsuites>",
        &["s::flaky flaky once", "s::rerun failed last", "s::off skipped"],
        None,
    );
    check("<testsuites/>", &[], None);
}

#[test]
fn a_report_that_breaks_off_keeps_its_tests_and_is_a_problem() {
    check(
        "<testsuite name='s'><testcase name='a'/><testcase name='b'>",
        &["s::a passed"],
        Some("breaks off"),
    );
    check("<testsuite><testcase name='a'/><test", &["::a passed"], Some(""));
    check("<html><body>502</body></html>", &[], Some("not a JUnit report"));
    check("", &[], Some("empty"));
}

#[test]
fn entities_are_never_expanded() {
    check(
        "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><testsuite><testcase name='n'/></testsuite>",
        &[],
        Some("document types are not read"),
    );
    check(
        "<testsuite name='s'><testcase name='a'><failure>&unknown; &amp; &#65;</failure></testcase></testsuite>",
        &["s::a failed &unknown; & A"],
        None,
    );
}

#[test]
fn tap_points_directives_and_diagnostics_are_read() {
    check(
        "TAP version 14\n1..6\nok 1 - fine\nnot ok 2 - bad\n  ---\n  message: 'numbers differ'\n  at: x\n  ...\nok 3 - later # SKIP no device\nnot ok 4 - open # TODO write it\nok 5\nok 6 - a \\# b\n# done\n",
        &[
            "::fine passed",
            "::bad failed numbers differ",
            "::later skipped no device",
            "::open skipped to do: write it",
            "::test 5 passed",
            "::a # b passed",
        ],
        None,
    );
}

#[test]
fn only_leaves_of_tap_subtests_are_tests() {
    check(
        "TAP version 14\n# Subtest: outer\n    # Subtest: inner\n        ok 1 - deep\n        1..1\n    ok 1 - inner\n    not ok 2 - flat\n    1..2\nnot ok 1 - outer\n    1..0\nok 2 - empty\n1..2\n",
        &["::outer > inner > deep passed", "::outer > flat failed", "::empty passed"],
        None,
    );
}

#[test]
fn tap_that_is_not_whole_is_a_problem() {
    check("1..3\nok 1 - a\n", &["::a passed"], Some("3 tests were planned and 1 reported"));
    check("ok 1 - a\n", &["::a passed"], Some("the plan is missing"));
    check("1..2\nok 1 - a\nBail out! disk full\n", &["::a passed"], Some("bailed out: disk full"));
    check("all is well\n", &[], Some("not a TAP report"));
    check("1..0 # SKIP nothing to do\n", &[], None);
}

#[test]
fn ctrf_is_read() {
    check(
        r#"{"results": {"tool": {"name": "x"}, "tests": [
            {"name": "a", "status": "passed", "duration": 12, "suite": ["f", "g"]},
            {"name": "b", "status": "failed", "message": "boom", "suite": "f"},
            {"name": "c", "status": "pending"}, {"name": "d", "status": "other"},
            {"name": "e", "status": "passed", "flaky": true}]}}"#,
        &["f > g::a passed", "f::b failed boom", "::c skipped", "::d errored", "::e flaky"],
        None,
    );
    check("{\"results\": 3}", &[], Some("no results.tests"));
    check("{", &[], Some("not a CTRF report"));
}
