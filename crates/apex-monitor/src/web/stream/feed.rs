//! One run that is looked at: its journal is read by one thread, folded into one view, and kept
//! for all its clients.
//!
//! It asks nothing of the run: a run of another process is followed like one of this process.
//! [`Feed::poke`] only makes it look earlier than it would.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak};
use std::time::Duration;

use apex_core::view::RunState;
use apex_core::{Moment, RunId, RunView};
use axum::extract::ws::Utf8Bytes;
use tokio::sync::watch;

use super::lines::{NewLines, OldLines, Places};
use super::recent::{Piece, Recent};
use crate::measures::{Measures, Metric};
use crate::run_dir::RunDirectory;
use crate::web::outline::Outline;
use crate::wire::{self, Decoded};

/// How often a journal is looked at while somebody waits for its events.
const WATCHED: Duration = Duration::from_millis(25);

/// How often it is looked at otherwise.
const UNWATCHED: Duration = Duration::from_millis(250);

/// Looks without anything new after which it is asked whether the run still goes on.
const LOOKS_BEFORE_ASKING: u32 = 20;

/// How far a run is, as far as its journal was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) enum Stage {
    /// More may come.
    Going,
    /// The last event was read.
    Finished,
    /// Its Apex ended before the run did.
    Lost,
    /// The journal cannot be read on; the text says why.
    Damaged(Arc<str>),
}

impl Stage {
    /// The word for it in answers.
    pub(in crate::web) const fn word(&self) -> &'static str {
        match self {
            Self::Going => "running",
            Self::Finished => "finished",
            Self::Lost => "lost",
            Self::Damaged(_) => "damaged",
        }
    }
}

/// How much of a run is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Extent {
    /// The number behind the last event that was read.
    pub(in crate::web) next: u64,
    /// How far the run is.
    pub(in crate::web) stage: Stage,
    /// Whether the end of the journal was reached once: before that, its past is being read.
    pub(in crate::web) is_caught_up: bool,
}

/// One run that is looked at.
pub(in crate::web) struct Feed {
    run: RunId,
    directory: RunDirectory,
    journal: PathBuf,
    held: RwLock<Held>,
    extent: watch::Sender<Extent>,
    clients: AtomicUsize,
    poked: (Mutex<bool>, Condvar),
    /// The latest outline as text, and the number behind its last event.
    outline: Mutex<Option<(u64, Stage, Utf8Bytes)>>,
}

#[derive(Default)]
struct Held {
    view: RunView,
    measures: Measures,
    next: u64,
    recent: Recent,
    places: Places,
}

impl Feed {
    /// Begins to read the journal of a run on a thread of its own, which ends with the journal,
    /// or soon after nobody has the feed any more.
    pub(super) fn start(run: RunId, directory: RunDirectory) -> std::io::Result<Arc<Self>> {
        let first = Extent { next: 0, stage: Stage::Going, is_caught_up: false };
        let feed = Arc::new(Self {
            run,
            journal: directory.events(),
            directory,
            held: RwLock::default(),
            extent: watch::Sender::new(first),
            clients: AtomicUsize::new(0),
            poked: (Mutex::new(false), Condvar::new()),
            outline: Mutex::new(None),
        });
        let weak = Arc::downgrade(&feed);
        std::thread::Builder::new()
            .name("apex-web-feed".to_owned())
            .spawn(move || Follower::default().follow(&weak))?;
        Ok(feed)
    }

    /// The run.
    pub(in crate::web) const fn run(&self) -> &RunId {
        &self.run
    }

    /// Its directory.
    pub(in crate::web) const fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// How much is known, and to be told when it is more.
    pub(in crate::web) fn extent(&self) -> watch::Receiver<Extent> {
        self.extent.subscribe()
    }

    /// How far the run is now.
    pub(in crate::web) fn stage(&self) -> Stage {
        self.extent.borrow().stage.clone()
    }

    /// Waits until the past of the run is read.
    pub(in crate::web) async fn caught_up(&self) {
        // The sender is in `self`: waiting cannot fail.
        let _ = self.extent().wait_for(|extent| extent.is_caught_up).await;
    }

    /// Looks at the journal now.
    pub(in crate::web) fn poke(&self) {
        *self.poked.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.poked.1.notify_one();
    }

    /// Clients of its stream.
    pub(in crate::web) fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Counts a client in for as long as the answer is kept.
    pub(super) fn attend(self: &Arc<Self>) -> Attendance {
        self.clients.fetch_add(1, Ordering::Relaxed);
        self.poke();
        Attendance(Arc::clone(self))
    }

    /// Does something with the view. The thread that reads waits meanwhile; the run does not.
    pub(in crate::web) fn with_view<T>(&self, ask: impl FnOnce(&RunView) -> T) -> T {
        ask(&self.held().view)
    }

    /// What the run measured until that moment; nothing before it began.
    pub(in crate::web) fn metrics(&self, now: impl FnOnce(&RunView) -> Moment) -> Vec<Metric> {
        let held = self.held();
        held.measures.metrics(&held.view, now(&held.view))
    }

    /// The run at a glance, and the number behind its last event.
    pub(in crate::web) fn outline(&self) -> Outline {
        let stage = self.stage();
        let held = self.held();
        Outline::of(&self.run, &held.view, held.next, &stage)
    }

