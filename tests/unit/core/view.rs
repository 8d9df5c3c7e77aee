//! The fold of the event stream.

use std::time::Duration;

use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, RunEvent, RunResult, ServiceEvent, StopCause,
    TestEvent,
};
use apex_core::test_case::Failure;
use apex_core::view::{
    FAILURE_TEXT_LIMIT, Progress, RunState, ServiceState, TestState, WARNING_LIMIT,
};
use apex_core::{
    CategoryIx, Event, JobIx, LayerIx, Moment, Outcome, RunView, ServiceIx, TestIx, Verdict,
};

use crate::monitor::stream::{Stream, case, failure, plan, service};

fn at(seconds: f64) -> Moment {
    Moment::after_start(Duration::from_secs_f64(seconds))
}

fn two_layers() -> Stream {
    Stream::of(plan(&[("fast", 60, &[("unit", 1), ("lint", 0)]), ("slow", 0, &[("e2e", 0)])]))
}

#[test]
fn a_view_without_events_knows_nothing() {
    let view = RunView::new();
    assert_eq!(*view.state(), RunState::NotStarted);
    assert!(view.identity().is_none() && view.result().is_none() && view.tests().is_empty());
    assert_eq!(view.spent(at(3.0)), Duration::ZERO);
}

#[test]
fn a_run_is_running_until_its_last_event_and_keeps_its_result() {
    let mut stream = two_layers();
    assert_eq!(stream.view.identity().unwrap().run.as_str(), "run-1");
    assert!(stream.view.result().is_none());
    assert_eq!(stream.view.spent(at(2.0)), Duration::from_secs(2));
    let result = RunResult { nothing_ran: true, ..RunResult::default() };
    stream.at(5.0).finish(result.clone());
    assert_eq!(stream.view.result(), Some(&result));
    assert_eq!(stream.view.spent(at(99.0)), Duration::from_secs(5));
}

#[test]
fn counts_of_run_layer_and_category_come_from_settled_tests() {
    let mut stream = two_layers();
    let first = stream.discover(0, &["a", "b", "c"]);
    let other = stream.discover(2, &["d"]);
    stream.runs(first, Outcome::Passed).runs(first + 1, Outcome::Failed);
    stream.starts(first + 2, 1).ends(first + 2, 1, Outcome::Failed, None);
    stream.settles(other, Outcome::NotRun);
    let view = &stream.view;
    let unit = view.categories()[0].counts;
    assert_eq!((unit.discovered(), unit.settled(), unit.executed(), unit.bad()), (3, 2, 2, 1));
    assert_eq!(view.layers()[0].counts, unit);
    assert_eq!(view.categories()[1].counts.discovered(), 0);
    let slow = view.layers()[1].counts;
    assert_eq!((slow.of(Outcome::NotRun), slow.executed()), (1, 0));
    let all: Vec<_> = view.counts().present().collect();
    assert_eq!(
        all,
        [(Outcome::Passed, 1), (Outcome::Failed, 1), (Outcome::NotRun, 1)],
        "an attempt that ended is not counted before the test is settled"
    );
}

#[test]
fn a_test_is_counted_once_however_often_it_is_settled() {
    let mut stream = two_layers();
    let test = stream.discover(0, &["a"]);
    stream.settles(test, Outcome::Passed).settles(test, Outcome::Failed);
    assert_eq!(stream.view.counts().settled(), 1);
    assert_eq!(stream.view.tests()[0].outcome(), Some(Outcome::Passed));
}

#[test]
fn what_runs_is_listed_longest_first_and_leaves_when_it_ends() {
    let mut stream = two_layers();
    let first = stream.discover(0, &["a", "b", "c"]);
    stream.at(1.0).job_starts(0);
    stream.at(2.0).starts(first + 1, 1).at(3.0).starts(first, 1).at(4.0).starts(first + 2, 1);
    let running = |stream: &Stream| -> Vec<u32> {
        stream.view.running_tests().map(|(_, test)| test.0).collect()
    };
    assert_eq!(running(&stream), [1, 0, 2]);
    stream.ends(first, 1, Outcome::Passed, None);
    stream.settles(first + 2, Outcome::Cancelled);
    assert_eq!(running(&stream), [1]);
    assert_eq!(stream.view.running_jobs().map(|(_, job)| job.0).collect::<Vec<_>>(), [0]);
    stream.job_ends(0, Outcome::Failed, "");
    assert_eq!(stream.view.running_jobs().len(), 0);
    stream.finish(RunResult::default());
    assert_eq!(running(&stream), [0; 0], "nothing runs in a run that ended");
}

#[test]
fn a_flaky_test_keeps_what_its_failed_attempt_said() {
    let mut stream = two_layers();
    let test = stream.discover(0, &["a"]);
    stream.starts(test, 1).ends(test, 1, Outcome::Failed, Some(failure("boom", "")));
    assert_eq!(stream.view.tests()[0].state, TestState::Finished(Outcome::Failed));
    stream.starts(test, 2).ends(test, 2, Outcome::Passed, None).settles(test, Outcome::Flaky);
    let view = &stream.view.tests()[0];
    assert_eq!((view.attempts, view.outcome()), (2, Some(Outcome::Flaky)));
    assert_eq!(view.said().unwrap().message, "boom");
    assert_eq!((view.earlier.len(), view.earlier[0].outcome), (1, Outcome::Failed));
    assert_eq!(stream.view.failed_tests().count(), 0);
}

