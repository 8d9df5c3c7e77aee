//! Services: wanted when work that needs them is near, started in order, given back when nobody
//! needs them.

use std::sync::Arc;

use crate::event::{Event, ServiceEvent, StopCause};
use crate::id::{CategoryIx, JobIx, LayerIx, ServiceIx};
use crate::plan::ServiceScope;

use super::deadline::Deadline;
use super::state::{JobState, RunState, ServiceState};
use super::{Command, LOST_AFTER, SERVICE_GRACE, Scheduler};

impl Scheduler {
    /// Services that no job of the plan needs never start, and need nothing themselves.
    pub(super) fn drop_unneeded_services(&mut self) {
        for position in (0..self.services.len()).rev() {
            let book = &mut self.services[position];
            if book.users == 0 && book.state == ServiceState::Idle {
                book.state = ServiceState::Stopped;
                self.release_services_before(ServiceIx::at(position));
            }
        }
    }

    /// Asks for the services of the jobs of a layer that are going to run; those that are the own
    /// ones of a category are asked for when it opens.
    pub(super) fn want_services_of_layer(&mut self, layer: LayerIx) {
        let plan = Arc::clone(&self.plan);
        for &category in &plan.layer(layer).categories {
            self.want_services_of(category, |scope| !matches!(scope, ServiceScope::Category(_)));
        }
    }

    /// Asks for the services of the jobs of a category that are going to run, as far as `chosen`.
    pub(super) fn want_services_of(
        &mut self,
        category: CategoryIx,
        chosen: impl Fn(&ServiceScope) -> bool,
    ) {
        let plan = Arc::clone(&self.plan);
        if plan.services.is_empty() {
            return;
        }
        for job in plan.jobs_of(category) {
            if matches!(self.jobs[job.position()].state, JobState::Finished) {
                continue;
            }
            for &service in &plan.job(job).services {
                if chosen(&plan.service(service).scope) {
                    self.want_service(service);
                }
            }
        }
    }

    fn want_service(&mut self, service: ServiceIx) {
        if self.services[service.position()].state != ServiceState::Idle {
            return;
        }
        self.services[service.position()].state = ServiceState::Wanted;
        let plan = Arc::clone(&self.plan);
        for &before in &plan.service(service).after {
            self.want_service(before);
        }
        self.start_service_if_due(service);
    }

    /// Starts a wanted service when everything before it is ready; fails it when one is not.
    fn start_service_if_due(&mut self, service: ServiceIx) {
        let plan = Arc::clone(&self.plan);
        let planned = plan.service(service);
        if self.services[service.position()].state != ServiceState::Wanted {
            return;
        }
        for &before in &planned.after {
            match &self.services[before.position()].state {
                ServiceState::Ready => {}
                ServiceState::Failed(reason) => {
                    let name = &plan.service(before).name;
                    // The last lines of its output were told with its own failure.
                    let cause = reason.lines().next().unwrap_or_default();
                    let reason = format!("it needs {name}, which failed: {cause}");
                    self.service_failed(service, reason);
                    return;
                }
                _ => return,
            }
        }
        self.services[service.position()].state = ServiceState::Starting;
        self.emit(Event::Service(service, ServiceEvent::Starting));
        self.commands.push_back(Command::StartService(service));
        self.await_service(service);
    }

    /// From now on the service has its whole time to become ready.
    fn await_service(&mut self, service: ServiceIx) {
        let planned = self.plan.service(service);
        let limit = planned.ready_within.saturating_add(self.plan.startup_timeout);
        let until = self.now.plus(limit);
        self.services[service.position()].ready_until = until;
        self.deadlines.add(until, Deadline::ServiceStart(service));
    }

    pub(super) fn service_reported(&mut self, service: ServiceIx, report: ServiceEvent) {
        let Some(book) = self.services.get(service.position()) else { return };
        self.look_again = true;
        match (report, &book.state) {
            (ready @ ServiceEvent::Ready { .. }, ServiceState::Starting) => {
                self.services[service.position()].state = ServiceState::Ready;
                self.emit(Event::Service(service, ready));
                self.start_dependants();
            }
            (preparing @ ServiceEvent::Preparing { .. }, ServiceState::Starting) => {
                self.emit(Event::Service(service, preparing));
                self.await_service(service);
            }
            (ServiceEvent::Lost { reason }, ServiceState::Starting | ServiceState::Ready) => {
                self.services[service.position()].state = ServiceState::Starting;
                let loss = Arc::from(reason.as_str());
                self.emit(Event::Service(service, ServiceEvent::Lost { reason }));
                self.end_jobs_with(service, &loss);
                self.await_service(service);
            }
            (ServiceEvent::Failed { reason }, ServiceState::Starting | ServiceState::Ready) => {
                self.service_failed(service, reason);
            }
            (ServiceEvent::Stopped | ServiceEvent::Failed { .. }, ServiceState::Stopping) => {
                self.service_stopped(service);
            }
            _ => {}
        }
    }

