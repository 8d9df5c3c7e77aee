//! The queue: the fold over facts, and the decisions about what should happen next.

use std::collections::HashMap;

use super::task::{End, Fact, Order, Task, TaskState, UnixMillis, Weight};
use crate::id::TaskId;

/// Tasks that may wait at the same time: more than any project means, few enough to be read at
/// every command.
pub const MOST_WAITING: usize = 1_000;

/// Exit codes after which a try is worth another one: the surroundings were broken, or Apex.
const NOT_THE_TESTS: [u8; 2] = [3, 6];

/// Exit codes from here on are those of signals: 128 plus the number of the signal.
const SIGNALS: u8 = 128;

/// All tasks and how far they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// In the order in which they were asked for.
    tasks: Vec<Task>,
    positions: HashMap<TaskId, usize>,
}

/// What may run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Heavy tasks.
    pub heavy: u32,
    /// Light tasks.
    pub light: u32,
    /// Whether a heavy one may start now.
    pub heavy_may_start: bool,
}

/// What an order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// A task of its own, when this fact is written.
    New(Fact),
    /// The same is waiting or running already.
    Same(TaskId),
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No task has this name.
    #[error("there is no background task `{0}`")]
    Unknown(TaskId),
    /// The task is not in a state in which that can happen.
    #[error("background task {task} is {state}")]
    NotNow {
        /// The task.
        task: TaskId,
        /// The word for its state.
        state: &'static str,
    },
    /// A task of this name is there already.
    #[error("background task {0} is there already")]
    Doubled(TaskId),
    /// Too many tasks wait.
    #[error("{MOST_WAITING} background tasks wait already")]
    Full,
}

impl Queue {
    /// All tasks, in the order in which they were asked for.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// One task.
    #[must_use]
    pub fn task(&self, task: &TaskId) -> Option<&Task> {
        self.positions.get(task).map(|position| &self.tasks[*position])
    }

