//! A running program: its leader, everything it started, and its pipes.
//!
//! Everything is read into one buffer of the caller, so the memory of a program that writes
//! gigabytes is that buffer.

use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::task::{Context, Poll};

use apex_core::event::{ProcessEnd, Stream};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe;

use super::channel::EventChannel;
use super::kin::Kin;
use super::launch::Launch;
use super::leader::{self, Leader};
use super::stop::Ending;
use crate::guardian::Ticks;

/// Capacity that a pipe gets when its reader cannot keep up.
const LARGE_PIPE: usize = 1024 * 1024;

/// Where bytes were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An output of the program.
    Output(Stream),
    /// The event channel.
    Channel,
}

/// What happened to a running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It wrote; the bytes are in the buffer.
    Wrote(Source),
    /// Its leader ended. What it wrote before may still be unread.
    Ended(ProcessEnd),
}

/// A running program.
///
/// It is over when its leader ended, its outputs are read and its kin is gone; see
/// [`Program::rest`] and [`Program::kin`].
#[derive(Debug)]
pub struct Program {
    leader: Leader,
    kin: Kin,
    outputs: Outputs,
    channel: Option<EventChannel>,
}

#[derive(Debug)]
struct Outputs {
    stdout: Output,
    stderr: Output,
    /// Which of the two is asked first, so that a flood on one does not hide the other.
    stderr_first: bool,
}

#[derive(Debug, Default)]
struct Output {
    /// None when it was closed.
    pipe: Option<pipe::Receiver>,
    is_large: bool,
}

impl Program {
    /// Starts a program. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// A sentence for people: what could not be started, why, and what to do.
    pub fn start(launch: &Launch<'_>, channel: Option<EventChannel>) -> Result<Self, String> {
        let cannot_follow =
            |error: io::Error| format!("cannot follow the program: {error}; run again");
        let guard = launch.common.guard();
        if let Some(guard) = guard {
            guard.begin();
        }
        let mut kin = Kin::expected();
        let from = Ticks::now();
        let spawned = launch.start(kin.cookie())?;
        kin.enter(spawned.id);
        if let Some(group) = launch.group {
            group.enter(spawned.id.as_raw_nonzero().get());
        }
        if let Some(guard) = guard {
            guard.list_process(spawned.id.as_raw_nonzero().get(), from);
        }
        let leader = Leader::of(spawned.id).map_err(|error| {
            leader::abandon(spawned.id);
            cannot_follow(error)
        })?;
        let mut program = Self {
            leader,
            kin,
            outputs: Outputs {
                stdout: Output::default(),
                stderr: Output::default(),
                stderr_first: false,
            },
            channel,
        };
        // From here on, dropping the program ends it.
        program.outputs.stdout.open(spawned.stdout).map_err(cannot_follow)?;
        program.outputs.stderr.open(spawned.stderr).map_err(cannot_follow)?;
        Ok(program)
    }

    /// Everything that it started.
    #[must_use]
    pub const fn kin(&self) -> &Kin {
        &self.kin
    }

    /// Its event channel.
    pub const fn channel(&mut self) -> Option<&mut EventChannel> {
        self.channel.as_mut()
    }

    /// Waits until something happens. Nothing is lost when the wait is given up.
    ///
    /// `buffer` is cleared; its capacity is how much is read at once. After
    /// [`Happening::Ended`], go on with [`Program::rest`].
    pub async fn next(&mut self, buffer: &mut Vec<u8>) -> Happening {
        buffer.clear();
        let Self { leader, kin, outputs, channel } = self;
        // The end is asked for first: a process that is left behind and writes without a pause
        // must not hide that the leader is gone.
        poll_fn(|context| {
            if let Poll::Ready(end) = leader.poll_end(context) {
                kin.bury();
                return Poll::Ready(Happening::Ended(end));
            }
            if let Some(channel) = channel
                && let Poll::Ready(Ok(1..)) = poll_read(&mut channel.pipe, buffer, context)
            {
                return Poll::Ready(Happening::Wrote(Source::Channel));
            }
            outputs.poll(buffer, context).map(|stream| Happening::Wrote(Source::Output(stream)))
        })
        .await
    }

