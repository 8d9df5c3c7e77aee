//! The words of background work: what is asked for, what happens to it, how far it is.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::{RunId, TaskId};

/// Wall-clock time, milliseconds since 1970-01-01 UTC: tasks outlive processes and machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The time this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time since an earlier one; zero when that one is not earlier, as after a clock was set.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// How much of the machine a task takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As much as there is, or services: few run at the same time.
    Heavy,
    /// Little: runs beside others.
    Light,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The name of the task.
    pub task: TaskId,
    /// What it is, for people: `layers e2e_background`.
    pub title: String,
    /// What it runs, so that two orders for the same can be told: equal texts, equal work.
    pub selection: String,
    /// The words behind `apex run`, without the name of the run.
    pub arguments: Vec<String>,
    /// Variables of the place where it was asked for.
    pub env: BTreeMap<String, String>,
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// Whether files differed from that commit; true where nobody knows.
    pub is_changed: bool,
    /// How much of the machine it takes.
    pub weight: Weight,
    /// Which is served first: smaller before larger, then older before younger.
    pub priority: u8,
    /// How often it is tried again when it could not run at all.
    pub retries: u32,
    /// The longest time that one try may take.
    pub time_limit: Option<Duration>,
    /// How long it may wait for its start.
    pub patience: Duration,
}

/// A process, by a name that no other gets: its number, its beginning, and the start of the
/// machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its number, which is also that of its process group.
    pub id: i32,
    /// When it began, in ticks since the machine did.
    pub start: u64,
    /// Which start of the machine.
    pub boot: String,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Its run came to its end with this exit code.
    Finished(u8),
    /// Its run did not come to an end, and why.
    Interrupted(String),
    /// Somebody wanted it not to run.
    Cancelled,
    /// It waited longer than it was worth.
    Expired,
    /// Its time limit ended it.
    TimedOut,
}

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It was asked for.
    Queued(Box<Order>),
    /// A try of it begins, as this run.
    Started {
        /// The task.
        task: TaskId,
        /// The name of the run.
        run: RunId,
    },
    /// The process of that try is this one.
    Spawned {
        /// The task.
        task: TaskId,
        /// The process.
        process: Identity,
    },
    /// Somebody wants a running task to end.
    CancelAsked(TaskId),
    /// It ended.
    Ended {
        /// The task.
        task: TaskId,
        /// How.
        end: End,
    },
    /// It is tried again: what its last run left open, else all of it.
    Requeued(TaskId),
}

impl Fact {
    /// The task it is about.
    #[must_use]
    pub const fn task(&self) -> &TaskId {
        match self {
            Self::Queued(order) => &order.task,
            Self::Started { task, .. }
            | Self::Spawned { task, .. }
            | Self::CancelAsked(task)
            | Self::Ended { task, .. }
            | Self::Requeued(task) => task,
        }
    }
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for its start.
    Queued {
        /// Since when.
        since: UnixMillis,
    },
    /// A try goes on.
    Running {
        /// Since when.
        since: UnixMillis,
        /// Its process, once it is known.
        process: Option<Identity>,
        /// Whether somebody wants it to end.
        is_cancel_asked: bool,
    },
    /// It ended.
    Ended {
        /// How.
        end: End,
        /// When.
        at: UnixMillis,
    },
}

impl TaskState {
    /// The word for it in files and for people.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Running { .. } => "running",
            Self::Ended { end, .. } => match end {
                End::Finished(_) => "finished",
                End::Interrupted(_) => "interrupted",
                End::Cancelled => "cancelled",
                End::Expired => "expired",
                End::TimedOut => "timed_out",
            },
        }
    }

    /// Whether it will not change by itself any more.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What is asked for.
    pub order: Order,
    /// When it was asked for.
    pub asked: UnixMillis,
    /// How far it is.
    pub state: TaskState,
    /// The runs of its tries, the latest last.
    pub runs: Vec<RunId>,
    /// Tries that it has had since somebody last asked for it.
    pub tries: u32,
}

impl Task {
    /// The name of its next run: that of the task, with the number of the run from the second on.
    #[must_use]
    pub fn next_run(&self) -> RunId {
        match self.runs.len() {
            0 => RunId::new(self.order.task.as_str()),
            tries => RunId::new(&format!("{}-{}", self.order.task, tries + 1)),
        }
    }

    /// The run that its next one goes on with: the latest of an earlier try.
    #[must_use]
    pub fn resumes(&self) -> Option<&RunId> {
        self.runs.last()
    }
}
