//! Runs jobs as processes of this machine.
//!
//! Every attempt is one task. The executor owns the tasks; each task owns its session, its
//! program and its private folder, and sends its own reports. The only thing that reaches into a
//! task is a [`StopRequest`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use apex_core::event::ProcessEnd;
use apex_core::id::JobIx;
use apex_core::report::{JobEnd, JobReport};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};

use super::attempt::{Attempt, Context};
use super::lot::Lot;
use super::temporaries::Temporaries;
use super::worker::Workers;
use super::{Capabilities, Ending, Executor, Reported, Submission};
use crate::control_group::ControlGroups;
use crate::guardian::Guard;
use crate::panics::catch_panic;
use crate::process::pause::Since;
use crate::process::{Buffers, Common, StopRequest, census};
use crate::resources::GroupWatch;
use crate::runners::Session;
use crate::secrets::Mask;

/// Makes the session of an attempt.
pub type SessionFactory = Arc<dyn Fn(&Submission) -> Box<dyn Session> + Send + Sync>;

/// Batches of reports that wait for the reader. When they are that many, tasks wait before they
/// read more from their programs, and programs wait before they write more.
const REPORT_BATCHES: usize = 64;

/// Time between two looks at processes that lost their parents.
const ORPHANS_RHYTHM: Duration = Duration::from_millis(250);

/// What the local executor needs to know.
#[derive(Clone)]
pub struct LocalSettings {
    /// Project root, absolute.
    pub root: PathBuf,
    /// The environment that every program gets (`PATH`, `HOME`, `LANG` and the like). The job's,
    /// the submission's and the invocation's variables come on top, in this order.
    pub base_env: Arc<BTreeMap<String, String>>,
    /// Folder in which private folders of attempts are made; it has to exist.
    pub temporary: PathBuf,
    /// Makes the session of an attempt.
    pub sessions: SessionFactory,
}

/// Runs jobs as processes of this machine.
///
/// Dropping it leaves its tasks to the runtime; end them with [`LocalExecutor::shutdown`].
pub struct LocalExecutor {
    shared: Arc<Shared>,
    reports: mpsc::Sender<Vec<Reported>>,
    receiver: Option<mpsc::Receiver<Vec<Reported>>>,
    /// Attempts that were running when last looked at: as many as the scheduler has slots.
    running: Vec<Running>,
    /// Whether memory and orphans are looked at: from the first attempt on.
    looks_on: bool,
    /// Workers that were asked to leave and have not ended.
    leaving: Arc<AtomicUsize>,
    /// The request that they end at once.
    hurry: Arc<StopRequest>,
}

/// What outlives the executor: its owner ends it when everything else of the run has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Support {
    /// Takes away processes and folders when this process is gone.
    pub(crate) guard: Option<Arc<Guard>>,
    /// Holds the limits of layers.
    pub(crate) groups: Arc<ControlGroups>,
    /// What of the output of jobs is not kept as it is.
    pub(crate) mask: Arc<Mask>,
    /// Who looks at what attempts use.
    pub(crate) watch: Arc<GroupWatch>,
}

/// What all attempts use.
pub(super) struct Shared {
    pub(super) settings: LocalSettings,
    /// What all programs have in common.
    pub(super) common: Common,
    /// Read buffers that are used again.
    pub(super) buffers: Buffers,
    /// Folders of attempts.
    pub(super) temporaries: Temporaries,
    /// What running attempts use.
    pub(super) watch: Arc<GroupWatch>,
    /// What holds the limits of layers.
    pub(super) groups: Arc<ControlGroups>,
    /// Programs that wait for more work.
    pub(super) workers: Workers,
}

struct Running {
    job: JobIx,
    stop: Arc<StopRequest>,
    task: JoinHandle<()>,
}

impl LocalExecutor {
    /// An executor without jobs.
    #[must_use]
    pub fn new(settings: LocalSettings) -> Self {
        Self::with(settings, Support::default())
    }

    /// An executor without jobs that has these helpers; who made them ends them.
    pub(crate) fn with(settings: LocalSettings, support: Support) -> Self {
        let (reports, receiver) = mpsc::channel(REPORT_BATCHES);
        let temporary = settings.temporary.clone();
        Self {
            shared: Arc::new(Shared {
                temporaries: Temporaries::inside(temporary, support.guard.clone()),
                common: Common::new(Arc::clone(&settings.base_env))
                    .guarded_by(support.guard)
                    .masked_by(support.mask),
                buffers: Buffers::default(),
                watch: support.watch,
                groups: support.groups,
                workers: Workers::default(),
                settings,
            }),
            reports,
            receiver: Some(receiver),
            running: Vec::new(),
            looks_on: false,
            leaving: Arc::default(),
            hurry: Arc::default(),
        }
    }

