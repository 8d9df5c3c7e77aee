//! Text of libtest and of nextest.

use apex_agents::runners::{Session, Tools};
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

#[test]
fn nextest_tries_time_limits_and_signals_are_understood() {
    let tools = Tools { has_nextest: true, ..Tools::default() };
    let mut session = session(&job(RunnerKind::Cargo), None, &tools);
    let mut reports = Vec::new();
    build(session.as_mut(), &mut reports);
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
