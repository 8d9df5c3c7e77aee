//! Control groups (cgroups(7)): how the memory, the processors and the number of processes of a
//! layer are held, where the system lets this user make groups.
//!
//! A layer for which a file says limits has one group, and its jobs have groups below it, so that
//! it is known which job ran out of memory. Jobs of other layers are in none, which costs nothing.
//! [`enforcement`] says what is held on this machine; where no group can be made, the executor
//! measures memory instead. When a job starts or ends is not known here.

mod allowance;
mod group;
mod place;
mod remove;

pub use allowance::Allowance;
pub(crate) use group::{ControlGroups, JobGroup};
pub use place::{enforcement, holds_limits};
pub(crate) use remove::remove;
