//! A run as a program of its own, and the signals of whoever watches.

use std::ffi::OsString;
use std::path::Path;

use rustix::process::{Pid, Signal as Number, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A run that goes on.
pub struct Run {
    child: Child,
}

impl Run {
    /// Starts a program in the same terminal.
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O.
    pub fn start(program: &Path, arguments: &[OsString]) -> std::io::Result<Self> {
        Ok(Self { child: Command::new(program).args(arguments).spawn()? })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the system does not say.
    pub async fn end(&mut self) -> std::io::Result<()> {
        self.child.wait().await.map(drop)
    }

    /// Asks it to end in order, as Ctrl-C does.
    pub fn stop(&self) {
        self.signal(Number::INT);
    }

    /// Hands a request to end on.
    pub fn terminate(&self) {
        self.signal(Number::TERM);
    }

    fn signal(&self, number: Number) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // One that has just ended needs no request.
        let _ = pid.map(|pid| kill_process(pid, number));
    }
}

/// The signals that end a watch.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// SIGINT and SIGTERM of this process. From here on they no longer end it.
    ///
    /// # Errors
    /// When the system refuses to watch a signal.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O.
    pub fn of_this_process() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one: its number.
    pub async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
        }
    }
}
