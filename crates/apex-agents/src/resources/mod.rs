//! What the machine has left, what jobs and services use of it, and what this process is told to
//! ignore: samples from `/proc`.
//!
//! Nothing here decides anything, and where the system does not tell, nothing is known.

mod groups;
mod host;
mod load;
pub(crate) mod sampling;
mod signals;

pub(crate) use groups::{Ceiling, GroupWatch, Owner, Watched, Watching};
pub use host::{HostSample, disk_available_mb, host};
pub(crate) use load::LoadMeter;
pub(crate) use signals::ignored_signals;
