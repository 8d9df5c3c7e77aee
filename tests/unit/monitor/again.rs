//! The words that run what did not pass once more.

use apex_config::model::{EnvironmentName, RunnerKind};
use apex_core::event::TestEvent;
use apex_core::test_case::TestCase;
use apex_core::{Event, JobIx, Outcome, Plan, TestIx};
use apex_monitor::report::again;

use super::stream::{Stream, case, failure, plan};

fn with(runners: &[RunnerKind]) -> Plan {
    let mut plan = plan(&[("fast", 60, &[("unit", 0), ("web", 0)])]);
    plan.request.environment = Some(EnvironmentName::new("test").unwrap());
    for (job, runner) in plan.jobs.iter_mut().zip(runners) {
        job.spec.runner = *runner;
    }
    plan
}

fn in_file(id: &str) -> TestCase {
    TestCase { file: id.split("::").next().map(Into::into), ..case(id) }
}

fn discover(stream: &mut Stream, job: u32, first: u32, ids: &[String]) {
    let cases = ids.iter().map(|id| in_file(id)).collect();
    let first = TestIx(first);
    stream.push(Event::Test(JobIx(job), TestEvent::Discovered { first, cases }));
}

fn words(stream: &Stream) -> Vec<String> {
    again::words(&stream.view).iter().map(|words| words.join(" ")).collect()
}

fn in_one(stream: &Stream) -> String {
    again::in_one(&stream.view).map_or_else(String::new, |words| words.join(" "))
}

#[test]
fn what_can_be_named_one_by_one_is() {
    let mut stream = Stream::of(with(&[RunnerKind::Pytest, RunnerKind::Vitest]));
    discover(&mut stream, 0, 0, &["t.py::a".to_owned(), "t.py::b".to_owned()]);
    discover(&mut stream, 1, 2, &["w.ts::c".to_owned()]);
    stream.runs(0, Outcome::Passed);
    assert_eq!((words(&stream), in_one(&stream).as_str()), (Vec::new(), ""));
    stream.fails(1, failure("no", "")).fails(2, failure("no", ""));
    assert_eq!(words(&stream), ["t.py::b w.ts::c"]);
    assert_eq!(in_one(&stream), "t.py::b w.ts::c");
}

#[test]
fn a_framework_that_cannot_be_asked_is_asked_for_by_category_and_one_command_for_all_names_both() {
    let mut stream = Stream::of(with(&[RunnerKind::Pytest, RunnerKind::Command]));
    discover(&mut stream, 0, 0, &["t.py::a".to_owned()]);
    let cases = vec![case("make web")];
    stream.push(Event::Test(JobIx(1), TestEvent::Discovered { first: TestIx(1), cases }));
    stream.fails(0, failure("no", "")).fails(1, failure("no", ""));
    assert_eq!(words(&stream), ["t.py::a", "--categories web --no-dependencies"]);
    assert_eq!(in_one(&stream), "--categories unit,web --no-dependencies");
}

#[test]
fn a_category_that_could_not_run_is_asked_for_by_name_in_the_environment_of_the_run() {
    for (environment, more) in [
        ("test", ""),
        ("staging", " --env staging"),
        ("production", " --env production --allow-prod"),
    ] {
        let mut plan = with(&[RunnerKind::Pytest, RunnerKind::Pytest]);
        plan.request.environment = Some(EnvironmentName::new(environment).unwrap());
        let mut stream = Stream::of(plan);
        stream.category_ends(1, Outcome::Errored, "npx is missing");
        assert_eq!(words(&stream), [format!("--categories web --no-dependencies{more}")]);
    }
}

#[test]
fn many_failures_are_asked_for_by_file_and_those_of_many_files_by_category() {
    for (files, expected) in [(3, "t0.py t1.py t2.py"), (40, "--categories unit --no-dependencies")]
    {
        let mut stream = Stream::of(with(&[RunnerKind::Pytest, RunnerKind::Pytest]));
        let ids: Vec<String> =
            (0..40).map(|number| format!("t{}.py::{number}", number % files)).collect();
        discover(&mut stream, 0, 0, &ids);
        for test in 0..40 {
            stream.fails(test, failure("no", ""));
        }
        assert_eq!(words(&stream), [expected]);
    }
}
