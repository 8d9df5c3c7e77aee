//! One supervised program: started without a shell, read with bounded memory, ended with
//! everything it started.
//!
//! [`Program`] is the process with its pipes; [`Kin`] reaches everything it started;
//! [`Log`] and [`OutputText`] keep and show what it wrote; [`EventChannel`] carries lines beside
//! its output. Nothing here knows jobs, frameworks or services, and nothing here decides when a
//! program has to end: that arrives as a [`StopRequest`].

mod buffers;
pub(crate) mod census;
mod channel;
pub(crate) mod cookie;
mod environment;
mod group;
mod inherited;
mod kin;
mod launch;
mod leader;
mod lines;
mod log;
mod lookup;
pub mod pause;
mod program;
pub(crate) mod signal;
mod spawn;
mod start_error;
mod stop;
pub(crate) mod table;
mod text;
pub(crate) mod tree;

pub use buffers::Buffers;
pub use census::own_all_children;
pub use channel::EventChannel;
pub use environment::Environment;
pub use inherited::close_inherited;
pub use kin::{Kin, Survivors};
pub use launch::{Common, Launch};
pub use lines::{LINE_LIMIT, LineCutter};
pub use log::{LOG_LIMIT, Log};
pub use lookup::{NotFound, find_program};
pub use program::{Happening, Program, Source};
pub use stop::{Ending, StopRequest};
pub use text::{END_LIMIT, OutputText, TEXT_LIMIT};

/// Bytes that one read takes at most; a buffer for [`Program::next`] has this capacity.
pub const READ_SIZE: usize = 64 * 1024;
