//! The process at the head of a program: waited for by its id, so that it does not matter how it
//! was started.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use apex_core::event::ProcessEnd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitOptions, WaitStatus, pidfd_open, waitpid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::group::ProcessGroup;
use super::stop::Ending;

/// What says that it is time to ask for the end of a child.
#[derive(Debug)]
enum News {
    /// Of this child alone: a descriptor that can be read once it ended.
    Own(AsyncFd<OwnedFd>),
    /// Of some child, where the system (before Linux 5.3, and some sandboxes) has no such
    /// descriptors. Every end wakes everybody then.
    Any(Signal),
}

impl News {
    /// News of this child from now on. Must be taken inside a tokio runtime.
    fn of(id: Pid) -> io::Result<Self> {
        match pidfd_open(id, PidfdFlags::empty()) {
            Ok(descriptor) => watched(descriptor).map(Self::Own),
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {
                signal(SignalKind::child()).map(Self::Any)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ready when something was heard since the last time.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Any(signal) => signal.poll_recv(context).map(|_| ()),
            Self::Own(descriptor) => descriptor.poll_read_ready(context).map(|ready| {
                if let Ok(mut ready) = ready {
                    ready.clear_ready();
                }
            }),
        }
    }
}

#[expect(
    deprecated,
    reason = "unsound for a type whose descriptor may change, which an owned descriptor does not; \
              what replaces it is unsafe"
)]
fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

/// A child of this process that nobody else waits for.
#[derive(Debug)]
pub(super) struct Leader {
    id: Pid,
    news: News,
    is_reaped: bool,
}

impl Leader {
    /// The child of this id. Must be called inside a tokio runtime.
    pub(super) fn of(id: Pid) -> io::Result<Self> {
        Ok(Self { id, news: News::of(id)?, is_reaped: false })
    }

    /// Whether its end was seen. Its id may belong to somebody else from then on.
    pub(super) const fn is_reaped(&self) -> bool {
        self.is_reaped
    }

    /// How it ended, once it did. Not to be asked again after that.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<ProcessEnd> {
        // Asked before the news: it may have ended before there were any.
        loop {
            match waitpid(Some(self.id), WaitOptions::NOHANG) {
                Ok(None) | Err(Errno::INTR) => {}
                Ok(Some((_, status))) => {
                    self.is_reaped = true;
                    return Poll::Ready(meaning(status));
                }
                Err(error) => {
                    self.is_reaped = true;
                    return Poll::Ready(ProcessEnd::NotStarted(format!(
                        "the end of the program could not be awaited: {error}; run again"
                    )));
                }
            }
            if self.news.poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Its id.
    pub(super) const fn id(&self) -> Pid {
        self.id
    }
}

/// Kills the group of a leader that nobody waits for any more and lets a thread wait for its end,
/// so that no zombie stays.
pub(super) fn abandon(leader: Pid) {
    ProcessGroup::of(leader).end(Ending::Kill);
    // Without a thread the zombie stays until Apex ends; there is nobody to tell.
    let _ = std::thread::Builder::new().name("apex-reaper".to_owned()).spawn(move || {
        while matches!(waitpid(Some(leader), WaitOptions::empty()), Err(Errno::INTR)) {}
    });
}

fn meaning(status: WaitStatus) -> ProcessEnd {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => ProcessEnd::Exited(code),
        (None, Some(signal)) => ProcessEnd::Signalled(signal),
        (None, None) => ProcessEnd::NotStarted(format!(
            "the system reported an end without code or signal ({status:?}); run again"
        )),
    }
}
