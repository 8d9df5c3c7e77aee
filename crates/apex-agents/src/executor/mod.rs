//! The boundary between deciding that a job runs and running it somewhere.
//!
//! Nothing above this line knows where a job runs; nothing below it knows why.

mod attempt;
mod bounds;
mod capture;
mod local;
mod lot;
mod orders;
mod private_folder;
mod report_files;
mod residence;
mod silence;
mod temporaries;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::Oversight;
use apex_core::id::{AttemptNumber, JobIx, RunId};
use apex_core::plan::JobSpec;
use apex_core::report::JobReport;
use tokio::sync::mpsc;

pub use crate::control_group::Allowance;
pub use crate::process::Ending;
pub(crate) use local::Support;
pub use local::{LocalExecutor, LocalSettings, SessionFactory};
pub use lot::Lot;

/// One attempt of one job, complete: nothing of the machine that planned it is assumed.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The run it belongs to.
    pub run: RunId,
    /// The job.
    pub job: JobIx,
    /// Which try.
    pub attempt: AttemptNumber,
    /// Name of its category, for names of synthetic tests and folders.
    pub category: Arc<str>,
    /// What is to be done.
    pub spec: JobSpec,
    /// Only these test ids, when the attempt is a retry; `None` for all of the job.
    pub only: Option<Vec<Arc<str>>>,
    /// Environment beyond the job's own, in layers of which a later one beats an earlier one:
    /// the variables of the run and of the attempt, what services export.
    pub env: Vec<Arc<BTreeMap<String, String>>>,
    /// File that gets everything the job writes.
    pub log: PathBuf,
    /// Time between the request to end and the kill, when the executor has to end it by itself.
    pub grace: Duration,
    /// What all jobs of its layer may use together.
    pub allowance: Arc<Allowance>,
    /// How it is watched, and how much of what it writes is kept.
    pub rules: JobRules,
    /// The jobs with which it may share programs; none for programs of its own.
    pub lot: Option<Arc<Lot>>,
}

/// How an attempt is watched, and how much of what it writes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRules {
    /// Bytes of its output that are kept in its file.
    pub output_limit: u64,
    /// Bytes of each text of a test that are kept.
    pub test_output_limit: usize,
    /// How long it may be quiet before that is reported.
    pub quiet_after: Duration,
    /// A second length of silence that is reported.
    pub no_output_timeout: Option<Duration>,
    /// Whether the folder that its programs get as TMPDIR stays, beside the log.
    pub keep_temporary: bool,
}

impl JobRules {
    /// The rules of a category.
    #[must_use]
    pub fn of(oversight: &Oversight) -> Self {
        Self {
            output_limit: u64::from(oversight.output_limit_mb) * 1024 * 1024,
            test_output_limit: oversight.test_output_limit_kb as usize * 1024,
            quiet_after: oversight.quiet_after,
            no_output_timeout: oversight.no_output_timeout,
            keep_temporary: oversight.keep_temporary,
        }
    }
}

impl Default for JobRules {
    fn default() -> Self {
        Self::of(&Oversight::default())
    }
}

/// What an executor can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Its name, for example `local`.
    pub name: &'static str,
    /// Whether a job can be found again after a restart of the controller.
    pub can_reattach: bool,
}

impl Capabilities {
    /// Capabilities of an executor of this name that can do nothing special.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self { name, can_reattach: false }
    }
}

/// A report of a job, with the job it is about.
pub type Reported = (JobIx, AttemptNumber, JobReport);

/// Runs jobs somewhere.
///
/// For every submission the executor sends reports and in the end exactly one
/// [`JobReport::Ended`], whatever happens; a program that cannot be started is an end, too. When
/// it ends an attempt, [`JobReport::StopReached`] comes before the first report that the request
/// may have caused.
pub trait Executor: Send {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Starts an attempt. Does not wait.
    fn submit(&mut self, submission: Submission);

    /// Ends the running attempt of a job; does nothing when there is none.
    fn cancel(&mut self, job: JobIx, ending: Ending);

    /// Where its reports arrive. Taken once.
    fn reports(&mut self) -> Option<mpsc::Receiver<Vec<Reported>>>;

    /// Fewer jobs of a lot are to come than were: programs that wait for them are asked to end.
    /// What is to be said of one comes as a [`JobReport::Note`] of the last job that it ran, and
    /// an empty batch where nothing is.
    fn release(&mut self, _lot: &Lot) {}

    /// Whether programs that were asked to end by [`Executor::release`] have not.
    fn is_releasing(&self) -> bool {
        false
    }

    /// Kills what was asked to end by [`Executor::release`], and what will be.
    fn hurry(&mut self) {}
}
