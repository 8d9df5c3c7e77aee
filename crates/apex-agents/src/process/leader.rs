//! The process at the head of a program: waited for by its id, so that it does not matter how it
//! was started.

use std::io;
use std::task::{Context, Poll};

use apex_core::event::ProcessEnd;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// News that some child of this process ended.
///
/// It has to be taken before a child is started: the end of a very short one would be missed
/// otherwise.
#[derive(Debug)]
pub(super) struct ChildNews(Signal);

impl ChildNews {
    /// News from now on. Must be taken inside a tokio runtime.
    pub(super) fn subscribe() -> io::Result<Self> {
        signal(SignalKind::child()).map(Self)
    }
}

/// A child of this process that nobody else waits for.
#[derive(Debug)]
pub(super) struct Leader {
    id: Pid,
    news: ChildNews,
    is_reaped: bool,
}

impl Leader {
    /// The child of this id, with news that were taken before its start.
    pub(super) const fn new(id: Pid, news: ChildNews) -> Self {
        Self { id, news, is_reaped: false }
    }

    /// Whether its end was seen. Its id may belong to somebody else from then on.
    pub(super) const fn is_reaped(&self) -> bool {
        self.is_reaped
    }

    /// How it ended, once it did. Not to be asked again after that.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<ProcessEnd> {
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
            // A piece of news may be about another child, and one may stand for several.
            if self.news.0.poll_recv(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Lets a thread wait for the end that its owner does not wait for any more, so that no
    /// zombie stays. The process must have been killed.
    pub(super) fn abandon(&mut self) {
        if !self.is_reaped {
            self.is_reaped = true;
            let id = self.id;
            // Without a thread the zombie stays until Apex ends; there is nobody to tell.
            let _ = std::thread::Builder::new().name("apex-reaper".to_owned()).spawn(move || {
                while matches!(waitpid(Some(id), WaitOptions::empty()), Err(Errno::INTR)) {}
            });
        }
    }
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
