//! Signals that ask a run to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Where requests to stop come from.
pub struct Interrupts {
    source: Source,
    /// Who else may ask.
    beside: Option<tokio::sync::mpsc::Receiver<i32>>,
}

enum Source {
    /// Nothing stops the run from outside.
    Never,
    /// The signals that end a program: SIGINT, SIGTERM, SIGHUP.
    Signals { interrupt: Signal, terminate: Signal, hang_up: Signal },
    /// Whoever holds the other end; the number is the signal that it stands for.
    Channel(tokio::sync::mpsc::Receiver<i32>),
}

impl Interrupts {
    /// Nothing stops the run from outside.
    #[must_use]
    pub const fn never() -> Self {
        Self::only(Source::Never)
    }

    /// SIGINT, SIGTERM and SIGHUP of this process. From here on they no longer end it.
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

    /// Waits for the next request and answers with its signal number.
    pub(super) async fn next(&mut self) -> i32 {
        let Some(beside) = &mut self.beside else { return self.source.next().await };
        tokio::select! {
            number = self.source.next() => number,
            number = beside.recv() => match number {
                Some(number) => number,
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
    async fn next(&mut self) -> i32 {
        let received = match self {
            Self::Never => None,
            Self::Channel(receiver) => receiver.recv().await,
            Self::Signals { interrupt, terminate, hang_up } => tokio::select! {
                got = interrupt.recv() => got.map(|()| SignalKind::interrupt().as_raw_value()),
                got = terminate.recv() => got.map(|()| SignalKind::terminate().as_raw_value()),
                got = hang_up.recv() => got.map(|()| SignalKind::hangup().as_raw_value()),
            },
        };
        match received {
            Some(number) => number,
            None => std::future::pending().await,
        }
    }
}