    /// Kills what still runs and waits for its end, until `deadline`. Takes no further reports
    /// when nobody reads them. The answer is how many attempts did not end in time.
    pub async fn shutdown(mut self, deadline: Instant) -> usize {
        // Nobody may be reading any more; a task must not wait for room in a queue then.
        drop(self.receiver.take());
        self.hurry.ask(Ending::Kill);
        self.shared.workers.clear();
        for running in &self.running {
            running.stop.ask(Ending::Kill);
        }
        let mut unfinished = 0;
        for mut running in std::mem::take(&mut self.running) {
            if timeout_at(deadline, &mut running.task).await.is_err() {
                running.task.abort();
                unfinished += 1;
            }
        }
        unfinished
    }
}

impl Drop for LocalExecutor {
    /// What attempts have given back goes before whoever guards it does.
    fn drop(&mut self) {
        self.shared.temporaries.clear();
    }
}

impl Executor for LocalExecutor {
    fn capabilities(&self) -> Capabilities {
        Capabilities::of("local")
    }

    /// Starts an attempt. Does not wait.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    fn submit(&mut self, submission: Submission) {
        self.running.retain(|running| !running.task.is_finished());
        if !std::mem::replace(&mut self.looks_on, true) {
            GroupWatch::start(&self.shared.watch);
            tokio::spawn(look_at_orphans(Arc::downgrade(&self.shared)));
        }
        let job = submission.job;
        let stop = Arc::new(StopRequest::default());
        let task = tokio::spawn(run(
            submission,
            Arc::clone(&self.shared),
            Arc::clone(&stop),
            self.reports.clone(),
        ));
        self.running.push(Running { job, stop, task });
    }

    fn cancel(&mut self, job: JobIx, ending: Ending) {
        for running in self.running.iter().filter(|running| running.job == job) {
            running.stop.ask(ending);
        }
    }

    fn reports(&mut self) -> Option<mpsc::Receiver<Vec<Reported>>> {
        self.receiver.take()
    }

    fn release(&mut self, lot: &Lot) {
        for worker in self.shared.workers.take_unwanted(lot) {
            self.leaving.fetch_add(1, Ordering::AcqRel);
            let (leaving, hurry) = (Arc::clone(&self.leaving), Arc::clone(&self.hurry));
            let reports = self.reports.clone();
            tokio::spawn(async move {
                let (job, attempt) = (worker.latest.job, worker.latest.attempt);
                let dismissed = catch_panic(Box::pin(worker.dismiss(&hurry))).await;
                let notes = dismissed.unwrap_or_else(|cause| vec![cause]);
                let note = |note| (job, attempt, JobReport::Note(note));
                // Without a reader there is nobody to tell.
                let _ = reports.send(notes.into_iter().map(note).collect()).await;
                leaving.fetch_sub(1, Ordering::AcqRel);
                // Somebody may wait for that.
                let _ = reports.send(Vec::new()).await;
            });
        }
    }

    fn is_releasing(&self) -> bool {
        self.leaving.load(Ordering::Acquire) > 0
    }

    fn hurry(&mut self) {
        self.hurry.ask(Ending::Kill);
    }
}

/// Looks from time to time, until nobody else holds the executor, for processes that lost their
/// parents: those that end are reaped, those that live are listed for the guardian.
async fn look_at_orphans(shared: Weak<Shared>) {
    let mut rhythm = interval_at(Instant::now() + ORPHANS_RHYTHM, ORPHANS_RHYTHM);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        let orphans = census::look();
        if let Some(guard) = shared.common.guard() {
            orphans.iter().for_each(|orphan| guard.list_orphan(orphan));
        }
    }
}

/// One attempt from its start to its last report, which is sent whatever happens before.
async fn run(
    submission: Submission,
    shared: Arc<Shared>,
    stop: Arc<StopRequest>,
    reports: mpsc::Sender<Vec<Reported>>,
) {
    let (job, number) = (submission.job, submission.attempt);
    let started = Since::now();
    // A panic of a session is one attempt's trouble, never the run's. The box keeps the task
    // small while it is moved to where it runs.
    let outcome = catch_panic(Box::pin(async {
        let session = (shared.settings.sessions)(&submission);
        let context = Context {
            submission: &submission,
            shared: &shared,
            stop: &stop,
            reports: &reports,
            began: started,
        };
        Attempt::new(context, session).run().await;
    }))
    .await;
    if let Err(cause) = outcome {
        let end = JobReport::Ended(JobEnd {
            end: ProcessEnd::NotStarted(format!(
                "internal error while the job ran: {cause}; this is a fault of Apex, report it \
                 with the log of the run"
            )),
            problem: None,
            nothing_to_run: false,
            duration: started.elapsed(),
            peak_memory_mb: None,
            cpu_time: None,
            out_of_memory: None,
        });
        // Without a reader there is nobody to tell.
        let _ = reports.send(vec![(job, number, end)]).await;
    }
}
