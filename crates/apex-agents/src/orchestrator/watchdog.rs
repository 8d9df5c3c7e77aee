//! Watches the ring from outside: a thread that no runtime can stop.
//!
//! The ring beats at every turn, and at least once a [`BEAT`]. When it has not for as long as it is
//! given, somebody is told at once, because the stream itself stands still; when the ring goes on, it
//! says in the stream for how long it stood. Looks that agree are counted, not time: a process that
//! was stopped as a whole is not one that hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two beats of a ring that has nothing to do.
pub(super) const BEAT: Duration = Duration::from_secs(1);

/// Looks at a ring that does not beat before somebody is told.
const LOOKS: u32 = 4;

/// Told that the ring has stood still for so long; may be told again while it does.
pub type OnStall = Box<dyn FnMut(Duration) + Send>;

/// What the watchdog of a run needs to know.
pub struct WatchdogSettings {
    /// How long the ring may do nothing: more than a [`BEAT`], or it is told of without a reason.
    pub patience: Duration,
    /// Who is told at once.
    pub tell: Option<OnStall>,
}

/// What ring and watchdog share.
#[derive(Debug, Default)]
struct Pulse {
    beats: AtomicU64,
    /// For how long the ring stood still, in milliseconds; 0 when it did not.
    stood: AtomicU64,
}

/// A watchdog that watches until it is ended.
pub(super) struct Watchdog {
    pulse: Arc<Pulse>,
    /// Dropped to let the thread end.
    ending: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Begins to watch. Where the system has no thread to give, nobody watches.
    pub(super) fn start(settings: WatchdogSettings) -> Self {
        let pulse: Arc<Pulse> = Arc::default();
        let (ending, ended) = mpsc::channel();
        let felt = Arc::clone(&pulse);
        let thread = std::thread::Builder::new()
            .name("apex-watchdog".to_owned())
            .spawn(move || watch(&felt, settings, &ended));
        Self { pulse, ending: Some(ending), thread: thread.ok() }
    }

    /// The ring turns; the answer is for how long it stood still, when it did.
    pub(super) fn beat(&self) -> Option<Duration> {
        self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        if self.pulse.stood.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Some(Duration::from_millis(self.pulse.stood.swap(0, Ordering::Relaxed)))
    }
}

impl Watchdog {
    /// Watches no longer: what comes behind the last event takes its time.
    pub(super) fn end(&mut self) {
        self.ending = None;
        if let Some(thread) = self.thread.take() {
            // Who is told may panic; the run has nothing to do with that.
            let _ = thread.join();
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.end();
    }
}

fn watch(pulse: &Pulse, settings: WatchdogSettings, ended: &mpsc::Receiver<()>) {
    let distance = settings.patience / LOOKS;
    let mut tell = settings.tell;
    let (mut before, mut misses) = (None, 0);
    while ended.recv_timeout(distance) == Err(RecvTimeoutError::Timeout) {
        let beats = Some(pulse.beats.load(Ordering::Relaxed));
        misses = if beats == before { misses + 1 } else { 0 };
        before = beats;
        if misses < LOOKS {
            continue;
        }
        let stood = distance * misses;
        let millis = u64::try_from(stood.as_millis()).unwrap_or(u64::MAX);
        pulse.stood.store(millis.max(1), Ordering::Relaxed);
        if misses % LOOKS == 0
            && let Some(tell) = &mut tell
        {
            tell(stood);
        }
    }
}
