//! The way of event batches to a thread that looks at the run.
//!
//! Sending never waits. Lifecycle events are never lost: their number is bounded by the plan and
//! its tests. Output text is left out while more than [`TEXT_BACKLOG`] envelopes wait, because a
//! display that cannot keep up is better off without it than the run is with the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use apex_core::event::{Envelope, Event, OutputEvent};

/// Waiting envelopes beyond which output text is left out for one who looks.
pub const TEXT_BACKLOG: u64 = 10_000;

/// Envelopes on their way, shared by everybody who looks.
pub(crate) type Batch = Arc<[Envelope]>;

/// The end that the run writes to.
pub(crate) struct Mailbox {
    sender: mpsc::Sender<Batch>,
    waiting: Arc<AtomicU64>,
}

/// The end that the thread reads from.
pub(crate) struct Mail {
    receiver: mpsc::Receiver<Batch>,
    waiting: Arc<AtomicU64>,
}

/// A mailbox and its mail.
pub(crate) fn mailbox() -> (Mailbox, Mail) {
    let (sender, receiver) = mpsc::channel();
    let waiting = Arc::new(AtomicU64::new(0));
    (Mailbox { sender, waiting: Arc::clone(&waiting) }, Mail { receiver, waiting })
}

impl Mailbox {
    /// Hands over a batch. Never waits.
    pub(crate) fn send(&self, batch: &Batch) {
        let backlog = self.waiting.load(Ordering::Relaxed);
        let batch = if backlog > TEXT_BACKLOG { without_text(batch) } else { Arc::clone(batch) };
        let size = batch.len() as u64;
        self.waiting.fetch_add(size, Ordering::Relaxed);
        if self.sender.send(batch).is_err() {
            // The reader is gone and has said why; nothing waits for it.
            self.waiting.fetch_sub(size, Ordering::Relaxed);
        }
    }
}

impl Mail {
    /// The next batch; waits for it until the run lets go of the mailbox.
    pub(crate) fn next(&self) -> Result<Batch, RecvError> {
        self.receiver.recv().inspect(|batch| self.taken(batch))
    }

    /// The next batch, if it comes within this time.
    pub(crate) fn next_within(&self, limit: Duration) -> Result<Batch, RecvTimeoutError> {
        self.receiver.recv_timeout(limit).inspect(|batch| self.taken(batch))
    }

    /// The next batch, if it is there.
    pub(crate) fn next_now(&self) -> Result<Batch, TryRecvError> {
        self.receiver.try_recv().inspect(|batch| self.taken(batch))
    }

    fn taken(&self, batch: &Batch) {
        self.waiting.fetch_sub(batch.len() as u64, Ordering::Relaxed);
    }
}

/// A batch without the text that jobs wrote; what was left out is counted for each piece.
fn without_text(batch: &Batch) -> Batch {
    let shortened = batch.iter().map(|envelope| match &envelope.event {
        Event::Output(job, OutputEvent::Text { text, .. }) => Envelope {
            event: Event::Output(*job, OutputEvent::Omitted { bytes: text.len() as u64 }),
            ..envelope.clone()
        },
        _ => envelope.clone(),
    });
    shortened.collect()
}
