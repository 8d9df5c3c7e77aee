//! Signals that ask a run to stop or to pause.

use nix::sys::signal::Signal as NamedSignal;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::resources::ignored_signals;

/// Requests that wait for the ring: one to stop, one to hurry, and some to pause.
const WAITING: usize = 8;

/// Where requests to stop come from.
pub struct Interrupts {
    source: Source,
    /// Who else may ask.
    beside: Option<Receiver<i32>>,
}

enum Source {
    /// Nothing stops the run from outside.
    Never,
    /// A task that waits for signals: the ring, which is woken with every report, would otherwise
    /// ask each of them every time.
    Signals(Receiver<Asked>),
    /// Whoever holds the other end; the number is the signal that it stands for.
    Channel(Receiver<i32>),
}

/// The signals that end a program, SIGINT, SIGTERM and SIGHUP, and the one that stops it from a
/// keyboard, SIGTSTP; none when this process was started to ignore it.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    pause: Option<Signal>,
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
        let signals = Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            pause: match is_ignored(NamedSignal::SIGTSTP) {
                true => None,
                false => Some(signal(SignalKind::from_raw(NamedSignal::SIGTSTP as i32))?),
            },
        };
        let (asks, asked) = channel(WAITING);
        tokio::spawn(signals.pass_on(asks));
        Ok(Self::only(Source::Signals(asked)))
    }

    /// Whoever holds the other end of this channel; a message is the number of the signal that
    /// the request stands for.
    #[must_use]
    pub const fn from_channel(receiver: Receiver<i32>) -> Self {
        Self::only(Source::Channel(receiver))
    }

    /// The same, and whoever holds the other end of this channel.
    #[must_use]
    pub fn or_channel(self, receiver: Receiver<i32>) -> Self {
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
            Self::Signals(asked) => asked.recv().await,
            Self::Channel(receiver) => receiver.recv().await.map(Asked::Stop),
        };
        match received {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

impl Signals {
    /// Passes requests on for as long as anybody takes them.
    async fn pass_on(mut self, asks: Sender<Asked>) {
        loop {
            let asked = tokio::select! {
                () = asks.closed() => return,
                asked = self.next() => asked,
            };
            if asks.send(asked).await.is_err() {
                return;
            }
        }
    }

    /// Waits for the next signal.
    async fn next(&mut self) -> Asked {
        let Self { interrupt, terminate, hang_up, pause } = self;
        let received = tokio::select! {
            got = interrupt.recv() => got.map(|()| stop(SignalKind::interrupt())),
            got = terminate.recv() => got.map(|()| stop(SignalKind::terminate())),
            got = hang_up.recv() => got.map(|()| stop(SignalKind::hangup())),
            got = next_pause(pause) => got.map(|()| Asked::Pause),
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
