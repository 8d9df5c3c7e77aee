//! One supervised program: started without a shell, read with bounded memory, ended as a group.
//!
//! [`Program`] is the process with its pipes; [`ProcessGroup`] reaches everything it started;
//! [`Log`] and [`OutputText`] keep and show what it wrote; [`EventChannel`] carries lines beside
//! its output. Nothing here knows jobs, frameworks or services, and nothing here decides when a
//! program has to end: that arrives as a [`StopRequest`].

mod buffers;
mod channel;
mod environment;
mod group;
mod launch;
mod leader;
mod lines;
mod log;
mod lookup;
mod program;
mod spawn;
mod start_error;
mod stop;
mod text;

pub use buffers::Buffers;
pub use channel::EventChannel;
pub use group::ProcessGroup;
pub use launch::{Common, Launch};
pub use lines::{LINE_LIMIT, LineCutter};
pub use log::Log;
pub use lookup::{NotFound, find_program};
pub use program::{Happening, Program, Source};
pub use stop::{Ending, StopRequest};
pub use text::{OutputText, TEXT_LIMIT};

/// Bytes that one read takes at most; a buffer for [`Program::next`] has this capacity.
pub const READ_SIZE: usize = 64 * 1024;
