//! Programs that have done their work and wait for more of it.
//!
//! A worker belongs to nobody while it waits: nothing is read from it, and it is not watched. It
//! waits only as long as more jobs of its lot are to come than workers of it wait, so that its end
//! is always part of a job that it ran, unless the run is broken off.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::id::{AttemptNumber, JobIx};
use apex_core::judge::describe_end;
use tokio::time::{Instant, sleep, timeout_at};

use super::lot::Lot;
use super::orders::Orders;
use super::private_folder::Contents;
use crate::control_group::JobGroup;
use crate::process::{Ending, Happening, Log, Program, READ_SIZE, Source, StopRequest};

/// How long the kernel may take to remove killed processes.
const REMOVAL: Duration = Duration::from_secs(2);

/// Pause between two looks at processes that are about to be gone.
const LOOK: Duration = Duration::from_millis(5);

/// Characters of its last words that are told.
const LAST_WORDS: usize = 400;

/// A program that may stay, with all that goes with it.
pub(super) struct Worker {
    pub(super) program: Program,
    pub(super) orders: Orders,
    /// What it was started with and cannot be told anew.
    pub(super) variables: BTreeMap<String, String>,
    pub(super) folder: Contents,
    pub(super) group: Option<JobGroup>,
    /// The last thing that it did.
    pub(super) latest: Latest,
}

/// Where a worker was last.
#[derive(Clone)]
pub(super) struct Latest {
    pub(super) job: JobIx,
    pub(super) attempt: AttemptNumber,
    pub(super) log: PathBuf,
    /// How long it may take to end.
    pub(super) grace: Duration,
}

/// The workers that wait.
#[derive(Default)]
pub(super) struct Workers {
    waiting: Mutex<Vec<(u32, Worker)>>,
    /// Lots whose programs cannot stay.
    refused: Mutex<HashSet<u32>>,
}

impl Workers {
    /// Whether more jobs of a lot are to come than workers of it wait.
    pub(super) fn are_wanted(&self, lot: &Lot) -> bool {
        lot.expected() > count(&self.waiting(), lot)
    }

    /// Lets a worker wait for the next job of its lot; gives it back when it is not wanted.
    pub(super) fn offer(&self, lot: &Lot, worker: Worker) -> Option<Worker> {
        let mut waiting = self.waiting();
        if lot.expected() <= count(&waiting, lot) {
            return Some(worker);
        }
        waiting.push((lot.number(), worker));
        None
    }

    /// A worker of a lot, the one that waits longest.
    pub(super) fn take(&self, lot: &Lot) -> Option<Worker> {
        let mut waiting = self.waiting();
        let at = waiting.iter().position(|(of, _)| *of == lot.number())?;
        Some(waiting.remove(at).1)
    }

    /// The workers of a lot that wait for more jobs than are to come.
    pub(super) fn take_unwanted(&self, lot: &Lot) -> Vec<Worker> {
        let surplus = count(&self.waiting(), lot).saturating_sub(lot.expected());
        (0..surplus).filter_map(|_| self.take(lot)).collect()
    }

    /// Notes that programs of a lot cannot stay; whether that is news.
    pub(super) fn refuse(&self, lot: &Lot) -> bool {
        self.refused().insert(lot.number())
    }

    /// Whether programs of a lot may stay, as far as is known.
    pub(super) fn may_stay(&self, lot: &Lot) -> bool {
        !self.refused().contains(&lot.number())
    }

    /// Kills all that wait.
    pub(super) fn clear(&self) {
        self.waiting().clear();
    }

    /// What is held is whole between two calls, so a panic elsewhere spoils nothing.
    fn waiting(&self) -> MutexGuard<'_, Vec<(u32, Worker)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(waiting: &[(u32, Worker)], lot: &Lot) -> usize {
    waiting.iter().filter(|(of, _)| *of == lot.number()).count()
}

impl Worker {
    /// Asks it to leave and waits for its end, at most for its grace; what it writes goes to the
    /// log of its last job. The answer is what people should know.
    pub(super) async fn dismiss(mut self, stop: &StopRequest) -> Vec<String> {
        self.orders.leave();
        let mut log = Log::at(self.latest.log.clone());
        let mut words = Vec::new();
        let mut notes = Vec::new();
        let end = self.last_way(stop, &mut log, &mut words).await;
        match &end {
            Some(ProcessEnd::Exited(0)) => {}
            Some(end) => notes.push(untidy(&describe_end(end), &words)),
            None => notes.push(untidy("did not end within its grace and was killed", &words)),
        }
        notes.extend(self.remove_leftovers(end.is_some()).await);
        notes.extend(self.group.and_then(|group| group.remove().err()));
        notes.extend(self.folder.remove().await.err());
        notes
    }

    /// Until it has ended; none when its time was over before.
    async fn last_way(
        &mut self,
        stop: &StopRequest,
        log: &mut Log,
        words: &mut Vec<u8>,
    ) -> Option<ProcessEnd> {
        let deadline = Instant::now() + self.latest.grace;
        let mut buffer = Vec::with_capacity(READ_SIZE);
        loop {
            let happening = tokio::select! {
                biased;
                _ = stop.stronger_than(Some(Ending::Terminate)) => return None,
                happening = timeout_at(deadline, self.program.next(&mut buffer)) => happening.ok()?,
            };
            match happening {
                Happening::Wrote(Source::Output(stream)) => {
                    // Trouble with the log was told when the job wrote to it.
                    let _ = log.write(&buffer);
                    if stream == Stream::Stderr {
                        words.extend_from_slice(&buffer);
                        words.drain(..words.len().saturating_sub(LAST_WORDS));
                    }
                }
                Happening::Wrote(Source::Channel) => {}
                Happening::Ended(end) => return Some(end),
            }
        }
    }

    /// Kills what is left of it; what is said of it.
    async fn remove_leftovers(&mut self, has_ended: bool) -> Option<String> {
        let kin = self.program.kin();
        let survivors = kin.survivors();
        let deadline = Instant::now() + REMOVAL;
        kin.end(Ending::Kill);
        let mut buffer = Vec::with_capacity(READ_SIZE);
        if !has_ended {
            let _ = timeout_at(deadline, async {
                while !matches!(self.program.next(&mut buffer).await, Happening::Ended(_)) {}
            })
            .await;
        }
        while !self.program.kin().is_gone() && Instant::now() < deadline {
            sleep(LOOK).await;
            self.program.kin().end(Ending::Kill);
        }
        let is_news = has_ended && survivors.count > 0;
        is_news.then(|| format!("a process that left {} behind; killed", survivors.describe()))
    }
}

fn untidy(how: &str, words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let last = if last.is_empty() { String::new() } else { format!(": {}", last.trim()) };
    format!("a process that had run its tests, and was asked to end: {how}{last}")
}
