//! How each event changes the view.

use std::sync::Arc;
use std::time::Duration;

use super::{
    CategoryView, Counts, DEPENDENT_LIMIT, Ending, FAILURE_TEXT_LIMIT, JobView, LayerEnding,
    LayerView, MESSAGE_LIMIT, RunIdentity, RunState, RunView, ServiceState, ServiceView, TestState,
    TestView, WARNING_LIMIT,
};
use crate::event::{
    AgentEvent, CategoryEvent, Envelope, Event, JobEvent, LayerEvent, RunEvent, RunResult,
    RunStarted, ServiceEvent, TestEvent,
};
use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, ServiceIx, TestIx};
use crate::outcome::Outcome;
use crate::resource::ResourceSample;
use crate::test_case::{Failure, TestCase};
use crate::time::Moment;

impl RunView {
    /// Takes one envelope.
    pub fn apply(&mut self, envelope: &Envelope) {
        let at = envelope.at;
        self.last = at;
        match &envelope.event {
            Event::Run(event) => self.apply_run(event, at),
            Event::Layer(layer, event) => self.apply_layer(*layer, event, at),
            Event::Category(category, event) => self.apply_category(*category, event, at),
            Event::Job(job, event) => self.apply_job(*job, event, at),
            Event::Test(job, event) => self.apply_test(*job, event, at),
            Event::Output(job, _) => {
                if let Some(view) = self.jobs.get_mut(job.position()) {
                    view.has_output = true;
                }
            }
            Event::Service(service, event) => self.apply_service(*service, event, at),
            Event::Agent(event) => self.apply_agent(event, at),
            Event::Resources(sample) => self.apply_sample(sample, at),
            Event::Warning(text) => self.warn(text.clone()),
        }
    }

    fn apply_run(&mut self, event: &RunEvent, at: Moment) {
        match event {
            RunEvent::Started(started) => self.start(started),
            RunEvent::Interrupted { signal, .. } => self.interrupted = Some(*signal),
            RunEvent::BudgetExceeded { .. } => self.budget_exceeded = true,
            RunEvent::SlotsChanged { slots } => self.slots = *slots,
            RunEvent::Paused | RunEvent::Resumed => {}
            RunEvent::Finished(result) => self.finish(result, at),
        }
    }

    fn start(&mut self, started: &RunStarted) {
        let plan = Arc::clone(&started.plan);
        self.state = RunState::Running(RunIdentity {
            run: started.run.clone(),
            unix_millis: started.unix_millis,
        });
        self.layers.resize_with(plan.layers.len(), LayerView::default);
        self.categories.resize_with(plan.categories.len(), CategoryView::default);
        self.jobs.resize_with(plan.jobs.len(), JobView::default);
        self.services.resize_with(plan.services.len(), ServiceView::default);
        // Most jobs have a test. A list that grows leaves its former places behind as holes.
        self.tests.reserve(plan.jobs.len());
        self.slots = plan.slots;
        self.plan = plan;
    }

    fn finish(&mut self, result: &RunResult, at: Moment) {
        let Some(identity) = self.identity().cloned() else { return };
        self.running_tests.clear();
        self.running_jobs.clear();
        self.state = RunState::Finished { identity, result: result.clone(), ended: at };
    }

    fn apply_layer(&mut self, layer: LayerIx, event: &LayerEvent, at: Moment) {
        let is_cut = matches!(event, LayerEvent::BudgetExceeded);
        let phase = is_cut.then(|| self.phase_of(layer));
        let Some(view) = self.layers.get_mut(layer.position()) else { return };
        match event {
            LayerEvent::Started => view.progress.start(at),
            LayerEvent::BudgetExceeded => {
                view.budget_exceeded = Some(at);
                view.exceeded_in = phase;
            }
            LayerEvent::Stopped { reason } => view.stopped = Some(reason.clone()),
            LayerEvent::Skipped => view.skipped = true,
            LayerEvent::Judged(_) => {}
            LayerEvent::Finished { verdict, reason } => {
                view.progress.finish(LayerEnding { verdict: *verdict, reason: reason.clone() }, at);
            }
        }
    }

