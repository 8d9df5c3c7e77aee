//! What the scheduler remembers about each thing of the plan.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::event::StopCause;
use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, TestIx};
use crate::outcome::{Outcome, Verdict};
use crate::report::JobEnd;
use crate::test_case::TestCase;
use crate::time::Moment;

use super::lanes::Entry;
use super::watch::Watch;

/// Where the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunState {
    /// [`super::Input::Begin`] has not come.
    NotBegun,
    /// Work may start.
    Running,
    /// Nothing more starts; what runs is being ended.
    Stopping(StopCause),
    /// The last event is out.
    Finished,
}

/// Where a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayerState {
    /// Something before it has not ended.
    Waiting,
    /// Its budget runs.
    Running { since: Moment },
    /// It ended, or never started.
    Finished(Verdict),
}

/// A layer.
#[derive(Clone, Debug)]
pub(super) struct LayerBook {
    pub(super) state: LayerState,
    /// Groups of categories that run one group after the other, as ranges of
    /// [`crate::plan::PlannedLayer::categories`].
    pub(super) groups: Vec<std::ops::Range<usize>>,
    /// The group that is open.
    pub(super) open_group: usize,
    /// Categories of the open group that have not finished.
    pub(super) left_in_group: usize,
    /// Waiting jobs of open categories, the first of each lane and every retry, in the order of
    /// consideration.
    pub(super) ready: BTreeSet<Entry>,
    /// Categories with running jobs.
    pub(super) active: u32,
    /// Active categories that must not run beside others.
    pub(super) active_alone: u32,
    /// Active categories by load mark: memory, cpu, database.
    pub(super) active_load: [u32; 3],
    /// Whether a rule ended all work of it, not only what had not begun.
    pub(super) halted: bool,
    /// Running jobs.
    pub(super) running: u32,
    /// What the running jobs need of memory together, in mebibytes.
    pub(super) memory_mb: u64,
    /// What retries that ended took together.
    pub(super) retried_for: Duration,
    /// Categories that have not finished.
    pub(super) unfinished: usize,
    /// Whether its budget or the run's cut it.
    pub(super) cut: bool,
    /// Whether the user skipped the rest of it.
    pub(super) skipped: bool,
    /// Why its fail-fast rule stopped it, if it did.
    pub(super) stopped: Option<String>,
    /// What its tests have shown, where its rule counts that.
    pub(super) watch: Watch,
}

/// Where a category is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CategoryState {
    /// No job of it has started.
    Waiting,
    /// A job has started.
    Started { at: Moment },
    /// It ended, or never started.
    Finished(Outcome),
}

/// A category.
#[derive(Clone, Debug)]
pub(super) struct CategoryBook {
    pub(super) state: CategoryState,
    /// Categories before it that have not finished.
    pub(super) blockers: u32,
    /// Categories that wait for it.
    pub(super) dependants: Vec<CategoryIx>,
    /// Position of its group in [`LayerBook::groups`].
    pub(super) group: usize,
    /// Running jobs.
    pub(super) running: u32,
    /// Jobs that have not finished.
    pub(super) unfinished: u32,
    /// Jobs that a budget left out, by choice.
    pub(super) deferred: u32,
    /// When its time is used up; none before it started.
    pub(super) limit: Option<Moment>,
    /// Whether its own time limit ended it.
    pub(super) timed_out: bool,
    /// Whether a job of it was ended because it was quiet for too long.
    pub(super) was_quiet: bool,
    /// The worst outcome of its jobs so far, with its weight before and the reason after it.
    pub(super) worst: Option<(u8, Outcome, String)>,
    /// Whether something of the environment, not a test, is to blame.
    pub(super) environment: bool,
    /// Whether the result of a job of it contradicts itself.
    pub(super) contradiction: bool,
    /// Settled tests by outcome, indexed like [`Outcome::ALL`].
    pub(super) counts: [u32; Outcome::ALL.len()],
    /// Failed tests.
    pub(super) failures: u32,
    /// Failed tests that are critical.
    pub(super) critical_failures: u32,
    /// Tests that a budget of layer or run cut while they ran.
    pub(super) cut_tests: u32,
    /// Tests that ran when a service they need was lost.
    pub(super) lost_tests: u32,
}

/// Where a job is. Changed by `Scheduler::move_job` only.
#[derive(Debug)]
pub(super) enum JobState {
    /// Not started.
    Waiting,
    /// An attempt runs. Boxed: of many jobs, few run.
    Running(Box<Attempt>),
    /// The next attempt waits for a slot: its number, and what it repeats.
    Retrying(AttemptNumber, Again),
    /// It is a part whose only attempt went wrong; the whole work is going to run, in the care of
    /// a job that is another part of it.
    Doubted,
    /// Nothing of it runs any more; its tests are being settled, which may stop others.
    Closing,
    /// It ended, or never started.
    Finished,
}