    /// Reads what the program has written by now, without waiting; `None` when there is nothing.
    /// `buffer` is cleared.
    pub fn read_waiting(&mut self, buffer: &mut Vec<u8>) -> Option<Source> {
        if self.channel.as_mut().is_some_and(|channel| channel.read_waiting(buffer)) {
            return Some(Source::Channel);
        }
        let Outputs { stdout, stderr, .. } = &self.outputs;
        let outputs = [(Stream::Stdout, stdout), (Stream::Stderr, stderr)];
        let wrote = outputs.into_iter().find(|(_, output)| output.read_waiting(buffer));
        wrote.map(|(stream, _)| Source::Output(stream))
    }

    /// Waits for output after the leader ended; `None` when both outputs are closed. They stay
    /// open as long as some process holds them.
    pub async fn rest(&mut self, buffer: &mut Vec<u8>) -> Option<Stream> {
        buffer.clear();
        poll_fn(|context| match self.outputs.poll(buffer, context) {
            Poll::Ready(stream) => Poll::Ready(Some(stream)),
            Poll::Pending if self.outputs.are_closed() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

impl Drop for Program {
    /// The net below the net: a task that panics or is aborted leaves no processes behind. The
    /// way to end a program is its owner's, with a grace and a report.
    fn drop(&mut self) {
        if !self.leader.is_reaped() {
            self.kin.end(Ending::Kill);
            leader::abandon(self.leader.id());
        } else if !self.kin.is_gone() {
            self.kin.end(Ending::Kill);
        }
    }
}

impl Outputs {
    const fn are_closed(&self) -> bool {
        self.stdout.pipe.is_none() && self.stderr.pipe.is_none()
    }

    /// Ready when bytes arrived; pending also when both outputs are closed.
    fn poll(&mut self, buffer: &mut Vec<u8>, context: &mut Context<'_>) -> Poll<Stream> {
        self.stderr_first = !self.stderr_first;
        let streams = if self.stderr_first {
            [Stream::Stderr, Stream::Stdout]
        } else {
            [Stream::Stdout, Stream::Stderr]
        };
        for stream in streams {
            let wrote = match stream {
                Stream::Stdout => self.stdout.poll(buffer, context),
                Stream::Stderr => self.stderr.poll(buffer, context),
            };
            if wrote {
                return Poll::Ready(stream);
            }
        }
        Poll::Pending
    }
}

impl Output {
    /// Takes the reading end of a pipe.
    fn open(&mut self, end: OwnedFd) -> io::Result<()> {
        self.pipe = Some(pipe::Receiver::from_owned_fd(end)?);
        Ok(())
    }

    /// Whether bytes were there. The end of an output is left to [`Output::poll`].
    fn read_waiting(&self, buffer: &mut Vec<u8>) -> bool {
        buffer.clear();
        self.pipe.as_ref().is_some_and(|pipe| {
            let read = rustix::io::read(pipe, rustix::buffer::spare_capacity(buffer));
            read.is_ok_and(|count| count > 0)
        })
    }

    /// Whether bytes arrived. An output that ended or broke is closed.
    fn poll(&mut self, buffer: &mut Vec<u8>, context: &mut Context<'_>) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        match poll_read(pipe, buffer, context) {
            Poll::Pending => false,
            Poll::Ready(Ok(count)) if count > 0 => {
                if count == buffer.capacity() && !self.is_large {
                    // The writer waits for the reader. A larger pipe lets both work at the same
                    // time; where the system allows no more, the small one does as well.
                    let _ = rustix::pipe::fcntl_setpipe_size(pipe, LARGE_PIPE);
                    self.is_large = true;
                }
                true
            }
            Poll::Ready(_) => {
                self.pipe = None;
                false
            }
        }
    }
}

fn poll_read<P: AsyncRead + Unpin>(
    pipe: &mut P,
    buffer: &mut Vec<u8>,
    context: &mut Context<'_>,
) -> Poll<std::io::Result<usize>> {
    pin!(pipe.read_buf(buffer)).as_mut().poll(context)
}