    fn apply_category(&mut self, category: CategoryIx, event: &CategoryEvent, at: Moment) {
        let Some(view) = self.categories.get_mut(category.position()) else { return };
        match event {
            CategoryEvent::Started => view.progress.start(at),
            CategoryEvent::TimedOut { limit } => view.timed_out = Some(*limit),
            CategoryEvent::DependsOnOrder { what } => {
                if view.depends_on_order.len() < DEPENDENT_LIMIT {
                    view.depends_on_order.push(Arc::clone(what));
                }
            }
            CategoryEvent::Finished { outcome, reason } => {
                view.progress.finish(Ending { outcome: *outcome, reason: reason.clone() }, at);
            }
        }
    }

    fn apply_job(&mut self, job: JobIx, event: &JobEvent, at: Moment) {
        let Some(view) = self.jobs.get_mut(job.position()) else { return };
        match event {
            JobEvent::Started { attempt } => {
                view.attempt = Some(*attempt);
                view.attempt_started = at;
                view.progress.start(at);
                self.running_jobs.insert((at, job));
            }
            JobEvent::Terminated { cause } => view.stopped_by = Some(*cause),
            JobEvent::StopReached | JobEvent::Doubted | JobEvent::Quiet { .. } => {}
            JobEvent::Killed => view.killed = true,
            JobEvent::AttemptFinished { peak_memory_mb, cpu_time, .. } => {
                view.peak_memory_mb = view.peak_memory_mb.max(*peak_memory_mb);
                view.end_attempt_with(*cpu_time);
                self.running_jobs.remove(&(view.attempt_started, job));
            }
            JobEvent::Finished { outcome, reason } => {
                self.running_jobs.remove(&(view.attempt_started, job));
                view.progress.finish(Ending { outcome: *outcome, reason: reason.clone() }, at);
            }
        }
    }

    fn apply_test(&mut self, job: JobIx, event: &TestEvent, at: Moment) {
        match event {
            TestEvent::Discovered { first, cases } => self.discover(job, *first, cases),
            TestEvent::Started { test, attempt } => self.start_test(*test, *attempt, at),
            TestEvent::Slow { .. } => {}
            TestEvent::Finished { test, outcome, duration, failure, .. } => {
                self.finish_test(*test, *outcome, *duration, failure.as_deref());
            }
            TestEvent::Settled { test, outcome } => self.settle_test(*test, *outcome, at),
        }
    }

    fn discover(&mut self, job: JobIx, first: TestIx, cases: &[TestCase]) {
        if first.position() != self.tests.len() {
            return;
        }
        self.tests.extend(cases.iter().map(|case| TestView::known(case.clone(), job)));
        let found = u32::try_from(cases.len()).unwrap_or(u32::MAX);
        self.each_count(job, |counts| counts.discover(found));
    }

    fn start_test(&mut self, test: TestIx, attempt: AttemptNumber, at: Moment) {
        let Some(view) = self.tests.get_mut(test.position()) else { return };
        view.put_aside();
        view.attempts = attempt.0;
        view.state = TestState::Running { since: at };
        self.running_tests.insert((at, test));
    }

    fn finish_test(
        &mut self,
        test: TestIx,
        outcome: Outcome,
        duration: Option<Duration>,
        failure: Option<&Failure>,
    ) {
        let Some(view) = self.tests.get_mut(test.position()) else { return };
        if let TestState::Running { since } = view.state {
            self.running_tests.remove(&(since, test));
        }
        view.put_aside();
        view.state = TestState::Finished(outcome);
        view.duration = duration;
        if let Some(failure) = failure {
            let replaced = view.failure.as_deref().map_or(0, Failure::text_bytes);
            self.failure_bytes = self.failure_bytes.saturating_sub(replaced);
            let kept = kept_failure(failure, FAILURE_TEXT_LIMIT - self.failure_bytes);
            self.failure_bytes += kept.text_bytes();
            view.failure = Some(Box::new(kept));
        }
    }

