//! What `apex watch` needs of the world: changes of files, runs as programs of their own, signals.
//!
//! A run is a process of its own: it reads the configuration anew, its memory comes back, and the
//! terminal is its own while it lasts.

mod files;
mod run;

pub use files::{Changes, Files, WatchError};
pub use run::{Run, Signals};
