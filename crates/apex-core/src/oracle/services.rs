//! For whom services come up, and how long they live.

use crate::event::{Envelope, Event, JobEvent, LayerEvent, RunEvent, ServiceEvent};
use crate::id::{LayerIx, ServiceIx};
use crate::plan::{Plan, ServiceScope};

use super::Findings;

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    is_used_by_its_own(plan, findings);
    let mut book = Book {
        plan,
        begun: vec![false; plan.layers.len()],
        unfinished: users(plan),
        is_stopped: false,
    };
    for Envelope { seq, event, .. } in stream {
        book.take(*seq, event, findings);
    }
}

struct Book<'a> {
    plan: &'a Plan,
    /// Layers that began, or ended without that.
    begun: Vec<bool>,
    /// Jobs that need a service and have not finished.
    unfinished: Vec<u32>,
    is_stopped: bool,
}

impl Book<'_> {
    fn take(&mut self, seq: u64, event: &Event, findings: &mut Findings) {
        match event {
            Event::Layer(layer, LayerEvent::Started | LayerEvent::Finished { .. }) => {
                self.begun[layer.position()] = true;
            }
            Event::Run(RunEvent::Interrupted { .. } | RunEvent::BudgetExceeded { .. }) => {
                self.is_stopped = true;
            }
            Event::Job(job, JobEvent::Finished { .. }) => {
                for service in &self.plan.job(*job).services {
                    self.unfinished[service.position()] -= 1;
                }
            }
            Event::Service(service, ServiceEvent::Starting) => {
                let late = self.is_stopped;
                findings.require(!late, seq, "no service starts after the run was stopped");
                let near = self.is_near(*service);
                findings.require(near, seq, "a service starts for a layer that is next at most");
            }
            Event::Service(service, ServiceEvent::Stopped) => {
                let idle = self.unfinished[service.position()] == 0;
                findings.require(idle, seq, "a service outlives the work that needs it");
            }
            _ => {}
        }
    }

    /// Whether work that needs a service is in a layer that began, or that waits for none that
    /// has not.
    fn is_near(&self, service: ServiceIx) -> bool {
        let needs = self.plan.jobs.iter().filter(|job| job.services.contains(&service));
        let mut layers = needs.map(|job| self.plan.category(job.category).layer);
        layers.any(|layer| self.begun[layer.position()] || self.is_next(layer))
    }

    fn is_next(&self, layer: LayerIx) -> bool {
        self.plan.layer(layer).after.iter().all(|before| self.begun[before.position()])
    }
}

fn users(plan: &Plan) -> Vec<u32> {
    let mut users = vec![0; plan.services.len()];
    for service in plan.jobs.iter().flat_map(|job| &job.services) {
        users[service.position()] += 1;
    }
    users
}

/// What is the own service of a layer or category is used there alone.
fn is_used_by_its_own(plan: &Plan, findings: &mut Findings) {
    for job in &plan.jobs {
        let category = plan.category(job.category);
        let holds = job.services.iter().all(|&service| match &plan.service(service).scope {
            ServiceScope::Run => true,
            ServiceScope::Layer(layer) => plan.layer(category.layer).id == *layer,
            ServiceScope::Category(name) => category.name == *name,
        });
        findings.require(holds, 0, "the own service of a layer or category is used there alone");
    }
}
