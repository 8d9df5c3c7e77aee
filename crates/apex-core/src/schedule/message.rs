//! What goes into the scheduler and what comes out: the ring between deciding and doing.

use std::sync::Arc;

use crate::event::ServiceEvent;
use crate::id::{AttemptNumber, JobIx, LayerIx, ServiceIx};
use crate::report::JobReport;

use super::slots::Load as MachineLoad;

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The run begins. The first input, once.
    Begin,
    /// Time passed: some deadline may be due.
    Tick,
    /// An executor reported about an attempt of a job.
    Job {
        /// The job.
        job: JobIx,
        /// The attempt; reports of another than the current one are ignored.
        attempt: AttemptNumber,
        /// What it reported.
        report: JobReport,
    },
    /// The service agent reported.
    Service {
        /// The service.
        service: ServiceIx,
        /// What it reported; that a service is starting is the scheduler's own word.
        report: ServiceEvent,
    },
    /// What the machine did lately, for [`super::Scheduler::wants_load`].
    Load(MachineLoad),
    /// The whole run is being stopped, with everything it runs, by whoever may let it go on: from
    /// here on no time passes for it and nothing starts.
    Paused,
    /// It goes on.
    Resumed,
    /// A signal asks the run to stop.
    Interrupt {
        /// Its number.
        signal: i32,
    },
    /// The user wants no more of a layer. Without effect on one that does not run or is being
    /// ended already.
    SkipLayer(LayerIx),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Hand an attempt of a job to an executor.
    StartJob {
        /// The job.
        job: JobIx,
        /// Which try.
        attempt: AttemptNumber,
        /// Only these tests, for a retry that does not repeat all of it.
        only: Option<Vec<Arc<str>>>,
        /// Whether it is the whole work that the job is a part of
        /// ([`crate::plan::PlannedJob::undivided`]).
        whole: bool,
    },
    /// Ask the processes of a job to end.
    TerminateJob(JobIx),
    /// Kill the processes of a job.
    KillJob(JobIx),
    /// Bring a service up.
    StartService(ServiceIx),
    /// Take a service away.
    StopService(ServiceIx),
    /// Kill a service that did not end in time.
    KillService(ServiceIx),
}
