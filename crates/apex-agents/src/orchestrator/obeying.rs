//! What becomes of the commands of the scheduler: attempts for the executor, services for the
//! service agent, each with the variables that it gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use apex_config::model::{Lifetime, ServiceSource};
use apex_core::event::ServiceEvent;
use apex_core::plan::ServiceScope;
use apex_core::schedule::Command;
use apex_core::trace::Place;
use apex_core::{AttemptNumber, JobIx, ServiceIx};

use super::{Ring, variables};
use crate::executor::{Ending, Submission};
use crate::services::{Circle, Circles, ServiceReport};

/// Variables of a service that is ready.
pub(super) struct Exports {
    /// For jobs and services on this machine.
    outside: Arc<BTreeMap<String, String>>,
    /// For containers.
    inside: BTreeMap<String, String>,
}

impl Ring {
    /// Carries a command out.
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::StartJob { job, attempt, only, whole } => {
                let submission = self.submission(job, attempt, only, whole);
                self.executor.submit(submission);
            }
            Command::TerminateJob(job) => self.executor.cancel(job, Ending::Terminate),
            Command::KillJob(job) => self.executor.cancel(job, Ending::Kill),
            Command::StartService(service) => self.start_service(service),
            // The fixtures of tests are torn down with the services that they need.
            Command::StopService(service) if self.executor.is_releasing() => {
                self.held.push(service);
            }
            Command::StopService(service) => self.services.stop(service),
            Command::KillService(service) => self.services.kill(service),
        }
    }

    fn start_service(&mut self, service: ServiceIx) {
        let Some(definition) = self.definitions.get(service.position()) else { return };
        let is_container = matches!(definition.source, ServiceSource::Container(_));
        // What outlives the run knows nothing of it.
        let is_kept = matches!(definition.lifetime, Lifetime::Keep { .. });
        let mut env = if is_kept { BTreeMap::new() } else { BTreeMap::clone(&self.base) };
        for before in &self.plan.service(service).after {
            let Some(exports) = self.exports.get(before) else { continue };
            let seen = if is_container { &exports.inside } else { &*exports.outside };
            env.extend(seen.clone());
        }
        if let Some(trace) = self.trace.as_ref().filter(|_| !is_kept) {
            env.extend(variables::of_trace(trace, Place::Service(service)));
        }
        let circles = self.circles(service);
        self.services.start_among(service, definition, &env, &circles);
    }

    /// Where a service of the plan stands among those of other layers and categories.
    fn circles(&self, service: ServiceIx) -> Circles {
        let circle = |service: ServiceIx| match &self.plan.service(service).scope {
            ServiceScope::Run => Circle::default(),
            ServiceScope::Layer(layer) => Circle::own(&format!("layer-{layer}")),
            ServiceScope::Category(category) => Circle::own(&format!("category-{category}")),
        };
        let own = circle(service);
        let before = self.plan.service(service).after.iter().map(|&before| circle(before));
        let mut needed: Vec<Circle> = before.filter(|circle| *circle != own).collect();
        needed.sort();
        needed.dedup();
        Circles { own, needed }
    }

    fn submission(
        &mut self,
        job: JobIx,
        attempt: AttemptNumber,
        only: Option<Vec<Arc<str>>>,
        whole: bool,
    ) -> Submission {
        let lot = self.lots.start(job, attempt);
        let planned = self.plan.job(job);
        let spec = planned.undivided.as_deref().filter(|_| whole).unwrap_or(&planned.spec);
        let category = self.plan.category(planned.category);
        let mut of_attempt = variables::of_attempt(&self.plan, job, attempt, spec);
        if let Some(trace) = &self.trace {
            of_attempt.extend(variables::of_trace(trace, Place::Job(job)));
        }
        let rules = self.rules.get(planned.category.position()).cloned().unwrap_or_default();
        let mut env = vec![Arc::clone(&self.base), rules.env, Arc::new(of_attempt)];
        env.extend(
            planned.services.iter().filter_map(|one| {
                self.exports.get(one).map(|exports| Arc::clone(&exports.outside))
            }),
        );
        Submission {
            run: self.run.clone(),
            job,
            attempt,
            category: category.name.as_str().into(),
            spec: spec.clone(),
            only,
            env,
            log: (self.log_name)(&self.plan, job, attempt),
            grace: category.grace,
            allowance: self.allowances.get(category.layer.position()).cloned().unwrap_or_default(),
            rules: rules.job,
            lot,
        }
    }

    /// Keeps what a service exports for the jobs that need it.
    pub(super) fn note_exports(
        &mut self,
        service: ServiceIx,
        report: ServiceReport,
    ) -> ServiceEvent {
        match report {
            ServiceReport::Ready { addresses, exports, inside } => {
                self.exports.insert(service, Exports { outside: Arc::new(exports), inside });
                ServiceEvent::Ready { addresses }
            }
            ServiceReport::Failed { reason } => ServiceEvent::Failed { reason },
            ServiceReport::Preparing { what } => ServiceEvent::Preparing { what },
            ServiceReport::Lost { reason } => ServiceEvent::Lost { reason },
            ServiceReport::Stopped => ServiceEvent::Stopped,
        }
    }

    /// Stops the services that waited for programs which are gone now.
    pub(super) fn stop_held(&mut self) {
        if !self.held.is_empty() && !self.executor.is_releasing() {
            for service in std::mem::take(&mut self.held) {
                self.services.stop(service);
            }
        }
    }
}
