//! Everything that begins ends, once, in the right order of its own life.

use crate::event::{
    CategoryEvent, Envelope, Event, JobEvent, LayerEvent, ServiceEvent, StopCause, TestEvent,
};
use crate::id::{AttemptNumber, CategoryIx, JobIx, TestIx};
use crate::outcome::Outcome;
use crate::plan::Plan;

use super::Findings;

#[derive(Clone, Copy, Default)]
struct Life {
    started: bool,
    finished: bool,
}

#[derive(Clone, Copy, Default)]
struct JobLife {
    running: Option<AttemptNumber>,
    attempts: u32,
    terminated: Option<StopCause>,
    /// Whether the request to end reached its programs.
    reached: bool,
    killed: bool,
    finished: bool,
}

struct TestLife {
    job: JobIx,
    /// Whether its failure does not decide.
    quarantined: bool,
    running: bool,
    /// How its latest attempt ended.
    last: Option<Outcome>,
    settled: Option<Outcome>,
}

struct Book<'a> {
    plan: &'a Plan,
    layers: Vec<Life>,
    categories: Vec<Life>,
    jobs: Vec<JobLife>,
    tests: Vec<TestLife>,
    services: Vec<Life>,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut book = Book {
        plan,
        layers: vec![Life::default(); plan.layers.len()],
        categories: vec![Life::default(); plan.categories.len()],
        jobs: vec![JobLife::default(); plan.jobs.len()],
        tests: Vec::new(),
        services: vec![Life::default(); plan.services.len()],
    };
    for envelope in stream {
        book.take(envelope, findings);
    }
    book.end(stream.len() as u64, findings);
}

