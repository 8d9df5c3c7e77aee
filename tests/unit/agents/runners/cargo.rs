//! Text of libtest and of nextest.

use std::time::Duration;

use apex_agents::runners::{Session, Step, Tools};
use apex_config::model::RunnerKind;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;

use super::{job, lines, program, session};

const ARTIFACT: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///p#demo@0.1.0","manifest_path":"/p/Cargo.toml","target":{"kind":["test"],"name":"it","src_path":"/p/tests/it.rs"},"profile":{"test":true},"executable":"/p/target/it"}"#;
const DONE: Option<&ProcessEnd> = Some(&ProcessEnd::Exited(0));

/// Feeds a build with one test program.
fn build(session: &mut dyn Session, reports: &mut Vec<JobReport>) {
    let build = program(session, None);
    assert_eq!(build.arguments[..3], ["cargo", "test", "--no-run"]);
    session.output(Stream::Stdout, format!("{ARTIFACT}\n").as_bytes(), reports);
}

#[test]
fn results_that_are_torn_apart_by_output_are_put_together() {
    let mut session = session(&job(RunnerKind::Cargo), None, &Tools::default());
    let mut reports = Vec::new();
    build(session.as_mut(), &mut reports);
    let list = program(session.as_mut(), DONE);
    assert_eq!(list.arguments, ["/p/target/it", "--list", "--format", "terse"]);
    assert_eq!(list.working_directory, "");
    session.output(
        Stream::Stdout,
        b"a: test\nb: test\nc: test\nd: test\nx: benchmark\n",
        &mut reports,
    );
    let mut steps = Vec::new();
    session.next(DONE, &mut steps);
    reports.extend(steps);
    let text = "running 4 tests\ntest a ... printed\nok\ntest b - should panic ... ok\ntest c ... ignored, later\ntest d ... FAILED\n\nfailures:\n\n---- d stdout ----\nthread 'd' panicked at 'old words', tests/it.rs:3:5\n\nfailures:\n    d\n\ntest result: FAILED. 2 passed; 1 failed; 1 ignored\n";
    session.output(Stream::Stdout, text.as_bytes(), &mut reports);
    session.next(Some(&ProcessEnd::Exited(101)), &mut reports);
    assert_eq!(
        lines(&reports),
        [
            "demo::it$a passed",
            "demo::it$b passed",
            "demo::it$c skipped later",
            "demo::it$d failed 'old words', tests/it.rs:3:5"
        ]
    );
}

/// A session that has listed these tests and is about to run them with two threads.
fn listed(names: &[&str], reports: &mut Vec<JobReport>) -> Box<dyn Session> {
    let tools = Tools { threads: 2, ..Tools::default() };
    let mut session = session(&job(RunnerKind::Cargo), None, &tools);
    build(session.as_mut(), reports);
    program(session.as_mut(), DONE);
    let list: String = names.iter().map(|name| format!("{name}: test\n")).collect();
    session.output(Stream::Stdout, list.as_bytes(), reports);
    let step = session.next(DONE, reports);
    let Step::Run(run) = step else { panic!("no program: {step:?}") };
    assert_eq!(run.env["RUST_TEST_THREADS"], "2", "what the inference relies on");
    session
}

/// Hands text over at a time of the attempt.
fn say(session: &mut dyn Session, millis: u64, text: &str, reports: &mut Vec<JobReport>) {
    session.clock(Duration::from_millis(millis));
    session.output(Stream::Stdout, text.as_bytes(), reports);
}

/// Names of the tests that began, in order, and milliseconds of those that ended.
fn turns(names: &[&str], reports: &[JobReport]) -> (Vec<String>, Vec<(String, Option<u128>)>) {
    let name = |test: u32| names[test as usize].to_owned();
    let begun = reports.iter().filter_map(|report| match report {
        JobReport::TestStarted { test } => Some(name(*test)),
        _ => None,
    });
    let ended = reports.iter().filter_map(|report| match report {
        JobReport::TestFinished { test, report } => {
            Some((name(*test), report.duration.map(|time| time.as_millis())))
        }
        _ => None,
    });
    (begun.collect(), ended.collect())
}

#[test]
fn beginnings_and_times_follow_from_the_order_of_results() {
    let names = ["a", "b", "c", "d", "e"];
    let mut reports = Vec::new();
    let mut session = listed(&names, &mut reports);
    say(session.as_mut(), 10, "running 5 tests\n", &mut reports);
    assert_eq!(turns(&names, &reports).0, ["a", "b"]);
    say(session.as_mut(), 30, "test b ... FAILED\n", &mut reports);
    say(session.as_mut(), 70, "test c ... ok\n", &mut reports);
    assert_eq!(turns(&names, &reports).0, ["a", "b", "c", "d"]);
    say(session.as_mut(), 90, "test d ... ok\ntest e ... ok\n", &mut reports);
    say(session.as_mut(), 100, "test a ... ok\n", &mut reports);
    let rest = "\nfailures:\n\n---- b stdout ----\nno\n\ntest result: FAILED. 4 passed\n";
    say(session.as_mut(), 500, rest, &mut reports);
    session.next(Some(&ProcessEnd::Exited(101)), &mut reports);
    let times = [("c", Some(40)), ("d", Some(20)), ("e", None), ("a", Some(90)), ("b", Some(20))];
    let times = times.map(|(name, time)| (name.to_owned(), time));
    assert_eq!(turns(&names, &reports).1, times, "e began and ended between two looks");
}

