//! Ending things early: time limits, signals, lost services; and how what a rule stops is ended.

use std::sync::Arc;

use crate::event::{CategoryEvent, Event, JobEvent, LayerEvent, ProcessEnd, RunEvent, StopCause};
use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, ServiceIx};
use crate::report::JobEnd;

use super::deadline::Deadline;
use super::state::{Attempt, CategoryState, JobState, LayerState, RunState, ServiceState};
use super::{Command, LOST_AFTER, Scheduler};

impl Scheduler {
    /// Acts on every deadline that is due.
    pub(super) fn meet_deadlines(&mut self) {
        while let Some(deadline) = self.deadlines.take_due(self.now) {
            if self.matters(deadline) {
                self.meet(deadline);
            }
        }
    }

    /// Whether the reason of a deadline still holds.
    pub(super) fn matters(&self, deadline: Deadline) -> bool {
        match deadline {
            Deadline::RunBudget => self.state == RunState::Running,
            Deadline::LayerBudget(layer) => {
                let book = &self.layers[layer.position()];
                matches!(book.state, LayerState::Running { .. }) && !book.cut
            }
            Deadline::CategoryTimeout(category) => {
                let book = &self.categories[category.position()];
                matches!(book.state, CategoryState::Started { .. }) && !book.timed_out
            }
            Deadline::JobKill(job, number) => {
                self.attempt(job, number).is_some_and(|attempt| !attempt.killed)
            }
            Deadline::JobLost(job, number) | Deadline::SlowTests(job, number) => {
                self.attempt(job, number).is_some()
            }
            Deadline::ServiceStart(service) => self.service_is(service, &ServiceState::Starting),
            Deadline::ServiceKill(service) | Deadline::ServiceLost(service) => {
                self.service_is(service, &ServiceState::Stopping)
            }
            Deadline::LayerPause => self.state == RunState::Running,
        }
    }

    fn meet(&mut self, deadline: Deadline) {
        match deadline {
            Deadline::RunBudget => self.run_budget_used_up(),
            Deadline::LayerBudget(layer) => self.layer_budget_used_up(layer),
            Deadline::CategoryTimeout(category) => {
                // A whole run that checks its parts has the time anew.
                if self.categories[category.position()].limit <= Some(self.now) {
                    self.category_timed_out(category);
                }
            }
            Deadline::JobKill(job, _) => self.kill(job),
            Deadline::JobLost(job, _) => self.write_off(job),
            Deadline::SlowTests(job, _) => self.tell_slow_tests(job),
            Deadline::ServiceStart(service) => self.service_start_overdue(service),
            Deadline::ServiceKill(service) => self.kill_service(service),
            Deadline::ServiceLost(service) => self.service_lost(service),
            Deadline::LayerPause => {}
        }
    }

    fn attempt(&self, job: JobIx, number: AttemptNumber) -> Option<&Attempt> {
        match &self.jobs[job.position()].state {
            JobState::Running(attempt) if attempt.number == number => Some(attempt),
            _ => None,
        }
    }

    fn service_is(&self, service: ServiceIx, state: &ServiceState) -> bool {
        self.services[service.position()].state == *state
    }

    fn run_budget_used_up(&mut self) {
        let Some(budget) = self.plan.budget else { return };
        self.result.budget_exceeded = true;
        self.emit(Event::Run(RunEvent::BudgetExceeded { budget }));
        self.stop_run(StopCause::RunBudget);
    }

    fn layer_budget_used_up(&mut self, layer: LayerIx) {
        self.layers[layer.position()].cut = true;
        self.result.budget_exceeded = true;
        self.emit(Event::Layer(layer, LayerEvent::BudgetExceeded));
        self.stop_layer(layer, StopCause::LayerBudget);
    }

    fn category_timed_out(&mut self, category: CategoryIx) {
        let plan = Arc::clone(&self.plan);
        let limit = plan.category(category).timeout;
        self.categories[category.position()].timed_out = true;
        self.emit(Event::Category(category, CategoryEvent::TimedOut { limit }));
        self.close_category(category);
        self.stop_category(category, StopCause::CategoryTimeout);
    }

    /// A signal: the first one stops the run in order, a further one at once.
    pub(super) fn interrupted(&mut self, signal: i32) {
        let orderly = self.result.signal.is_none();
        self.emit(Event::Run(RunEvent::Interrupted { signal, orderly }));
        if orderly {
            self.result.signal = Some(signal);
            self.stop_run(StopCause::Interrupt);
            return;
        }
        for position in 0..self.jobs.len() {
            if matches!(self.jobs[position].state, JobState::Running(_)) {
                self.kill(JobIx::at(position));
            }
        }
        self.kill_services();
    }