#[test]
fn layers_and_categories_know_their_times_and_how_they_ended() {
    let mut stream = two_layers();
    stream.at(1.0).layer(0, LayerEvent::Started).at(2.0).job_starts(0);
    assert_eq!(stream.view.layers()[0].progress.spent(at(4.0)), Duration::from_secs(3));
    stream.at(5.0).category(0, CategoryEvent::TimedOut { limit: Duration::from_secs(3) });
    stream.at(6.0).job_ends(0, Outcome::TimedOut, "took too long");
    stream.at(7.0).layer(0, LayerEvent::BudgetExceeded);
    stream.at(8.0).layer_ends(0, Verdict::BudgetExceeded, "budget used up");
    stream.at(9.0).layer_ends(1, Verdict::Blocked, "fast did not pass");
    let view = &stream.view;
    let fast = &view.layers()[0];
    assert_eq!(fast.progress.spent(at(99.0)), Duration::from_secs(7));
    assert_eq!(fast.progress.ending().unwrap().verdict, Verdict::BudgetExceeded);
    assert_eq!(fast.budget_exceeded, Some(at(7.0)));
    assert_eq!(view.categories()[0].timed_out, Some(Duration::from_secs(3)));
    assert_eq!(view.categories()[0].progress.ending().unwrap().reason, "took too long");
    let slow = &view.layers()[1].progress;
    assert_eq!((slow.started(), slow.spent(at(99.0))), (None, Duration::ZERO));
}

#[test]
fn a_job_knows_its_latest_attempt_and_what_stopped_it() {
    let mut stream = two_layers();
    stream.job_starts(0);
    let job = |event| Event::Job(JobIx(0), event);
    stream.push(job(JobEvent::Terminated { cause: StopCause::LayerBudget }));
    stream.push(job(JobEvent::Killed));
    stream.push(job(JobEvent::Started { attempt: apex_core::AttemptNumber(2) }));
    let view = &stream.view.jobs()[0];
    assert_eq!(view.attempt.unwrap().0, 2);
    assert_eq!((view.stopped_by, view.killed), (Some(StopCause::LayerBudget), true));
    assert!(matches!(view.progress, Progress::Running { .. }));
}

#[test]
fn a_service_that_failed_stays_failed_when_it_is_taken_away() {
    let mut plan = plan(&[("fast", 0, &[("unit", 0)])]);
    plan.services.extend([service("db"), service("cache")]);
    let mut stream = Stream::of(plan);
    let addresses = vec![("main".to_owned(), "127.0.0.1:5432".to_owned())];
    stream.service(0, ServiceEvent::Starting);
    assert!(matches!(stream.view.services()[0].state, ServiceState::Starting { .. }));
    stream.service(0, ServiceEvent::Ready { addresses: addresses.clone() });
    assert_eq!(stream.view.services()[0].state, ServiceState::Ready { addresses });
    stream.service(0, ServiceEvent::Stopped);
    assert_eq!(stream.view.services()[0].state, ServiceState::Stopped);
    assert!(stream.view.services()[0].was_ready);
    let reason = "no answer".to_owned();
    stream.service(1, ServiceEvent::Failed { reason: reason.clone() });
    stream.service(1, ServiceEvent::Stopped);
    assert_eq!(stream.view.services()[1].state, ServiceState::Failed { reason });
}

#[test]
fn warnings_are_kept_up_to_their_bound_and_counted_beyond() {
    let mut stream = two_layers();
    let failed = AgentEvent::Failed { agent: "layer".into(), reason: "lost".to_owned() };
    stream.push(Event::Agent(failed));
    for number in 0..WARNING_LIMIT {
        stream.push(Event::Warning(format!("warning {number}")));
    }
    assert_eq!(stream.view.warnings().len(), WARNING_LIMIT);
    assert_eq!(stream.view.warnings_left_out(), 1);
    assert!(stream.view.warnings()[0].contains("layer agent failed"));
}

#[test]
fn texts_of_failures_are_bounded_and_messages_survive() {
    let mut stream = two_layers();
    let first = stream.discover(0, &["a", "b", "c"]);
    let half = "x".repeat(FAILURE_TEXT_LIMIT / 2);
    for test in first..first + 3 {
        stream.fails(test, failure("it broke", &half));
    }
    let texts: Vec<&Failure> =
        stream.view.tests().iter().filter_map(|test| test.failure.as_deref()).collect();
    assert!(texts.iter().all(|texts| texts.message == "it broke"));
    assert_eq!(texts[0].details.len(), half.len());
    assert_eq!(texts[2].details, "");
    let all: usize = texts.iter().map(|texts| texts.text_bytes()).sum();
    assert!(all <= FAILURE_TEXT_LIMIT, "{all} bytes are kept");
}

#[test]
fn signals_and_budgets_of_the_run_are_remembered() {
    let mut stream = two_layers();
    stream.push(Event::Run(RunEvent::Interrupted { signal: 2, orderly: true }));
    stream.push(Event::Run(RunEvent::BudgetExceeded { budget: Duration::from_secs(1) }));
    assert_eq!(stream.view.interrupted(), Some(2));
    assert!(stream.view.is_budget_exceeded());
}

#[test]
fn events_that_name_nothing_in_the_plan_are_ignored() {
    let mut stream = two_layers();
    let events = [
        Event::Layer(LayerIx(9), LayerEvent::Started),
        Event::Category(CategoryIx(9), CategoryEvent::Started),
        Event::Job(JobIx(9), JobEvent::Killed),
        Event::Service(ServiceIx(9), ServiceEvent::Starting),
        Event::Test(JobIx(0), TestEvent::Settled { test: TestIx(9), outcome: Outcome::Passed }),
        Event::Test(JobIx(0), TestEvent::Discovered { first: TestIx(9), cases: vec![case("a")] }),
    ];
    for event in events {
        stream.push(event);
    }
    assert_eq!(stream.view.counts().discovered(), 0);
    assert!(stream.view.tests().is_empty());
}