    /// The same as text, made once for all who ask before the next event.
    pub(super) fn outline_text(&self) -> (u64, Utf8Bytes) {
        let stage = self.stage();
        let mut kept = self.outline.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((next, of, text)) = &*kept
            && *next == self.held().next
            && *of == stage
        {
            return (*next, text.clone());
        }
        let outline = self.outline();
        // A value of texts and numbers has a text.
        let text: Utf8Bytes = serde_json::to_string(&outline).unwrap_or_default().into();
        *kept = Some((outline.next, stage, text.clone()));
        (outline.next, text)
    }

    /// The shared lines that hold an event; none when they are older than what is kept.
    pub(super) fn recent(&self, line: u64) -> Option<Arc<Piece>> {
        self.held().recent.piece_with(line)
    }

    /// A reader of the journal that stands before an event.
    pub(super) fn old_lines(&self, line: u64) -> std::io::Result<OldLines> {
        let place = self.held().places.before(line);
        OldLines::open(&self.journal, place, line)
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes new lines; how far the run is after them.
    fn take(&self, buffer: Vec<u8>) -> Stage {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        let mut stage = Stage::Going;
        let mut whole = 0;
        for line in buffer.split_inclusive(|byte| *byte == b'\n') {
            if let Err(reason) = held.fold(line) {
                stage = Stage::Damaged(format!("event {}: {reason}", held.next).into());
                break;
            }
            held.places.add(line.len());
            held.next += 1;
            whole += line.len();
        }
        let mut buffer = buffer;
        buffer.truncate(whole);
        let lines = buffer.iter().filter(|byte| **byte == b'\n').count() as u64;
        if lines > 0 {
            held.recent.add(Arc::new(Piece::new(held.next - lines, buffer)));
        }
        if stage == Stage::Going && matches!(held.view.state(), RunState::Finished { .. }) {
            stage = Stage::Finished;
        }
        stage
    }

    fn tell(&self, stage: Stage, reached_end: bool) {
        let next = self.held().next;
        self.extent.send_if_modified(|extent| {
            let is_caught_up = extent.is_caught_up || reached_end || stage != Stage::Going;
            let new = Extent { next, stage, is_caught_up };
            let is_new = *extent != new;
            *extent = new;
            is_new
        });
    }

    /// Waits until it is time to look again, or somebody wants it now.
    fn rest(&self) {
        let time = if self.clients() > 0 { WATCHED } else { UNWATCHED };
        let poked = self.poked.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.poked.1.wait_timeout_while(poked, time, |poked| !*poked);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

/// A client that is counted.
pub(super) struct Attendance(Arc<Feed>);

impl Drop for Attendance {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Held {
    /// Takes the next line.
    fn fold(&mut self, line: &[u8]) -> Result<(), String> {
        let (seq, envelope) = match wire::decode(line) {
            Ok(Decoded::Event(envelope)) => (envelope.seq, Some(envelope)),
            Ok(Decoded::Unknown { seq, .. }) => (seq, None),
            Err(error) => return Err(error.to_string()),
        };
        if seq != self.next {
            return Err(format!("it says that it is event {seq}"));
        }
        if let Some(envelope) = envelope {
            self.view.apply(&envelope);
            self.measures.look(&envelope);
        }
        Ok(())
    }
}

/// What the reading thread has for itself.
#[derive(Default)]
struct Follower {
    lines: Option<NewLines>,
    looks_in_vain: u32,
}

impl Follower {
    /// Reads until nothing more can come.
    fn follow(mut self, feed: &Weak<Feed>) {
        while let Some(feed) = feed.upgrade() {
            let stage = self.look(&feed);
            let is_over = stage != Stage::Going;
            feed.tell(stage, self.looks_in_vain > 0);
            if is_over {
                return;
            }
            if self.looks_in_vain > 0 {
                feed.rest();
            }
        }
    }

    /// Looks once.
    fn look(&mut self, feed: &Feed) -> Stage {
        match self.read(feed) {
            Ok(buffer) if buffer.is_empty() => {
                self.looks_in_vain += 1;
                let asks = self.looks_in_vain.is_multiple_of(LOOKS_BEFORE_ASKING)
                    || self.looks_in_vain == 1 && feed.held().next > 0;
                // The lock is only looked at behind a journal: a run that is just beginning takes
                // it before.
                let goes_on = self.lines.is_none() || feed.directory.is_running().unwrap_or(true);
                if asks && !goes_on { self.last_words(feed) } else { Stage::Going }
            }
            Ok(buffer) => {
                self.looks_in_vain = 0;
                feed.take(buffer)
            }
            Err(error) => Stage::Damaged(error.to_string().into()),
        }
    }

    /// What was written between the last look and the end of its Apex.
    fn last_words(&mut self, feed: &Feed) -> Stage {
        match self.read(feed) {
            Ok(buffer) if buffer.is_empty() => Stage::Lost,
            Ok(buffer) => feed.take(buffer),
            Err(error) => Stage::Damaged(error.to_string().into()),
        }
    }

    /// New lines; none while there is no journal yet.
    fn read(&mut self, feed: &Feed) -> std::io::Result<Vec<u8>> {
        if self.lines.is_none() {
            match NewLines::open(&feed.journal) {
                Ok(lines) => self.lines = Some(lines),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(error),
            }
        }
        self.lines.as_mut().map_or_else(|| Ok(Vec::new()), NewLines::next)
    }
}