    /// The user skips the rest of a layer: what runs of it is ended, the layers behind it go on.
    pub(super) fn layer_skipped(&mut self, layer: LayerIx) {
        let is_open = self.state == RunState::Running
            && self.layers.get(layer.position()).is_some_and(|book| !book.is_closed());
        if !is_open {
            return;
        }
        self.layers[layer.position()].skipped = true;
        self.result.skipped = true;
        self.emit(Event::Layer(layer, LayerEvent::Skipped));
        self.stop_layer(layer, StopCause::Skip);
    }

    /// Nothing more starts; what runs is asked to end.
    pub(super) fn stop_run(&mut self, cause: StopCause) {
        if !matches!(self.state, RunState::Running | RunState::NotBegun) {
            return;
        }
        self.state = RunState::Stopping(cause);
        for position in 0..self.layers.len() {
            let layer = LayerIx::at(position);
            self.layers[position].cut |= cause == StopCause::RunBudget
                && !matches!(self.layers[position].state, LayerState::Finished(_));
            self.stop_layer(layer, cause);
        }
    }

    /// Ends everything of a layer that has not ended.
    pub(super) fn stop_layer(&mut self, layer: LayerIx, cause: StopCause) {
        let plan = Arc::clone(&self.plan);
        self.layers[layer.position()].halted = true;
        self.layers[layer.position()].ready.clear();
        for &category in &plan.layer(layer).categories {
            self.stop_category(category, cause);
        }
    }

    fn stop_category(&mut self, category: CategoryIx, cause: StopCause) {
        if self.is_category_finished(category) {
            return;
        }
        for job in self.plan.jobs_of(category) {
            self.stop_job(job, cause);
        }
        if !self.is_category_finished(category)
            && self.categories[category.position()].unfinished == 0
        {
            self.finish_category(category, cause.outcome_of_waiting(), cause.describe().to_owned());
        }
    }

    fn stop_job(&mut self, job: JobIx, cause: StopCause) {
        match &self.jobs[job.position()].state {
            JobState::Running(_) => self.terminate(job, cause),
            JobState::Waiting => {
                self.finish_job(job, cause.outcome_of_waiting(), cause.describe().to_owned());
            }
            JobState::Retrying(..) => self.finish_without_retry(job, None),
            JobState::Doubted => self.finish_in_doubt(job, Some("not checked by a whole run")),
            JobState::Closing | JobState::Finished => {}
        }
    }

    /// Asks a running attempt to end; at most once.
    pub(super) fn terminate(&mut self, job: JobIx, cause: StopCause) {
        let grace = self.plan.category(self.plan.job(job).category).grace;
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        if attempt.stop.is_some() || attempt.ended {
            return;
        }
        attempt.stop = Some(cause);
        let number = attempt.number;
        self.emit(Event::Job(job, JobEvent::Terminated { cause }));
        self.commands.push_back(Command::TerminateJob(job));
        self.deadlines.add(self.now.plus(grace), Deadline::JobKill(job, number));
    }

    /// The request to end reached the programs of a running attempt.
    pub(super) fn stop_reached(&mut self, job: JobIx) {
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        if attempt.stop.is_some() && !attempt.reached {
            attempt.reached = true;
            self.emit(Event::Job(job, JobEvent::StopReached));
        }
    }

    fn kill(&mut self, job: JobIx) {
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        if attempt.killed {
            return;
        }
        attempt.killed = true;
        let number = attempt.number;
        self.emit(Event::Job(job, JobEvent::Killed));
        self.commands.push_back(Command::KillJob(job));
        self.deadlines.add(self.now.plus(LOST_AFTER), Deadline::JobLost(job, number));
    }

    /// A killed attempt was never reported as ended: the run goes on without it.
    fn write_off(&mut self, job: JobIx) {
        let reason = format!(
            "it was killed and has not ended {} s later; look for its processes",
            LOST_AFTER.as_secs()
        );
        self.attempt_ended(
            job,
            JobEnd {
                end: ProcessEnd::NotStarted(reason),
                problem: None,
                nothing_to_run: false,
                duration: std::time::Duration::ZERO,
                peak_memory_mb: None,
                cpu_time: None,
                out_of_memory: None,
            },
        );
    }
}
