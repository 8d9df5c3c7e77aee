//! A world for the scheduler: jobs that take time, fail, hang, ignore requests to end, crash;
//! services that come up or do not; signals; reports that come late, twice or for nothing.

mod disturbances;
mod failures;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{Envelope, ProcessEnd, ServiceEvent};
use apex_core::plan::Plan;
use apex_core::report::{JobEnd, JobReport};
use apex_core::schedule::{Command, Input, Scheduler};
use apex_core::test_case::{Failure, TestCase, TestReport};
use apex_core::{AttemptNumber, JobIx, Moment, Outcome, RunId, ServiceIx};

use apex_tests::random::Random;

use failures::Failures;

/// Which faults a world has.
#[derive(Clone, Copy)]
pub struct Faults {
    pub injected: bool,
    /// Whether tests fail in parts of a work and not in the whole.
    pub dependence: bool,
}

pub struct World<'a> {
    random: &'a mut Random,
    faults: Faults,
    scheduler: Scheduler,
    /// What will be reported, in order of time; the number keeps equal times in order.
    future: BTreeMap<(Moment, u64), Input>,
    number: u64,
    /// What each running attempt does when it is asked to end or killed.
    running: BTreeMap<JobIx, (AttemptNumber, Temper)>,
    failures: Failures,
    /// The tests of each job.
    tests: BTreeMap<JobIx, Vec<Arc<str>>>,
    services: BTreeMap<ServiceIx, Temper>,
    stream: Vec<Envelope>,
    now: Moment,
}

#[derive(Clone, Copy, PartialEq)]
enum Temper {
    /// Ends soon when asked.
    Polite,
    /// Ends only when killed.
    Stubborn,
    /// Is never reported again.
    Lost,
}

/// Longest stream that a world of these sizes can make; more means that the run does not end.
const LONGEST: usize = 60_000;

impl<'a> World<'a> {
    pub fn new(random: &'a mut Random, plan: Plan, faults: Faults) -> Self {
        let scheduler = Scheduler::new(Arc::new(plan), RunId::new("simulated"), 0);
        Self {
            random,
            faults,
            scheduler,
            future: BTreeMap::new(),
            number: 0,
            running: BTreeMap::new(),
            failures: Failures::default(),
            tests: BTreeMap::new(),
            services: BTreeMap::new(),
            stream: Vec::new(),
            now: Moment::START,
        }
    }

    /// Runs to the end and returns the stream; an error when the run does not come to an end.
    pub fn run(mut self) -> Result<Vec<Envelope>, String> {
        if self.faults.injected && self.random.percent(15) {
            for _ in 0..self.random.within(1, 2) {
                let at = Moment::after_start(Duration::from_millis(self.random.within(0, 60_000)));
                self.plan_input(at, Input::Interrupt { signal: 2 });
            }
        }
        self.plan_skips();
        self.plan_samples();
        self.plan_pauses();
        self.give(Moment::START, Input::Begin);
        while !self.scheduler.is_finished() {
            let deadline = self.scheduler.next_deadline();
            let next = self.future.first_key_value().map(|(&(at, _), _)| at);
            match (next, deadline) {
                (None, None) => return Err("nothing will ever happen again".to_owned()),
                (Some(at), Some(due)) if due < at => self.give(due, Input::Tick),
                (None, Some(due)) => self.give(due, Input::Tick),
                (Some(_), _) => {
                    if let Some(((at, _), input)) = self.future.pop_first() {
                        self.give(at, input);
                    }
                }
            }
            if self.stream.len() > LONGEST {
                return Err("the run does not end".to_owned());
            }
        }
        self.failures.are_in(&self.stream)?;
        if let Some((job, _)) = self.running.iter().find(|(_, (_, temper))| *temper != Temper::Lost)
        {
            return Err(format!("job {} still runs when the run is over", job.0));
        }
        Ok(self.stream)
    }

    fn give(&mut self, at: Moment, input: Input) {
        self.now = self.now.max(at);
        if let Input::Job { job, attempt, report } = &input
            && self.running.get(job).is_some_and(|(number, _)| number == attempt)
        {
            self.failures.take(*job, *attempt, report);
            if matches!(report, JobReport::Ended(_)) {
                self.running.remove(job);
            }
        }
        let pauses = matches!(input, Input::Paused);
        self.scheduler.handle(self.now, input);
        if pauses {
            self.stand_still();
        }
        while let Some(event) = self.scheduler.next_event() {
            let previous = self.stream.last().map(|one| one.at.plus(Duration::from_nanos(1)));
            let at = previous.unwrap_or(self.now).max(self.now);
            self.stream.push(Envelope { seq: self.stream.len() as u64, at, event });
        }
        while let Some(command) = self.scheduler.next_command() {
            self.obey(command);
        }
    }

