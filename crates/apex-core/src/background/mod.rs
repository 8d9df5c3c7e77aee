//! Background tasks: work that nobody waits for, and what becomes of it.
//!
//! A task is a call of `apex run` that somebody left to a supervisor. Everything that happens to
//! it is a [`Fact`]; [`Queue`] is the fold over the facts and the only place that changes the state
//! of a task. What should happen next (which task starts, which has waited too long, what a request
//! to cancel means) is asked of the queue and answered with facts or refusals. Time is an argument.
//! Nothing here knows files, processes or a clock.

mod foreground;
mod queue;
mod task;

pub use crate::id::TaskId;
pub use foreground::Foreground;
pub use queue::{Enqueued, MOST_WAITING, Queue, Refusal, Room};
pub use task::{End, Fact, Identity, Order, Task, TaskState, UnixMillis, Weight};