    /// A test that is settled while it runs was ended from outside; its time is what it had.
    fn settle_test(&mut self, test: TestIx, outcome: Outcome, at: Moment) {
        let Some(view) = self.tests.get_mut(test.position()) else { return };
        match view.state {
            TestState::Settled(_) => return,
            TestState::Running { since } => {
                view.duration = Some(at.since(since));
                self.running_tests.remove(&(since, test));
            }
            TestState::Known | TestState::Finished(_) => {}
        }
        view.state = TestState::Settled(outcome);
        let job = view.job;
        self.each_count(job, |counts| counts.settle(outcome));
    }

    /// Changes the counts of the run and of the category and layer that a job belongs to.
    fn each_count(&mut self, job: JobIx, mut change: impl FnMut(&mut Counts)) {
        change(&mut self.counts);
        let Some(category) = self.category_of(job) else { return };
        if let Some(view) = self.categories.get_mut(category.position()) {
            change(&mut view.counts);
        }
        let layer = self.plan.categories.get(category.position()).map(|planned| planned.layer);
        if let Some(view) = layer.and_then(|layer| self.layers.get_mut(layer.position())) {
            change(&mut view.counts);
        }
    }

    fn apply_service(&mut self, service: ServiceIx, event: &ServiceEvent, at: Moment) {
        let Some(view) = self.services.get_mut(service.position()) else { return };
        view.state = match event {
            ServiceEvent::Starting | ServiceEvent::Lost { .. } => {
                ServiceState::Starting { since: at }
            }
            ServiceEvent::Preparing { .. } => return,
            ServiceEvent::Ready { addresses } => {
                view.was_ready = true;
                ServiceState::Ready { addresses: addresses.clone() }
            }
            ServiceEvent::Failed { reason } => ServiceState::Failed { reason: reason.clone() },
            // A service that failed is taken away, too; its failure is what people ask for.
            ServiceEvent::Stopped => match std::mem::take(&mut view.state) {
                failed @ ServiceState::Failed { .. } => failed,
                _ => ServiceState::Stopped,
            },
        };
    }

    fn apply_agent(&mut self, event: &AgentEvent, at: Moment) {
        super::agent::take(&mut self.agents, event, at);
        match event {
            AgentEvent::Failed { agent, reason } => {
                self.warn(format!("the {agent} agent failed and the run goes on: {reason}"));
            }
            AgentEvent::Stale { agent, silent } => self.warn(format!(
                "the {agent} agent gives no sign of life since {} s; the run goes on without it",
                silent.as_secs()
            )),
            AgentEvent::Restarted { agent, reason } => self.warn(format!(
                "the {agent} agent did not work and another one took its place: {reason}"
            )),
            AgentEvent::Started { .. }
            | AgentEvent::Stopped { .. }
            | AgentEvent::Recovered { .. } => {}
        }
    }

    fn apply_sample(&mut self, sample: &ResourceSample, at: Moment) {
        for (job, used) in &sample.jobs {
            if let Some(view) = self.jobs.get_mut(job.position()) {
                view.peak_memory_mb = view.peak_memory_mb.max(used.memory_mb);
            }
        }
        for (service, used) in &sample.services {
            if let Some(view) = self.services.get_mut(service.position()) {
                view.peak_memory_mb = view.peak_memory_mb.max(used.memory_mb);
                view.cpu_time = view.cpu_time.max(used.cpu_time);
            }
        }
        self.resources.take(sample, at);
    }

    fn warn(&mut self, text: String) {
        if self.warnings.len() < WARNING_LIMIT {
            self.warnings.push(text);
        } else {
            self.warnings_left_out += 1;
        }
    }
}

/// The failure, or its message alone when its texts do not fit into the room that is left.
fn kept_failure(failure: &Failure, room: usize) -> Failure {
    if failure.text_bytes() <= room {
        return failure.clone();
    }
    let end = failure.message.floor_char_boundary(MESSAGE_LIMIT.min(room));
    Failure { message: failure.message[..end].to_owned(), ..Failure::default() }
}
