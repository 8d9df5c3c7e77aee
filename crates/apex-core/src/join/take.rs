//! What becomes of each event of a part. What a damaged record names outside of its plan is left
//! out.

use crate::event::{
    AgentEvent, CategoryEvent, Envelope, Event, JobEvent, LayerEvent, OutputEvent, RunEvent,
    TestEvent,
};
use crate::id::{CategoryIx, JobIx, LayerIx, TestIx};
use crate::time::Moment;

use super::Join;

impl Join {
    /// Takes the next envelope of a part; the caller hands those of all parts over in the order
    /// of their times.
    pub fn take(&mut self, part: u32, envelope: Envelope) {
        let Some(at) = self.book(part).filter(|&at| !self.parts[at].is_over) else { return };
        let Envelope { at: when, event, .. } = envelope;
        match event {
            Event::Run(event) => self.take_run(at, when, event),
            Event::Layer(layer, event) => self.take_layer(at, when, layer, event),
            Event::Category(category, event) => self.take_category(at, when, category, event),
            Event::Job(job, event) => self.take_job(at, when, job, event),
            Event::Test(job, event) => self.take_test(at, when, job, event),
            Event::Output(job, event) => self.take_output(at, when, job, event),
            Event::Service(service, event) => {
                if let Some(service) = self.service_of(at, service) {
                    self.emit(when, Event::Service(service, event));
                }
            }
            Event::Agent(event) => self.take_agent(when, event),
            // What a machine had and used says nothing of the others; the record of the part has it.
            Event::Resources(_) => {}
            Event::Warning(text) => {
                let text = format!("{}: {text}", self.name_of(at));
                self.emit(when, Event::Warning(text));
            }
        }
    }

    fn take_run(&mut self, at: usize, when: Moment, event: RunEvent) {
        match event {
            // How many jobs run at the same time, and when it pauses, is the business of each machine.
            RunEvent::Started(_)
            | RunEvent::SlotsChanged { .. }
            | RunEvent::Paused
            | RunEvent::Resumed => {}
            RunEvent::Interrupted { signal, .. } => {
                self.result.signal.get_or_insert(signal);
                self.emit(when, Event::Run(event));
            }
            RunEvent::BudgetExceeded { .. } => {
                let was_told = self.parts.iter().any(|part| part.is_cut);
                self.parts[at].is_cut = true;
                self.result.budget_exceeded = true;
                if !was_told {
                    self.emit(when, Event::Run(event));
                }
            }
            RunEvent::Finished(result) => {
                self.parts[at].is_finished = true;
                self.result.environment_failed |= result.environment_failed;
                let name = self.name_of(at);
                let error = result.internal_error.map(|error| format!("{name}: {error}"));
                self.result.internal_error = self.result.internal_error.take().or(error);
            }
        }
    }

    fn take_layer(&mut self, at: usize, when: Moment, layer: LayerIx, event: LayerEvent) {
        let Some(layer) = self.layer_of(at, layer) else { return };
        let book = &mut self.layers[layer.position()];
        match event {
            LayerEvent::Started => {
                let progress = self.view.layers()[layer.position()].progress.started();
                if progress.is_none() {
                    self.emit(when, Event::Layer(layer, LayerEvent::Started));
                }
            }
            LayerEvent::BudgetExceeded => {
                self.result.budget_exceeded = true;
                if !std::mem::replace(&mut book.is_cut, true) {
                    self.emit(when, Event::Layer(layer, LayerEvent::BudgetExceeded));
                }
            }
            LayerEvent::Stopped { reason } => {
                if !std::mem::replace(&mut book.is_stopped, true) {
                    let reason = format!("{}: {reason}", self.name_of(at));
                    self.emit(when, Event::Layer(layer, LayerEvent::Stopped { reason }));
                }
            }
            LayerEvent::Skipped => {
                self.result.skipped = true;
                if !std::mem::replace(&mut book.is_skipped, true) {
                    self.emit(when, Event::Layer(layer, LayerEvent::Skipped));
                }
            }
            LayerEvent::Judged(facts) => self.parts[at].judged = Some(*facts),
            LayerEvent::Finished { .. } => {
                let name = self.name_of(at);
                self.parts[at].ended_layers.push(layer);
                let mut facts = self.parts[at].judged.take().unwrap_or_default();
                facts.stopped = facts.stopped.map(|why| format!("{name}: {why}"));
                self.layer_ends(when, layer, &facts);
            }
        }
    }

    fn take_category(
        &mut self,
        at: usize,
        when: Moment,
        category: CategoryIx,
        event: CategoryEvent,
    ) {
        let Some(category) = self.category_of(at, category) else { return };
        let book = &mut self.categories[category.position()];
        match event {
            CategoryEvent::Started => {
                if self.view.categories()[category.position()].progress.started().is_none() {
                    self.emit(when, Event::Category(category, event));
                }
            }
            CategoryEvent::DependsOnOrder { .. } => {
                self.emit(when, Event::Category(category, event));
            }
            CategoryEvent::TimedOut { .. } => {
                if !std::mem::replace(&mut book.timed_out, true) {
                    self.emit(when, Event::Category(category, event));
                }
            }
            CategoryEvent::Finished { outcome, reason } => {
                self.parts[at].ended_categories.push(category);
                let weight = self.weight(at, category, outcome);
                self.category_ends(when, category, (weight, outcome, reason));
            }
        }
    }

    fn take_job(&mut self, at: usize, when: Moment, job: JobIx, event: JobEvent) {
        if let Some(job) = self.job_of(at, job) {
            self.emit(when, Event::Job(job, event));
        }
    }

    fn take_output(&mut self, at: usize, when: Moment, job: JobIx, event: OutputEvent) {
        if let Some(job) = self.job_of(at, job) {
            self.emit(when, Event::Output(job, event));
        }
    }

    fn take_test(&mut self, at: usize, when: Moment, job: JobIx, event: TestEvent) {
        let Some(job) = self.job_of(at, job) else { return };
        let event = match event {
            TestEvent::Discovered { first, cases } => {
                if first.position() != self.parts[at].tests.len() {
                    return;
                }
                let from = self.view.tests().len();
                let numbers = (from..from + cases.len()).map(TestIx::at);
                self.parts[at].tests.extend(numbers);
                Some(TestEvent::Discovered { first: TestIx::at(from), cases })
            }
            TestEvent::Started { test, attempt } => {
                self.test_of(at, test).map(|test| TestEvent::Started { test, attempt })
            }
            TestEvent::Slow { test, attempt, so_far } => {
                self.test_of(at, test).map(|test| TestEvent::Slow { test, attempt, so_far })
            }
            TestEvent::Finished { test, attempt, outcome, duration, failure } => self
                .test_of(at, test)
                .map(|test| TestEvent::Finished { test, attempt, outcome, duration, failure }),
            TestEvent::Settled { test, outcome } => {
                self.test_of(at, test).map(|test| TestEvent::Settled { test, outcome })
            }
        };
        if let Some(event) = event {
            self.emit(when, Event::Test(job, event));
        }
    }

    /// Every machine has its agents; only that one failed is worth telling.
    fn take_agent(&mut self, when: Moment, event: AgentEvent) {
        if let AgentEvent::Failed { .. } = event {
            self.emit(when, Event::Agent(event));
        }
    }
}