/// What an attempt repeats.
#[derive(Debug, PartialEq)]
pub(super) enum Again {
    /// These tests.
    Only(Vec<Arc<str>>),
    /// The whole work that the job is a part of.
    Whole,
}

/// A test of an attempt, by the number that the executor gave it.
#[derive(Debug)]
pub(super) enum Local {
    /// One whose outcome is open.
    Test(TestIx),
    /// One that has its outcome, from another part of the work that runs as a whole now.
    Settled(Box<TestCase>),
}

/// A running attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) number: AttemptNumber,
    /// When it started.
    pub(super) since: Moment,
    /// The executor's test numbers → tests of the run.
    pub(super) local: Vec<Local>,
    /// Ids of earlier attempts, to recognise tests again; empty in the first attempt.
    pub(super) known: HashMap<Arc<str>, TestIx>,
    /// Why it is being ended, if it is.
    pub(super) stop: Option<StopCause>,
    /// What happened to the service whose loss ends it, for people.
    pub(super) loss: Option<Arc<str>>,
    /// Whether the request to end reached its programs.
    pub(super) reached: bool,
    pub(super) killed: bool,
    /// Whether a deadline for slow tests stands.
    pub(super) is_watched: bool,
    /// Whether its end was reported, so that there is nothing left to end.
    pub(super) ended: bool,
}

/// A job.
#[derive(Debug)]
pub(super) struct JobBook {
    pub(super) state: JobState,
    /// Its tests, in order of discovery.
    pub(super) tests: Vec<TestIx>,
    /// How often a job that comes after it was started while it could not.
    pub(super) passed_over: u32,
    /// How its first attempt ended, where a run of the whole work is to decide.
    pub(super) doubt: Option<Box<Doubt>>,
}

/// Why the first attempt of a part is not believed.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    /// How it ended.
    pub(super) end: JobEnd,
    /// Tests that were announced and not reported.
    pub(super) unreported: u32,
    /// Whether tests failed, so that each of them shows what becomes of it.
    pub(super) by_tests: bool,
}

/// A test.
#[derive(Clone, Debug)]
pub(super) struct TestBook {
    /// The job it belongs to.
    pub(super) job: JobIx,
    /// Its id, kept only where another attempt may need it.
    pub(super) id: Option<Arc<str>>,
    /// When its current attempt began.
    pub(super) started: Option<Moment>,
    /// Outcome of its latest attempt.
    pub(super) last: Option<Outcome>,
    /// The latest attempt that reported its end; 0 before the first.
    pub(super) attempt: AttemptNumber,
    /// Whether an earlier attempt was bad.
    pub(super) was_bad: bool,
    pub(super) critical: bool,
    /// Whether earlier runs call it flaky.
    pub(super) known_flaky: bool,
    /// Whether its failure does not decide.
    pub(super) quarantined: bool,
    /// Whether the loss of a service ended it, which is about to be counted.
    pub(super) lost: bool,
    pub(super) settled: bool,
    /// Whether it was said that its current attempt is slow.
    pub(super) is_told_slow: bool,
}

/// Where a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ServiceState {
    /// Nobody has asked for it.
    Idle,
    /// Asked for; a service before it is not ready.
    Wanted,
    /// Asked to start.
    Starting,
    /// It answers.
    Ready,
    /// Asked to end.
    Stopping,
    /// It ended, or nobody needed it.
    Stopped,
    /// It did not become ready, or stopped by itself.
    Failed(String),
}

/// A service.
#[derive(Clone, Debug)]
pub(super) struct ServiceBook {
    pub(super) state: ServiceState,
    /// Unfinished jobs and unfinished services that need it.
    pub(super) users: u32,
    /// Until when a service that starts has to be ready.
    pub(super) ready_until: Moment,
}

impl LayerBook {
    /// Whether no work of this layer may start any more.
    pub(super) fn is_closed(&self) -> bool {
        self.cut || self.halted || !matches!(self.state, LayerState::Running { .. })
    }
}

/// The range of groups that an execution mode makes of categories with these priority orders.
pub(super) fn groups_of(
    mode: apex_config::model::ExecutionMode,
    priority_orders: &[u32],
) -> Vec<std::ops::Range<usize>> {
    use apex_config::model::ExecutionMode;
    let count = priority_orders.len();
    match mode {
        ExecutionMode::Parallel => std::iter::once(0..count).collect(),
        ExecutionMode::Sequential => (0..count).map(|position| position..position + 1).collect(),
        ExecutionMode::Hybrid => {
            let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
            for position in 0..count {
                match groups.last_mut() {
                    Some(group) if priority_orders[group.start] == priority_orders[position] => {
                        group.end = position + 1;
                    }
                    _ => groups.push(position..position + 1),
                }
            }
            groups
        }
    }
}

/// The order in which running layers are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LayerRank {
    pub(super) background: bool,
    pub(super) priority: u8,
    pub(super) execution_order: u8,
    pub(super) layer: LayerIx,
}
