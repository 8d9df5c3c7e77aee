//! Signals that ask a run to stop or to pause.

use nix::sys::signal::Signal as NamedSignal;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::resources::ignored_signals;

/// Where requests to stop come from.
pub struct Interrupts {
    source: Source,
    /// Who else may ask.
    beside: Option<tokio::sync::mpsc::Receiver<i32>>,
}

enum Source {
    /// Nothing stops the run from outside.
    Never,
    /// The signals that end a program, SIGINT, SIGTERM and SIGHUP, and the one that stops it from a
    /// keyboard, SIGTSTP; none when this process was started to ignore it.
    Signals { interrupt: Signal, terminate: Signal, hang_up: Signal, pause: Option<Signal> },
    /// Whoever holds the other end; the number is the signal that it stands for.
    Channel(tokio::sync::mpsc::Receiver<i32>),
}

/// What is asked from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To stop, by a signal of this number.
    Stop(i32),
    /// To pause until somebody lets it go on.
    Pause,
}

impl Interrupts {
    /// Nothing stops the run from outside.
    #[must_use]
    pub const fn never() -> Self {
        Self::only(Source::Never)
    }

    /// SIGINT, SIGTERM and SIGHUP of this process: from here on they no longer end it. SIGTSTP
    /// stops it with everything it runs.
    ///
    /// # Errors
    /// When the system refuses to watch a signal.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O.
    pub fn of_this_process() -> std::io::Result<Self> {
        Ok(Self::only(Source::Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            pause: match is_ignored(NamedSignal::SIGTSTP) {
                true => None,
                false => Some(signal(SignalKind::from_raw(NamedSignal::SIGTSTP as i32))?),
            },
        }))
    }

    /// Whoever holds the other end of this channel; a message is the number of the signal that
    /// the request stands for.
    #[must_use]
    pub const fn from_channel(receiver: tokio::sync::mpsc::Receiver<i32>) -> Self {
        Self::only(Source::Channel(receiver))
    }

    /// The same, and whoever holds the other end of this channel.
    #[must_use]
    pub fn or_channel(self, receiver: tokio::sync::mpsc::Receiver<i32>) -> Self {
        Self { beside: Some(receiver), ..self }
    }

    const fn only(source: Source) -> Self {
        Self { source, beside: None }
    }

    /// Waits for the next request.
    pub(super) async fn next(&mut self) -> Asked {
        let Some(beside) = &mut self.beside else { return self.source.next().await };
        tokio::select! {
            asked = self.source.next() => asked,
            number = beside.recv() => match number {
                Some(number) => Asked::Stop(number),
                None => {
                    self.beside = None;
                    self.source.next().await
                }
            },
        }
    }
}

impl Source {
    /// Waits for the next request.
    async fn next(&mut self) -> Asked {
        let received = match self {
            Self::Never => None,
            Self::Channel(receiver) => receiver.recv().await.map(Asked::Stop),
            Self::Signals { interrupt, terminate, hang_up, pause } => tokio::select! {
                got = interrupt.recv() => got.map(|()| stop(SignalKind::interrupt())),
                got = terminate.recv() => got.map(|()| stop(SignalKind::terminate())),
                got = hang_up.recv() => got.map(|()| stop(SignalKind::hangup())),
                got = next_pause(pause) => got.map(|()| Asked::Pause),
            },
        };
        match received {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

fn stop(kind: SignalKind) -> Asked {
    Asked::Stop(kind.as_raw_value())
}

/// The next request to pause; never, where that signal is ignored.
async fn next_pause(signal: &mut Option<Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether this process was started to ignore a signal; not where nobody can say.
fn is_ignored(signal: NamedSignal) -> bool {
    ignored_signals().is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}
