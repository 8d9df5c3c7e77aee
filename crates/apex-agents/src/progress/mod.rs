//! The progress streaming agent: hands every event to those who look at the run.
//!
//! Each feed is a thread with a view of its own and some sinks. Sending to a feed never waits,
//! see `mailbox.rs`. A sink that fails or panics is left alone from then on, and the others go on.

mod mailbox;

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use apex_core::{Envelope, Moment, RunView, Sink};

use crate::panics::panic_text;

pub use mailbox::TEXT_BACKLOG;
pub(crate) use mailbox::{Batch, Mail, Mailbox, mailbox};

/// Time between two ticks when nothing happens: what an eye takes for continuous.
const TICK: Duration = Duration::from_millis(100);

/// How long more is waited for after something arrived: being woken for each of the events of a
/// short job costs more than all that is done with them, and no eye sees the difference.
const GATHERING: Duration = Duration::from_millis(5);

/// Envelopes that are handed over at once at most.
const LARGEST_BATCH: usize = 4_096;

/// A thread that looks at the run.
pub struct Feed {
    mailbox: Mailbox,
    thread: JoinHandle<Vec<SinkTrouble>>,
    done: mpsc::Receiver<()>,
}

/// A sink that stopped looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkTrouble {
    /// Its name.
    pub sink: &'static str,
    /// Why, for people.
    pub reason: String,
}

impl Feed {
    /// Starts a thread for these sinks. `began` is the instant of [`Moment::START`].
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(sinks: Vec<Box<dyn Sink>>, began: Instant) -> std::io::Result<Self> {
        let (mailbox, mail) = mailbox();
        let (finished, done) = mpsc::channel();
        let looker = Looker {
            mail,
            began,
            view: RunView::new(),
            joined: Vec::new(),
            sinks: sinks.into_iter().map(|sink| Attached { sink, trouble: None }).collect(),
        };
        let thread = std::thread::Builder::new().name("apex-feed".to_owned()).spawn(move || {
            let troubles = looker.run();
            // Without a waiting owner there is nobody to tell.
            let _ = finished.send(());
            troubles
        })?;
        Ok(Self { mailbox, thread, done })
    }

    /// Hands over a batch. Never waits.
    pub fn send(&self, batch: &Batch) {
        self.mailbox.send(batch);
    }

    /// Lets the sinks write what they hold and waits for that, at most this long. The answer
    /// is what went wrong, or `None` when the feed did not end in time.
    #[must_use]
    pub fn close(self, limit: Duration) -> Option<Vec<SinkTrouble>> {
        drop(self.mailbox);
        if self.done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            return None;
        }
        self.thread.join().ok()
    }
}

struct Attached {
    sink: Box<dyn Sink>,
    trouble: Option<String>,
}

impl Attached {
    /// Calls the sink unless it has failed before.
    fn try_with(&mut self, call: impl FnOnce(&mut dyn Sink) -> Result<(), String>) {
        if self.trouble.is_none() {
            self.trouble = self.guarded(call);
        }
    }

    /// Calls the sink; the answer is what went wrong, a panic included.
    fn guarded(
        &mut self,
        call: impl FnOnce(&mut dyn Sink) -> Result<(), String>,
    ) -> Option<String> {
        let sink = self.sink.as_mut();
        // Unwind safety: after a panic the sink is only closed and dropped.
        match std::panic::catch_unwind(AssertUnwindSafe(|| call(sink))) {
            Ok(answer) => answer.err(),
            Err(panic) => Some(format!("it panicked: {}", panic_text(panic.as_ref()))),
        }
    }
}

/// The inside of a feed's thread.
struct Looker {
    mail: Mail,
    began: Instant,
    view: RunView,
    /// What is handed over next; empty between two times, and kept for its room.
    joined: Vec<Envelope>,
    sinks: Vec<Attached>,
}

impl Looker {
    fn run(mut self) -> Vec<SinkTrouble> {
        loop {
            match self.mail.next_within(TICK) {
                Ok(batch) => {
                    std::thread::sleep(GATHERING);
                    self.accept(batch);
                }
                Err(RecvTimeoutError::Timeout) => self.tick(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let view = &self.view;
        for attached in &mut self.sinks {
            // A sink that failed is closed, too: it may hold something that can still be saved.
            let closed = attached.guarded(|sink| sink.close(view));
            attached.trouble = attached.trouble.take().or(closed);
        }
        let troubles = self.sinks.into_iter().filter_map(|attached| {
            Some(SinkTrouble { sink: attached.sink.name(), reason: attached.trouble? })
        });
        troubles.collect()
    }

    /// Hands over what has arrived, joined into one batch while there is more.
    fn accept(&mut self, first: Batch) {
        let mut batch = first;
        loop {
            batch.iter().for_each(|envelope| self.view.apply(envelope));
            self.joined.extend_from_slice(&batch);
            if self.joined.len() >= LARGEST_BATCH {
                break;
            }
            match self.mail.next_now() {
                Ok(next) => batch = next,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let view = &self.view;
        for attached in &mut self.sinks {
            attached.try_with(|sink| sink.accept(&self.joined, view));
        }
        self.joined.clear();
    }

    fn tick(&mut self) {
        let now = Moment::after_start(self.began.elapsed());
        let view = &self.view;
        for attached in &mut self.sinks {
            attached.try_with(|sink| sink.tick(now, view));
        }
    }
}