impl Book<'_> {
    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        let seq = envelope.seq;
        match &envelope.event {
            Event::Layer(layer, LayerEvent::Started) => {
                begin(&mut self.layers[layer.position()], seq, "a layer starts once", findings);
            }
            Event::Layer(layer, LayerEvent::Finished { .. }) => {
                end(&mut self.layers[layer.position()], seq, "a layer finishes once", findings);
                let mut members = self.plan.layer(*layer).categories.iter();
                let all = members.all(|member| self.categories[member.position()].finished);
                findings.require(all, seq, "a layer finishes after its categories");
            }
            Event::Category(category, CategoryEvent::Started) => {
                let life = &mut self.categories[category.position()];
                begin(life, seq, "a category starts once", findings);
                let layer = self.plan.category(*category).layer;
                let open = self.layers[layer.position()];
                let inside = open.started && !open.finished;
                findings.require(inside, seq, "a category starts inside its layer");
            }
            Event::Category(category, CategoryEvent::Finished { .. }) => {
                let life = &mut self.categories[category.position()];
                end(life, seq, "a category finishes once", findings);
                let mut jobs = self.plan.jobs_of(*category);
                let all = jobs.all(|job| self.jobs[job.position()].finished);
                findings.require(all, seq, "a category finishes after its jobs");
            }
            Event::Job(job, event) => self.job(seq, *job, event, findings),
            Event::Test(job, event) => self.test(seq, *job, event, findings),
            Event::Service(service, event) => {
                self.service(seq, service.position(), event, findings);
            }
            _ => {}
        }
    }

    fn job(&mut self, seq: u64, job: JobIx, event: &JobEvent, findings: &mut Findings) {
        let category = self.plan.job(job).category;
        let life = &mut self.jobs[job.position()];
        match event {
            JobEvent::Started { attempt } => {
                let next = life.running.is_none() && !life.finished;
                findings.require(next, seq, "one attempt of a job at a time");
                life.attempts += 1;
                findings.require(attempt.0 == life.attempts, seq, "attempts are numbered");
                let checks = u32::from(self.plan.job(job).undivided.is_some());
                let allowed = self.plan.category(category).retries + 1 + checks;
                findings.require(life.attempts <= allowed, seq, "no more retries than allowed");
                life.running = Some(*attempt);
                life.terminated = None;
                life.reached = false;
                life.killed = false;
                self.inside_category(seq, category, findings);
            }
            JobEvent::Terminated { cause } => {
                let first = life.running.is_some() && life.terminated.is_none();
                findings.require(first, seq, "an attempt is asked to end at most once");
                life.terminated = Some(*cause);
            }
            JobEvent::Quiet { .. } => {}
            JobEvent::StopReached => {
                let in_order = life.terminated.is_some() && !life.reached && life.running.is_some();
                findings.require(in_order, seq, "a request to end reaches an attempt once");
                life.reached = true;
            }
            JobEvent::Killed => {
                let asked = life.terminated.is_some();
                let in_order = asked && !life.killed && life.running.is_some();
                findings.require(in_order, seq, "an attempt is killed once, after being asked");
                life.killed = true;
            }
            JobEvent::AttemptFinished { attempt, .. } => {
                findings.require(life.running == Some(*attempt), seq, "an attempt ends once");
                life.running = None;
            }
            JobEvent::Doubted => {
                let in_order = life.attempts == 1 && life.running.is_none() && !life.finished;
                let by_itself = life.terminated.is_none();
                findings.require(in_order && by_itself, seq, "what ended by itself is doubted");
            }
            JobEvent::Finished { .. } => {
                let once = !life.finished && life.running.is_none();
                findings.require(once, seq, "a job finishes once, after its attempts");
                life.finished = true;
                let settled = self
                    .tests
                    .iter()
                    .all(|test| test.job != job || (test.settled.is_some() && !test.running));
                findings.require(settled, seq, "a job finishes after its tests");
            }
        }
    }

    fn inside_category(&self, seq: u64, category: CategoryIx, findings: &mut Findings) {
        let life = self.categories[category.position()];
        findings.require(life.started && !life.finished, seq, "a job starts inside its category");
    }

    fn test(&mut self, seq: u64, job: JobIx, event: &TestEvent, findings: &mut Findings) {
        match event {
            TestEvent::Discovered { first, cases } => {
                let dense = first.position() == self.tests.len() && !cases.is_empty();
                findings.require(dense, seq, "tests are numbered densely");
                let fresh = cases.iter().map(|case| self.new_test(job, &case.id));
                let fresh: Vec<TestLife> = fresh.collect();
                self.tests.extend(fresh);
            }
            TestEvent::Started { test, attempt } => {
                let running = self.jobs[job.position()].running == Some(*attempt);
                findings.require(running, seq, "a test starts inside an attempt of its job");
                self.with(seq, *test, job, findings, |life| {
                    let fresh = !life.running && life.settled.is_none();
                    life.running = true;
                    fresh
                });
            }
            TestEvent::Slow { test, .. } => {
                self.with(seq, *test, job, findings, |life| life.running);
            }
            TestEvent::Finished { test, outcome, .. } => {
                self.not_blamed_for_the_end(seq, job, *outcome, findings);
                self.with(seq, *test, job, findings, |life| {
                    life.running = false;
                    life.last = Some(*outcome);
                    life.settled.is_none()
                });
            }
            TestEvent::Settled { test, outcome } => {
                self.with(seq, *test, job, findings, |life| {
                    let first = life.settled.is_none() && !life.running;
                    life.settled = Some(*outcome);
                    first
                });
                self.quarantine(seq, *test, *outcome, findings);
            }
        }
    }

    fn new_test(&self, job: JobIx, id: &str) -> TestLife {
        let category = &self.plan.category(self.plan.job(job).category).name;
        let quarantined = self.plan.quarantine.iter().any(|entry| entry.matches(category, id));
        TestLife { job, quarantined, running: false, last: None, settled: None }
    }

    fn quarantine(&self, seq: u64, test: TestIx, outcome: Outcome, findings: &mut Findings) {
        let Some(life) = self.tests.get(test.position()) else { return };
        let failed = life.last.is_some_and(Outcome::is_bad);
        let deserved = outcome != Outcome::Quarantined || (life.quarantined && failed);
        findings.require(deserved, seq, "only a failure in quarantine does not decide");
        let decides = life.quarantined && outcome.is_bad();
        // Another part of its work may have run it.
        let mut runners = self.plan.parts_of_work(life.job).chain([life.job]);
        let was_stopped = runners.any(|job| self.jobs[job.position()].terminated.is_some());
        findings.require(!decides || was_stopped, seq, "no failure in quarantine decides");
    }

    /// A test that breaks off because its program was told to end has not failed.
    fn not_blamed_for_the_end(
        &self,
        seq: u64,
        job: JobIx,
        outcome: Outcome,
        findings: &mut Findings,
    ) {
        let life = &self.jobs[job.position()];
        let Some(cause) = life.terminated.filter(|_| life.reached) else { return };
        let fails = matches!(outcome, Outcome::Failed | Outcome::Errored);
        let holds = !fails || outcome == cause.outcome_of_running();
        findings.require(holds, seq, "what is told to end does not fail by that");
    }

    fn with(
        &mut self,
        seq: u64,
        test: TestIx,
        job: JobIx,
        findings: &mut Findings,
        step: impl FnOnce(&mut TestLife) -> bool,
    ) {
        match self.tests.get_mut(test.position()) {
            Some(life) if life.job == job => {
                let holds = step(life);
                findings.require(holds, seq, "a test begins, ends and settles in this order");
            }
            _ => findings.add(seq, "a test belongs to the job that reports it"),
        }
    }

    fn service(&mut self, seq: u64, at: usize, event: &ServiceEvent, findings: &mut Findings) {
        let life = &mut self.services[at];
        match event {
            ServiceEvent::Starting => begin(life, seq, "a service starts once", findings),
            ServiceEvent::Preparing { .. }
            | ServiceEvent::Lost { .. }
            | ServiceEvent::Ready { .. } => {
                let up = life.started && !life.finished;
                findings.require(
                    up,
                    seq,
                    "a service is prepared, ready and lost after it was started",
                );
            }
            ServiceEvent::Failed { .. } | ServiceEvent::Stopped => {
                end(life, seq, "a service ends once", findings);
            }
        }
    }

    fn end(&self, seq: u64, findings: &mut Findings) {
        let layers = self.layers.iter().all(|life| life.finished);
        findings.require(layers, seq, "every layer finishes");
        let categories = self.categories.iter().all(|life| life.finished);
        findings.require(categories, seq, "every category finishes");
        let jobs = self.jobs.iter().all(|life| life.finished);
        findings.require(jobs, seq, "every job finishes");
        let tests = self.tests.iter().all(|life| life.settled.is_some());
        findings.require(tests, seq, "every discovered test has one outcome");
        let services = self.services.iter().all(|life| life.started <= life.finished);
        findings.require(services, seq, "every service that was started is taken away");
    }
}

fn begin(life: &mut Life, seq: u64, law: &str, findings: &mut Findings) {
    findings.require(!life.started && !life.finished, seq, law);
    life.started = true;
}

fn end(life: &mut Life, seq: u64, law: &str, findings: &mut Findings) {
    findings.require(!life.finished, seq, law);
    life.finished = true;
}