#[test]
fn an_order_that_cannot_be_ends_the_inference_and_a_slow_test_is_named_all_the_same() {
    let names = ["a", "b", "c", "d"];
    let mut reports = Vec::new();
    let mut session = listed(&names, &mut reports);
    say(session.as_mut(), 10, "running 4 tests\n", &mut reports);
    say(session.as_mut(), 20, "test d ... ok\ntest zz ... ok\n", &mut reports);
    say(session.as_mut(), 30, "test a ... ok\n", &mut reports);
    assert_eq!(turns(&names, &reports).0, ["a", "b", "d"], "c is not said to run");
    let slow = "test c has been running for over 60 seconds\n";
    say(session.as_mut(), 40, slow, &mut reports);
    assert_eq!(turns(&names, &reports).0, ["a", "b", "d", "c"]);
}

/// The names of the tests that a program is asked for.
fn asked(step: &Step) -> Vec<&str> {
    let Step::Run(program) = step else { panic!("no program: {step:?}") };
    program.arguments[1..].iter().filter(|word| *word != "--exact").map(String::as_str).collect()
}

#[test]
fn the_only_test_that_ran_at_a_death_did_it_and_the_rest_runs_again() {
    let names = ["a", "b", "c", "d"];
    let mut reports = Vec::new();
    let mut session = listed(&names, &mut reports);
    let said = "running 4 tests\ntest b ... ok\ntest c ... ok\ntest a ... ok\n";
    say(session.as_mut(), 10, said, &mut reports);
    let step = session.next(Some(&ProcessEnd::Signalled(6)), &mut reports);
    assert_eq!(
        lines(&reports).last().unwrap(),
        "demo::it$d errored killed by signal 6 while it ran"
    );
    assert!(matches!(step, Step::Finish { problem: None }), "{step:?}");
}

#[test]
fn of_several_tests_that_ran_at_a_death_each_runs_by_itself_before_the_rest() {
    let names = ["a", "b", "c", "d"];
    let mut reports = Vec::new();
    let mut session = listed(&names, &mut reports);
    say(session.as_mut(), 10, "running 4 tests\n", &mut reports);
    let died = Some(&ProcessEnd::Signalled(6));
    assert_eq!(asked(&session.next(died, &mut reports)), ["a"]);
    let passed = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed\n";
    say(session.as_mut(), 20, passed, &mut reports);
    assert_eq!(asked(&session.next(DONE, &mut reports)), ["b"]);
    assert_eq!(asked(&session.next(died, &mut reports)), ["c", "d"]);
    let passed = "running 2 tests\ntest c ... ok\ntest d ... ok\n\ntest result: ok. 2 passed\n";
    say(session.as_mut(), 30, passed, &mut reports);
    let step = session.next(DONE, &mut reports);
    assert!(matches!(step, Step::Finish { problem: None }), "{step:?}");
    assert_eq!(
        lines(&reports),
        [
            "demo::it$a passed",
            "demo::it$b errored killed by signal 6 while it ran",
            "demo::it$c passed",
            "demo::it$d passed"
        ]
    );
}

#[test]
fn nextest_tries_time_limits_and_signals_are_understood() {
    let tools = Tools { has_nextest: true, ..Tools::default() };
    let mut session = session(&job(RunnerKind::Cargo), None, &tools);
    let mut reports = Vec::new();
    build(session.as_mut(), &mut reports);
    let list = program(session.as_mut(), DONE);
    assert_eq!(list.arguments[..3], ["cargo", "nextest", "list"]);
    let run = program(session.as_mut(), DONE);
    assert_eq!(run.arguments[..3], ["cargo", "nextest", "run"]);
    assert_eq!(run.env["NEXTEST_EXPERIMENTAL_LIBTEST_JSON"], "1");
    let out = r#"{"type":"suite","event":"started","test_count":5}
{"type":"test","event":"started","name":"demo::it$flaky"}
{"type":"test","event":"ok","name":"demo::it$flaky#2","exec_time":0.004}
{"type":"test","event":"failed","name":"demo::it$slow","exec_time":2.0,"reason":"time limit exceeded"}
{"type":"test","event":"failed","name":"demo::it$aborts","exec_time":0.003,"stdout":"before abort\n"}
{"type":"test","event":"failed","name":"demo::it$exits","exec_time":0.003,"stdout":""}
{"type":"test","event":"ignored","name":"demo::it$later"}
"#;
    session.output(Stream::Stdout, out.as_bytes(), &mut reports);
    let errors = "    Starting 5 tests across 1 binary\n     SIGABRT [   0.004s] (3/5) demo::it aborts\n        FAIL [   0.004s] (4/5) demo::it exits\n────────────\n     Summary [   4.025s] 5 tests run\nerror: test run failed\n";
    session.output(Stream::Stderr, errors.as_bytes(), &mut reports);
    let step = session.next(Some(&ProcessEnd::Exited(100)), &mut reports);
    assert_eq!(
        lines(&reports),
        [
            "demo::it$flaky flaky passed on try 2",
            "demo::it$slow timed_out nextest ended it at its slow-timeout",
            "demo::it$later skipped",
            "demo::it$aborts errored ended by SIGABRT while it ran",
            "demo::it$exits failed"
        ]
    );
    assert!(format!("{step:?}").contains("None"), "{step:?}");
}

#[test]
fn the_first_error_of_the_compiler_is_the_problem() {
    let mut session = session(&job(RunnerKind::Cargo), None, &Tools::default());
    program(session.as_mut(), None);
    let text = b"   Compiling demo\nwarning: unused\nerror[E0308]: mismatched types\n  --> src/lib.rs:3:5\nerror: could not compile\n";
    session.output(Stream::Stderr, text, &mut Vec::new());
    let step = session.next(Some(&ProcessEnd::Exited(101)), &mut Vec::new());
    let expected = "the build failed at src/lib.rs:3:5: error[E0308]: mismatched types";
    assert!(format!("{step:?}").contains(expected), "{step:?}");
}
