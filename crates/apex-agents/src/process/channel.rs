//! A named pipe over which a program tells what happens, one line an event.
//!
//! A pipe and not a socket, because every language can append a line to a file. It is open for
//! reading and writing on this side, so it never ends when one of several writers closes it.

use std::io;
use std::path::Path;

use rustix::fs::{CWD, Mode, mkfifoat};
use tokio::net::unix::pipe;

use super::lines::LineCutter;

/// The reading side of the pipe, with the line that is not complete yet.
#[derive(Debug)]
pub struct EventChannel {
    pub(super) pipe: pipe::Receiver,
    lines: LineCutter,
}

impl EventChannel {
    /// Makes the pipe, for the owner only. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// A sentence for people when the pipe cannot be made or opened.
    pub fn make(path: &Path) -> Result<Self, String> {
        let opened = mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)
            .map_err(io::Error::from)
            .and_then(|()| pipe::OpenOptions::new().read_write(true).open_receiver(path));
        match opened {
            Ok(pipe) => Ok(Self { pipe, lines: LineCutter::default() }),
            Err(error) => Err(format!(
                "cannot make the event channel {}: {error}; choose a temporary folder on a file \
                 system that knows named pipes (TMPDIR)",
                path.display()
            )),
        }
    }

    /// Takes bytes that were read from the pipe and hands out the complete lines.
    pub fn take(&mut self, bytes: &[u8], each: impl FnMut(&str)) {
        self.lines.push(bytes, each);
    }

    /// Hands out the line that never got its end; the answer is how many were too long and
    /// therefore dropped.
    pub fn finish(&mut self, each: impl FnOnce(&str)) -> u64 {
        self.lines.finish(each);
        self.lines.dropped()
    }

    /// Reads what is in the pipe now; `false` when nothing is.
    pub fn read_waiting(&mut self, buffer: &mut Vec<u8>) -> bool {
        buffer.clear();
        // Asks the kernel and not the runtime, whose knowledge of the pipe may be a moment old.
        rustix::io::read(&self.pipe, rustix::buffer::spare_capacity(buffer))
            .is_ok_and(|count| count > 0)
    }
}
