//! The request to end something that runs: it can be made stronger, never taken back.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// How a running attempt is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Ask its processes to end.
    Terminate,
    /// Kill its processes.
    Kill,
}

/// A request that one side makes and the task that owns the program waits for.
#[derive(Debug, Default)]
pub struct StopRequest {
    strength: AtomicU8,
    changed: Notify,
}

impl StopRequest {
    /// Asks. A weaker request than one that was already made changes nothing.
    pub fn ask(&self, ending: Ending) {
        let strength = match ending {
            Ending::Terminate => 1,
            Ending::Kill => 2,
        };
        if self.strength.fetch_max(strength, Ordering::AcqRel) < strength {
            self.changed.notify_one();
        }
    }

    /// The strongest request so far.
    #[must_use]
    pub fn asked(&self) -> Option<Ending> {
        match self.strength.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Ending::Terminate),
            _ => Some(Ending::Kill),
        }
    }

    /// Waits for a request that is stronger than `known`. One task at a time may wait.
    pub async fn stronger_than(&self, known: Option<Ending>) -> Ending {
        loop {
            match self.asked() {
                Some(ending) if Some(ending) > known => return ending,
                _ => self.changed.notified().await,
            }
        }
    }
}
