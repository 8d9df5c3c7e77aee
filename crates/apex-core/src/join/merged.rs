//! The plan of a joined run: that of all parts, with the services of each part for itself, since
//! every machine has its own.

use crate::id::ServiceIx;
use crate::plan::matrix::Narrowed;
use crate::plan::{Plan, PlannedService};

/// The plan, and where the services of each part begin in it.
pub(super) fn plan(whole: &Plan, parts: &[Narrowed]) -> (Plan, Vec<u32>) {
    let mut plan = Plan { services: Vec::new(), prediction: None, ..whole.clone() };
    plan.notes.push(format!("joined from {} parts", parts.len()));
    let mut first_services = Vec::with_capacity(parts.len());
    for (number, part) in (1..).zip(parts) {
        let first = ServiceIx::at(plan.services.len()).0;
        first_services.push(first);
        let moved = |list: &[ServiceIx]| list.iter().map(|one| ServiceIx(first + one.0)).collect();
        for service in &part.plan.services {
            plan.services.push(PlannedService {
                after: moved(&service.after),
                reason: format!("part {number} of {}: {}", parts.len(), service.reason),
                ..service.clone()
            });
        }
        for (own, job) in part.plan.jobs.iter().zip(&part.jobs) {
            plan.jobs[job.position()].services = moved(&own.services);
        }
    }
    (plan, first_services)
}
