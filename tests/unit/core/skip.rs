//! What becomes of a run when its user skips the rest of a layer. That the laws hold whenever it is
//! skipped is shown by simulation.

use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{
    CategoryEvent, JobEvent, LayerEvent, ProcessEnd, RunEvent, RunResult, StopCause,
};
use apex_core::report::{JobEnd, JobReport};
use apex_core::schedule::{Command, Input, Scheduler};
use apex_core::test_case::TestReport;
use apex_core::{
    AttemptNumber, CategoryIx, Event, JobIx, LayerIx, Moment, Outcome, RunId, Verdict,
};

use crate::monitor::stream::{Shape, case, plan};

/// A run of two layers, the second behind the first; the first has three jobs, one at a time.
struct Run {
    scheduler: Scheduler,
    now: Moment,
    events: Vec<Event>,
    commands: Vec<Command>,
}

impl Run {
    fn begun() -> Self {
        let shape: Shape<'_> =
            &[("fast", 60, &[("a", 0), ("b", 0), ("c", 0)]), ("slow", 60, &[("d", 0)])];
        let mut plan = plan(shape);
        plan.layers[1].after = vec![LayerIx(0)];
        let scheduler = Scheduler::new(Arc::new(plan), RunId::new("run"), 0);
        let mut run =
            Self { scheduler, now: Moment::START, events: Vec::new(), commands: Vec::new() };
        run.give(Input::Begin);
        run
    }

    fn give(&mut self, input: Input) {
        self.now = self.now.plus(Duration::from_millis(10));
        self.scheduler.handle(self.now, input);
        self.events.extend(std::iter::from_fn(|| self.scheduler.next_event()));
        self.commands.extend(std::iter::from_fn(|| self.scheduler.next_command()));
    }

    fn report(&mut self, job: u32, report: JobReport) {
        self.give(Input::Job { job: JobIx(job), attempt: AttemptNumber::FIRST, report });
    }

    /// One test of a job that ends this way.
    fn test(&mut self, job: u32, outcome: Outcome) {
        self.report(job, JobReport::Discovered(vec![case("x::one"), case("x::two")]));
        let report = TestReport { outcome, duration: None, failure: None };
        self.report(job, JobReport::TestFinished { test: 0, report });
        self.report(job, JobReport::TestStarted { test: 1 });
    }

    fn end(&mut self, job: u32, end: ProcessEnd) {
        self.report(
            job,
            JobReport::Ended(JobEnd {
                end,
                problem: None,
                nothing_to_run: false,
                duration: Duration::ZERO,
                peak_memory_mb: None,
                cpu_time: None,
                out_of_memory: None,
            }),
        );
    }

    fn verdict(&self, layer: u32) -> Option<(Verdict, String)> {
        self.events.iter().find_map(|event| match event {
            Event::Layer(at, LayerEvent::Finished { verdict, reason }) if at.0 == layer => {
                Some((*verdict, reason.clone()))
            }
            _ => None,
        })
    }

    fn result(&self) -> Option<RunResult> {
        self.events.iter().find_map(|event| match event {
            Event::Run(RunEvent::Finished(result)) => Some(result.clone()),
            _ => None,
        })
    }

    fn has(&self, event: &Event) -> bool {
        self.events.contains(event)
    }
}

#[test]
fn the_rest_of_a_layer_is_ended_and_the_layers_behind_it_go_on() {
    let mut run = Run::begun();
    run.test(0, Outcome::Passed);
    run.give(Input::SkipLayer(LayerIx(0)));
    assert!(run.has(&Event::Layer(LayerIx(0), LayerEvent::Skipped)));
    assert!(run.commands.contains(&Command::TerminateJob(JobIx(0))), "{:?}", run.commands);
    run.end(0, ProcessEnd::Signalled(15));
    let cause = StopCause::Skip;
    assert!(run.has(&Event::Job(JobIx(0), JobEvent::Terminated { cause })));
    let reason = "the user skipped the rest of its layer".to_owned();
    for waiting in [1, 2] {
        let ended = CategoryEvent::Finished { outcome: Outcome::NotRun, reason: reason.clone() };
        assert!(run.has(&Event::Category(CategoryIx(waiting), ended)), "{:?}", run.events);
    }
    let reason = "the user skipped the rest of it".to_owned();
    assert_eq!(run.verdict(0), Some((Verdict::Cancelled, reason)));

    run.report(3, JobReport::Discovered(vec![case("d::one")]));
    let report = TestReport { outcome: Outcome::Passed, duration: None, failure: None };
    run.report(3, JobReport::TestFinished { test: 0, report });
    run.end(3, ProcessEnd::Exited(0));
    assert_eq!(run.verdict(1).map(|(verdict, _)| verdict), Some(Verdict::Passed));
    let expected = RunResult { skipped: true, ..RunResult::default() };
    assert_eq!(run.result(), Some(expected), "never green, and nothing else was wrong");
}

#[test]
fn a_layer_that_has_failed_stays_failed_and_blocks_what_is_behind_it() {
    let mut run = Run::begun();
    run.test(0, Outcome::Failed);
    run.give(Input::SkipLayer(LayerIx(0)));
    run.end(0, ProcessEnd::Signalled(15));
    assert_eq!(run.verdict(0).map(|(verdict, _)| verdict), Some(Verdict::Failed));
    assert_eq!(run.verdict(1).map(|(verdict, _)| verdict), Some(Verdict::Blocked));
    assert!(run.result().is_some_and(|result| result.tests_failed && result.skipped));
}

#[test]
fn what_does_not_run_cannot_be_skipped() {
    let mut run = Run::begun();
    run.give(Input::SkipLayer(LayerIx(1)));
    run.give(Input::SkipLayer(LayerIx(7)));
    assert!(!run.events.iter().any(|event| matches!(event, Event::Layer(_, LayerEvent::Skipped))));
    run.give(Input::SkipLayer(LayerIx(0)));
    run.give(Input::SkipLayer(LayerIx(0)));
    let skips = run.events.iter().filter(|it| matches!(it, Event::Layer(_, LayerEvent::Skipped)));
    assert_eq!(skips.count(), 1);
}
