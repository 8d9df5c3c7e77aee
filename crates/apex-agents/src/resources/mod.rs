//! What the machine has left, what jobs use of it, and what this process is told to ignore: samples
//! from `/proc`.
//!
//! Nothing here decides anything, and where the system does not tell, nothing is known.

mod host;
mod load;
mod memory;
mod signals;

pub use host::{HostSample, Pressure, disk_available_mb, host};
pub(crate) use load::LoadMeter;
pub(crate) use memory::{Ceiling, MemoryWatch, Watched};
pub(crate) use signals::ignored_signals;