    fn start_dependants(&mut self) {
        for position in 0..self.services.len() {
            self.start_service_if_due(ServiceIx::at(position));
        }
    }

    /// A service is gone: what waits for it cannot run, what runs with it is ended.
    pub(super) fn service_failed(&mut self, service: ServiceIx, reason: String) {
        self.look_again = true;
        self.services[service.position()].state = ServiceState::Failed(reason.clone());
        let loss = Arc::from(reason.as_str());
        self.emit(Event::Service(service, ServiceEvent::Failed { reason }));
        self.end_jobs_with(service, &loss);
        let plan = Arc::clone(&self.plan);
        for &before in &plan.service(service).after {
            self.release_service(before);
        }
        self.start_dependants();
    }

    /// Ends the jobs that run with a service that is gone; `loss` says what happened to it.
    fn end_jobs_with(&mut self, service: ServiceIx, loss: &Arc<str>) {
        let plan = Arc::clone(&self.plan);
        for (position, job) in plan.jobs.iter().enumerate() {
            let job_ix = JobIx::at(position);
            if !job.services.contains(&service) {
                continue;
            }
            if let JobState::Running(attempt) = &mut self.jobs[position].state {
                // Whoever is being ended for another reason ends for that.
                if attempt.stop.is_none() && !attempt.ended {
                    attempt.loss = Some(Arc::clone(loss));
                }
                self.categories[job.category.position()].environment = true;
                self.terminate(job_ix, StopCause::ServiceLost);
            }
        }
    }

    /// Gives back what a finished job used.
    pub(super) fn release_services(&mut self, job: JobIx) {
        let plan = Arc::clone(&self.plan);
        for &service in &plan.job(job).services {
            self.release_service(service);
        }
    }

    fn release_service(&mut self, service: ServiceIx) {
        let book = &mut self.services[service.position()];
        book.users = book.users.saturating_sub(1);
        if book.users > 0 {
            return;
        }
        match book.state {
            ServiceState::Starting | ServiceState::Ready => {
                book.state = ServiceState::Stopping;
                self.commands.push_back(Command::StopService(service));
                self.deadlines.add(self.now.plus(SERVICE_GRACE), Deadline::ServiceKill(service));
            }
            ServiceState::Idle | ServiceState::Wanted => {
                book.state = ServiceState::Stopped;
                self.release_services_before(service);
            }
            ServiceState::Stopping | ServiceState::Stopped | ServiceState::Failed(_) => {}
        }
    }

    /// A service has ended: what it needed may end, too. In this order, so that a service never
    /// loses its database while it ends.
    fn release_services_before(&mut self, service: ServiceIx) {
        let plan = Arc::clone(&self.plan);
        for &before in &plan.service(service).after {
            self.release_service(before);
        }
    }

    pub(super) fn service_stopped(&mut self, service: ServiceIx) {
        self.services[service.position()].state = ServiceState::Stopped;
        self.emit(Event::Service(service, ServiceEvent::Stopped));
        self.release_services_before(service);
    }

    pub(super) fn service_start_overdue(&mut self, service: ServiceIx) {
        if self.now < self.services[service.position()].ready_until {
            return;
        }
        // The agent has its own, earlier limit; this one holds when the agent says nothing.
        self.commands.push_back(Command::KillService(service));
        self.service_failed(service, "no answer from the service agent".to_owned());
    }

    pub(super) fn kill_service(&mut self, service: ServiceIx) {
        self.commands.push_back(Command::KillService(service));
        self.deadlines.add(self.now.plus(LOST_AFTER), Deadline::ServiceLost(service));
    }

    pub(super) fn service_lost(&mut self, service: ServiceIx) {
        let name = self.plan.service(service).name.clone();
        self.emit(Event::Warning(format!(
            "service {name} was killed and has not ended; look for its processes"
        )));
        self.service_stopped(service);
    }

    /// Whether no service runs or is on its way up or down.
    pub(super) fn services_are_quiet(&self) -> bool {
        !self.services.iter().any(|service| {
            matches!(
                service.state,
                ServiceState::Starting | ServiceState::Ready | ServiceState::Stopping
            )
        })
    }

    /// On a second signal, services are killed without grace.
    pub(super) fn kill_services(&mut self) {
        debug_assert!(matches!(self.state, RunState::Stopping(_)));
        for position in 0..self.services.len() {
            if self.services[position].state == ServiceState::Stopping {
                self.kill_service(ServiceIx::at(position));
            }
        }
    }
}