    fn plan_input(&mut self, at: Moment, input: Input) {
        self.number += 1;
        self.future.insert((at, self.number), input);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::StartJob { job, attempt, only, whole } => {
                self.start_job((job, attempt), only, whole);
            }
            Command::TerminateJob(job) => self.end_job(job, false),
            Command::KillJob(job) => self.end_job(job, true),
            Command::StartService(service) => self.start_service(service),
            Command::StopService(service) => self.end_service(service, false),
            Command::KillService(service) => self.end_service(service, true),
        }
    }

    fn after(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.random.within(low, high))
    }

    fn start_job(
        &mut self,
        (job, attempt): (JobIx, AttemptNumber),
        only: Option<Vec<Arc<str>>>,
        whole: bool,
    ) {
        let faulty = self.faults.injected;
        let temper = match self.random.within(0, 19) {
            0 | 1 if faulty => Temper::Stubborn,
            2 if faulty => Temper::Lost,
            _ => Temper::Polite,
        };
        self.running.insert(job, (attempt, temper));
        if faulty && self.random.percent(4) {
            let end = ProcessEnd::NotStarted("no such program".to_owned());
            self.report_end(self.now, job, attempt, end, None);
            return;
        }
        let ids = match only {
            Some(only) => only,
            None if whole => self.tests_of_work(job),
            None => {
                let count = self.random.within(0, 4);
                (0..count).map(|number| format!("{}::{number}", job.0).into()).collect()
            }
        };
        if attempt == AttemptNumber::FIRST {
            self.tests.insert(job, ids.clone());
        }
        let is_part = self.scheduler.plan().job(job).undivided.is_some() && !whole;
        let mut at = self.now.plus(self.after(0, 500));
        let cases = ids.iter().map(|id| case(id, self.random.percent(5))).collect();
        self.report(at, job, attempt, JobReport::Discovered(cases));
        let crash_at = (faulty && self.random.percent(8)).then(|| self.random.within(0, 4));
        let mut failed = false;
        for test in 0..ids.len() as u32 {
            at = at.plus(self.after(0, 200));
            self.report(at, job, attempt, JobReport::TestStarted { test });
            if crash_at == Some(u64::from(test)) {
                let signal = self.random.pick(&[9, 11]);
                at = at.plus(self.after(0, 100));
                self.report_end(at, job, attempt, ProcessEnd::Signalled(signal), None);
                return;
            }
            at = at.plus(self.after(0, 8_000));
            if faulty && self.random.percent(3) {
                let lasting = self.after(1_000, 90_000);
                self.report(at, job, attempt, JobReport::Quiet(lasting));
            }
            // What fails by chance is no matter of order, and would not be green.
            let may_depend = is_part && (faulty || !self.is_flaky(job, &ids[test as usize]));
            failed |= self.report_test((at, test), (job, attempt), may_depend);
        }
        at = at.plus(self.after(0, 300));
        if faulty && self.random.percent(2) {
            // It never ends by itself.
            return;
        }
        let is_astray = self.faults.dependence && is_part && self.random.percent(5);
        let problem =
            ((faulty && self.random.percent(3)) || is_astray).then(|| "report missing".to_owned());
        let code = i32::from(failed);
        self.report_end(at, job, attempt, ProcessEnd::Exited(code), problem);
    }

    /// Whether the plan calls a test flaky.
    fn is_flaky(&self, job: JobIx, id: &str) -> bool {
        let plan = self.scheduler.plan();
        plan.is_known_flaky(plan.job(job).category, id)
    }

    /// Reports the end of a test, perhaps twice; whether it failed.
    fn report_test(
        &mut self,
        (at, test): (Moment, u32),
        (job, attempt): (JobIx, AttemptNumber),
        may_depend: bool,
    ) -> bool {
        let faulty = self.faults.injected;
        let outcome = match self.random.within(0, 99) {
            15..=30 if self.faults.dependence && may_depend => Outcome::Failed,
            0..=7 if faulty => Outcome::Failed,
            8..=9 if faulty => Outcome::Errored,
            10..=14 => Outcome::Skipped,
            _ => Outcome::Passed,
        };
        let report = TestReport {
            outcome,
            duration: Some(Duration::from_millis(1)),
            failure: outcome.is_bad().then(|| Box::new(Failure::default())),
        };
        let finished = JobReport::TestFinished { test, report };
        if faulty && self.random.percent(3) {
            self.report(at, job, attempt, finished.clone());
            self.report(at, job, AttemptNumber(attempt.0 + 7), finished.clone());
            self.report(at, job, attempt, JobReport::TestStarted { test: test + 1_000 });
        }
        self.report(at, job, attempt, finished);
        outcome.is_bad()
    }

    /// The tests of all parts of the work that a job is a part of.
    fn tests_of_work(&self, job: JobIx) -> Vec<Arc<str>> {
        let plan = self.scheduler.plan();
        plan.parts_of_work(job)
            .filter_map(|part| self.tests.get(&part))
            .flatten()
            .cloned()
            .collect()
    }

    fn report(&mut self, at: Moment, job: JobIx, attempt: AttemptNumber, report: JobReport) {
        self.plan_input(at, Input::Job { job, attempt, report });
    }

    fn report_end(
        &mut self,
        at: Moment,
        job: JobIx,
        attempt: AttemptNumber,
        end: ProcessEnd,
        problem: Option<String>,
    ) {
        let end = JobEnd {
            end,
            problem,
            nothing_to_run: false,
            duration: Duration::ZERO,
            peak_memory_mb: None,
            cpu_time: None,
            out_of_memory: None,
        };
        self.report(at, job, attempt, JobReport::Ended(end));
    }

    fn end_job(&mut self, job: JobIx, kill: bool) {
        let Some(&(attempt, temper)) = self.running.get(&job) else { return };
        let obeys = match temper {
            Temper::Polite => true,
            Temper::Stubborn => kill,
            Temper::Lost => false,
        };
        // What it has done by then is still on its way when the request reaches it.
        let reached = self.now.plus(self.after(0, 300));
        if temper != Temper::Lost {
            self.report(reached, job, attempt, JobReport::StopReached);
        }
        // What it would have done after that does not happen; a lost one stays silent at once.
        let silent = if temper == Temper::Lost { self.now } else { reached };
        if obeys || temper == Temper::Lost {
            let dropped: BTreeSet<_> = self
                .future
                .iter()
                .filter(|&(&(at, _), input)| {
                    at > silent
                        && matches!(input, Input::Job { job: of, attempt: number, .. }
                        if *of == job && *number == attempt)
                })
                .map(|(&key, _)| Reverse(key))
                .collect();
            for Reverse(key) in dropped {
                self.future.remove(&key);
            }
        }
        if obeys {
            let mut at = reached.plus(self.after(0, 400));
            if self.random.percent(30) {
                // It breaks off what it is at, and says that this failed.
                let report = failed_report();
                self.report(at, job, attempt, JobReport::TestFinished { test: 0, report });
                at = at.plus(self.after(0, 100));
            }
            self.report_end(at, job, attempt, ProcessEnd::Signalled(15), None);
        }
    }

    fn start_service(&mut self, service: ServiceIx) {
        let faulty = self.faults.injected;
        let temper =
            if faulty && self.random.percent(10) { Temper::Stubborn } else { Temper::Polite };
        self.services.insert(service, temper);
        let at = self.now.plus(self.after(10, 3_000));
        if faulty && self.random.percent(12) {
            let report = ServiceEvent::Failed { reason: "port taken".to_owned() };
            self.plan_input(at, Input::Service { service, report });
            return;
        }
        if faulty && self.random.percent(4) {
            return;
        }
        let report = ServiceEvent::Ready { addresses: Vec::new() };
        self.plan_input(at, Input::Service { service, report });
        if faulty && self.random.percent(8) {
            let at = at.plus(self.after(0, 20_000));
            let reason = "it crashed".to_owned();
            if self.random.percent(50) {
                let report = ServiceEvent::Failed { reason };
                self.plan_input(at, Input::Service { service, report });
                return;
            }
            let report = ServiceEvent::Lost { reason };
            self.plan_input(at, Input::Service { service, report });
            let at = at.plus(self.after(10, 3_000));
            let report = ServiceEvent::Ready { addresses: Vec::new() };
            self.plan_input(at, Input::Service { service, report });
        }
    }

    fn end_service(&mut self, service: ServiceIx, kill: bool) {
        let temper = self.services.get(&service).copied().unwrap_or(Temper::Polite);
        if temper == Temper::Polite || kill {
            let at = self.now.plus(self.after(0, 500));
            self.plan_input(at, Input::Service { service, report: ServiceEvent::Stopped });
        }
    }
}

fn failed_report() -> TestReport {
    let failure = Some(Box::new(Failure::default()));
    TestReport { outcome: Outcome::Failed, duration: None, failure }
}

fn case(id: &Arc<str>, critical: bool) -> TestCase {
    TestCase {
        id: Arc::clone(id),
        suite: "suite".into(),
        name: Arc::clone(id),
        file: None,
        line: None,
        critical,
    }
}