    /// The tasks that run, in the order in which they were asked for.
    pub fn running(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| matches!(task.state, TaskState::Running { .. }))
    }

    /// Whether some task has not ended.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.tasks.iter().any(|task| !task.state.is_ended())
    }

    /// Takes a fact in. The only place that changes a task.
    ///
    /// # Errors
    /// When that cannot have happened to the task as it is; nothing is changed then.
    pub fn apply(&mut self, at: UnixMillis, fact: Fact) -> Result<(), Refusal> {
        if let Fact::Queued(order) = fact {
            return self.add(at, *order);
        }
        let name = fact.task().clone();
        let position = self.positions.get(&name).copied();
        let task = &mut self.tasks[position.ok_or_else(|| Refusal::Unknown(name.clone()))?];
        let refused = Refusal::NotNow { task: name, state: task.state.as_str() };
        match (&mut task.state, fact) {
            (TaskState::Queued { .. }, Fact::Started { run, .. }) => {
                task.runs.push(run);
                task.tries += 1;
                task.state =
                    TaskState::Running { since: at, process: None, is_cancel_asked: false };
            }
            (TaskState::Running { process, .. }, Fact::Spawned { process: new, .. }) => {
                *process = Some(new);
            }
            (TaskState::Running { is_cancel_asked, .. }, Fact::CancelAsked(_)) => {
                *is_cancel_asked = true;
            }
            (state, Fact::Ended { end, .. }) if may_end(state, &end) => {
                *state = TaskState::Ended { end, at };
            }
            (TaskState::Ended { end, .. }, Fact::Requeued(_)) => {
                // Somebody asked for it: what follows by itself stops before that.
                if !is_tried_again_by_itself(end) || task.tries > task.order.retries {
                    task.tries = 0;
                }
                task.state = TaskState::Queued { since: at };
            }
            _ => return Err(refused),
        }
        Ok(())
    }

    fn add(&mut self, at: UnixMillis, order: Order) -> Result<(), Refusal> {
        if self.positions.contains_key(&order.task) {
            return Err(Refusal::Doubled(order.task));
        }
        self.positions.insert(order.task.clone(), self.tasks.len());
        let state = TaskState::Queued { since: at };
        self.tasks.push(Task { order, asked: at, state, runs: Vec::new(), tries: 0 });
        Ok(())
    }

    /// What an order comes to. The same work at the same commit is not done twice: not beside a
    /// task that waits, because that one will run what is there when it starts; and not beside one
    /// that runs, as long as both mean the commit as it is.
    ///
    /// # Errors
    /// [`Refusal::Full`] when too many tasks wait.
    pub fn enqueue(&self, order: Order) -> Result<Enqueued, Refusal> {
        let is_same = |task: &&Task| {
            let other = &task.order;
            let is_pure = !other.is_changed && !order.is_changed && order.commit.is_some();
            other.selection == order.selection
                && other.commit == order.commit
                && match task.state {
                    TaskState::Queued { .. } => true,
                    TaskState::Running { is_cancel_asked, .. } => is_pure && !is_cancel_asked,
                    TaskState::Ended { .. } => false,
                }
        };
        if let Some(same) = self.tasks.iter().find(is_same) {
            return Ok(Enqueued::Same(same.order.task.clone()));
        }
        let waits = |task: &&Task| matches!(task.state, TaskState::Queued { .. });
        if self.tasks.iter().filter(waits).count() >= MOST_WAITING {
            return Err(Refusal::Full);
        }
        Ok(Enqueued::New(Fact::Queued(Box::new(order))))
    }

    /// What a request to cancel means: a task that waits or was interrupted is cancelled at once,
    /// one that runs is asked to end.
    ///
    /// # Errors
    /// When there is no such task or it has ended.
    pub fn cancel(&self, task: &TaskId) -> Result<Fact, Refusal> {
        let found = self.task(task).ok_or_else(|| Refusal::Unknown(task.clone()))?;
        match &found.state {
            TaskState::Running { .. } => Ok(Fact::CancelAsked(task.clone())),
            TaskState::Queued { .. } | TaskState::Ended { end: End::Interrupted(_), .. } => {
                Ok(Fact::Ended { task: task.clone(), end: End::Cancelled })
            }
            state @ TaskState::Ended { .. } => {
                Err(Refusal::NotNow { task: task.clone(), state: state.as_str() })
            }
        }
    }

    /// What a request to try again means: a task that ended without a pass waits again.
    ///
    /// # Errors
    /// When there is no such task, it has not ended, or it passed.
    pub fn retry(&self, task: &TaskId) -> Result<Fact, Refusal> {
        let found = self.task(task).ok_or_else(|| Refusal::Unknown(task.clone()))?;
        match &found.state {
            TaskState::Ended { end, .. } if *end != End::Finished(0) => {
                Ok(Fact::Requeued(task.clone()))
            }
            state => Err(Refusal::NotNow { task: task.clone(), state: state.as_str() }),
        }
    }

    /// How a try ended: by the exit code of its run where there is one. A run that ended by itself
    /// has finished, whatever was asked meanwhile; of one that a signal ended, the queue knows why.
    #[must_use]
    pub fn end_of_try(task: &Task, exit_code: Option<u8>, now: UnixMillis) -> End {
        let TaskState::Running { since, is_cancel_asked, .. } = task.state else {
            return End::Interrupted("it did not run".to_owned());
        };
        match exit_code {
            Some(code) if code < SIGNALS => End::Finished(code),
            _ if is_cancel_asked => End::Cancelled,
            Some(_) if is_over_limit(task, since, now) => End::TimedOut,
            Some(code) => End::Interrupted(format!("signal {} ended its run", code - SIGNALS)),
            None => End::Interrupted("its process ended before its run did".to_owned()),
        }
    }

    /// The running tasks that have to end: somebody wants that, or their time is up.
    pub fn unwanted(&self, now: UnixMillis) -> impl Iterator<Item = &Task> {
        self.running().filter(move |task| match task.state {
            TaskState::Running { since, is_cancel_asked, .. } => {
                is_cancel_asked || is_over_limit(task, since, now)
            }
            _ => false,
        })
    }

    /// What follows from the end of a try by itself: another one, as long as the order allows it
    /// and the tests were not to blame.
    #[must_use]
    pub fn follow_up(&self, task: &TaskId) -> Option<Fact> {
        let found = self.task(task)?;
        let TaskState::Ended { end, .. } = &found.state else { return None };
        let again = is_tried_again_by_itself(end) && found.tries <= found.order.retries;
        again.then(|| Fact::Requeued(task.clone()))
    }

    /// The tasks that have waited longer than they are worth, as facts.
    #[must_use]
    pub fn overdue(&self, now: UnixMillis) -> Vec<Fact> {
        let is_overdue = |task: &&Task| match task.state {
            TaskState::Queued { since } => now.since(since) > task.order.patience,
            _ => false,
        };
        let overdue = self.tasks.iter().filter(is_overdue);
        overdue
            .map(|task| Fact::Ended { task: task.order.task.clone(), end: End::Expired })
            .collect()
    }

    /// The task that should start next, if there is room for one. A light task passes heavy ones
    /// that have to wait; among equals, priority decides, then age.
    #[must_use]
    pub fn next(&self, room: Room) -> Option<&Task> {
        let of = |weight| self.running().filter(|task| task.order.weight == weight).count();
        let heavy = room.heavy_may_start && of(Weight::Heavy) < room.heavy as usize;
        let light = of(Weight::Light) < room.light as usize;
        let may_start = |task: &&Task| match task.order.weight {
            Weight::Heavy => heavy,
            Weight::Light => light,
        };
        let waiting =
            self.tasks.iter().filter(|task| matches!(task.state, TaskState::Queued { .. }));
        // The first of several smallest is the oldest.
        waiting.filter(may_start).min_by_key(|task| task.order.priority)
    }
}

fn is_over_limit(task: &Task, since: UnixMillis, now: UnixMillis) -> bool {
    task.order.time_limit.is_some_and(|limit| now.since(since) > limit)
}

/// Whether a task in a state may end so.
const fn may_end(state: &TaskState, end: &End) -> bool {
    match state {
        TaskState::Queued { .. } => matches!(end, End::Cancelled | End::Expired),
        TaskState::Running { .. } => !matches!(end, End::Expired),
        TaskState::Ended { end: before, .. } => {
            matches!(before, End::Interrupted(_)) && matches!(end, End::Cancelled)
        }
    }
}

/// Whether the tests were not to blame, and another try may go better.
fn is_tried_again_by_itself(end: &End) -> bool {
    matches!(end, End::Finished(code) if NOT_THE_TESTS.contains(code))
}
