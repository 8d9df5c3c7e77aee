//! What is tried again: only what its category calls worth it.

use std::collections::BTreeSet;

use apex_config::model::RetryOn;

use crate::event::{Envelope, Event, JobEvent, ProcessEnd, TestEvent};
use crate::id::JobIx;
use crate::outcome::Outcome;
use crate::plan::Plan;

use super::Findings;

/// What the latest attempt of a job showed.
#[derive(Clone, Default)]
struct Attempt {
    /// How tests of it ended badly.
    bad: BTreeSet<RetryOn>,
    end: Option<ProcessEnd>,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut attempts = vec![Attempt::default(); plan.jobs.len()];
    for Envelope { seq, event, .. } in stream {
        match event {
            Event::Job(job, JobEvent::Started { attempt }) => {
                let mut latest = std::mem::take(&mut attempts[job.position()]);
                let planned = plan.job(*job);
                let is_on_trust = planned.undivided.is_some();
                if is_on_trust {
                    // It repeats what failed in other parts of its work, too.
                    let parts = plan.parts_of_work(*job);
                    latest.bad.extend(parts.flat_map(|part| attempts[part.position()].bad.clone()));
                }
                let is_check = is_on_trust && attempt.0 == 2;
                let holds = attempt.0 == 1 || is_check || is_worth_it(plan, *job, &latest);
                findings.require(holds, *seq, "only what is worth it is tried again");
            }
            Event::Job(job, JobEvent::AttemptFinished { end, .. }) => {
                attempts[job.position()].end = Some(end.clone());
            }
            Event::Test(job, TestEvent::Finished { outcome, .. }) => {
                attempts[job.position()].bad.extend(cause(*outcome));
            }
            _ => {}
        }
    }
}

fn cause(outcome: Outcome) -> Option<RetryOn> {
    match outcome {
        Outcome::Failed => Some(RetryOn::Failed),
        Outcome::Errored => Some(RetryOn::Errored),
        Outcome::TimedOut => Some(RetryOn::TimedOut),
        _ => None,
    }
}

fn is_worth_it(plan: &Plan, job: JobIx, latest: &Attempt) -> bool {
    let on = plan.category(plan.job(job).category).retry_on;
    match &latest.end {
        Some(ProcessEnd::NotStarted(_)) => on.has(RetryOn::Environment),
        Some(ProcessEnd::Signalled(9)) => on.has(RetryOn::OutOfMemory),
        Some(_) if latest.bad.is_empty() => on.has(RetryOn::Usage),
        Some(_) => latest.bad.iter().any(|&cause| on.has(cause)),
        None => false,
    }
}
