//! All programs of this process stop and go on together, when it is stopped itself; and limits that
//! know of that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal as ThreadSignal, raise};
use rustix::process::Signal;
use tokio::time::{Instant, sleep_until};

use super::census;
use super::signal;
use super::table::Entry;
use super::tree;

/// Nanoseconds for which this process was stopped by [`until_continued`].
static PAUSED: AtomicU64 = AtomicU64::new(0);

/// For how long this process was stopped by [`until_continued`], all times together.
#[must_use]
pub fn total() -> Duration {
    Duration::from_nanos(PAUSED.load(Ordering::Relaxed))
}

/// Stops every program with everything it started, then this process; comes back when somebody
/// lets it go on, and lets the programs go on, too. Containers are not stopped: what they do is
/// asked for by programs.
pub fn until_continued() {
    let began = Instant::now();
    let stopped = stop_all();
    // To this thread, which does not come back from the call before somebody lets it. The call
    // cannot fail: the signal exists, and the thread is this one.
    let _ = raise(ThreadSignal::SIGSTOP);
    let paused = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    PAUSED.fetch_add(paused, Ordering::Relaxed);
    stopped.iter().for_each(|entry| signal::send(entry, Signal::CONT));
}

/// Stops all programs until no process is found that was not stopped; the answer is all of them.
/// What was stopped starts no others, so this ends.
fn stop_all() -> Vec<Entry> {
    let mut stopped: Vec<Entry> = Vec::new();
    loop {
        let is_known = |one: &Entry| {
            stopped.iter().any(|other| other.id == one.id && other.start == one.start)
        };
        let found = tree::below(census::roots()).into_iter();
        let fresh: Vec<Entry> = found.filter(|one| !is_known(one)).collect();
        if fresh.is_empty() {
            return stopped;
        }
        fresh.iter().for_each(|entry| signal::send(entry, Signal::STOP));
        stopped.extend(fresh);
    }
}

/// A point in time from which pauses of this process do not count.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    at: Instant,
    paused: Duration,
}

impl Since {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self { at: Instant::now(), paused: total() }
    }

    /// Time since then, without pauses.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.at.elapsed().saturating_sub(self.missed())
    }

    /// Waits until so much time has passed since then, without pauses.
    pub async fn passed(&self, duration: Duration) {
        loop {
            let missed = self.missed();
            sleep_until(self.at + duration + missed).await;
            if self.missed() == missed {
                return;
            }
        }
    }

    fn missed(&self) -> Duration {
        total().saturating_sub(self.paused)
    }
}
