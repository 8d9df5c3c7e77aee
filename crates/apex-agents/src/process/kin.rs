//! Everything that one program started, wherever it went.
//!
//! A process can leave the group of its program, its session and its parent, but not the tree:
//! when its parent ends, the system hands it to this process, which asked for that. So whatever is
//! left is below the leader while that runs, and below an orphan of the [census](super::census)
//! afterwards; when there are no orphans, which is one short look, nothing is left.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal};

use super::census;
use super::cookie::Cookie;
use super::group::ProcessGroup;
use super::signal;
use super::stop::Ending;
use super::table::{self, Entry};
use super::tree;

/// Everything that one program started. The program counts as running until this is dropped.
#[derive(Debug)]
pub struct Kin {
    cookie: Cookie,
    group: Option<ProcessGroup>,
    /// Whether the leader was reaped, so that its number may be somebody else's.
    is_reaped: bool,
    /// Whether nothing was left when last looked at: nothing can come back.
    is_known_gone: AtomicBool,
}

/// Processes that were left behind, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survivors {
    /// How many.
    pub count: usize,
    /// The first of them, each with its id and its command.
    pub named: Vec<String>,
}

/// Processes that are named at most.
const NAMED: usize = 5;

impl Kin {
    /// The kin of a program that is about to be started.
    pub(super) fn expected() -> Self {
        take_in_orphans();
        let cookie = Cookie::next();
        census::expect(cookie);
        Self { cookie, group: None, is_reaped: false, is_known_gone: AtomicBool::new(false) }
    }

    /// It was started, as this process, which leads a group of its own.
    pub(super) fn enter(&mut self, leader: Pid) {
        let group = ProcessGroup::of(leader);
        census::enter(self.cookie, group.id());
        self.group = Some(group);
    }

    /// Its leader was reaped.
    pub(super) fn bury(&mut self) {
        self.is_reaped = true;
        if let Some(group) = self.group {
            census::bury(self.cookie, group.id());
        }
    }

    /// What they carry.
    pub(super) const fn cookie(&self) -> Cookie {
        self.cookie
    }

    /// The number of the group that the program leads; none before it was started.
    #[must_use]
    pub fn group(&self) -> Option<i32> {
        self.group.map(ProcessGroup::id)
    }

    /// Asks all of them to end, or kills all of them.
    pub fn end(&self, ending: Ending) {
        match ending {
            Ending::Terminate => self.ask(),
            Ending::Kill => tree::kill(|| self.living()),
        }
    }

    /// Whether none of them runs; never before the leader was reaped.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        if !self.is_known_gone.load(Ordering::Relaxed) {
            let is_gone = self.is_reaped && census::has_no_orphans(self.cookie);
            self.is_known_gone.store(is_gone, Ordering::Relaxed);
        }
        self.is_known_gone.load(Ordering::Relaxed)
    }

    /// Those that run.
    #[must_use]
    pub fn survivors(&self) -> Survivors {
        Survivors::of(&self.living())
    }

    /// Those that live and have lost their parents.
    pub(crate) fn orphans(&self) -> Vec<Entry> {
        census::orphans_of(self.cookie)
    }

    fn ask(&self) {
        let living = self.living();
        let group = self.group.filter(|group| living.iter().any(|one| one.group == group.id()));
        if let Some(group) = group {
            group.end(Ending::Terminate);
        }
        let elsewhere = |one: &&Entry| group.is_none_or(|group| one.group != group.id());
        for one in living.iter().filter(elsewhere) {
            signal::send(one, Signal::TERM);
            // A stopped process hears the request only when it goes on.
            signal::send(one, Signal::CONT);
        }
    }

    /// All of them that run, as far as one look can see.
    fn living(&self) -> Vec<Entry> {
        let mut roots = census::orphans_of(self.cookie);
        if !self.is_reaped {
            roots.extend(self.group.and_then(|group| Entry::of(group.id())));
        }
        tree::below(roots)
    }
}

/// Asks the system, once, to hand the orphans of all programs to this process.
fn take_in_orphans() {
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        // Where the system does not offer it (before Linux 3.4), orphans are out of reach.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    });
}

impl Drop for Kin {
    fn drop(&mut self) {
        census::leave(self.cookie);
    }
}

impl Survivors {
    /// These processes, the first of them named.
    pub(crate) fn of(living: &[Entry]) -> Self {
        let named = living.iter().take(NAMED);
        let named = named.map(|one| format!("{} `{}`", one.id, table::command(one.id)));
        Self { count: living.len(), named: named.collect() }
    }

    /// A few words: how many, and which.
    #[must_use]
    pub fn describe(&self) -> String {
        let count =
            if self.count == 1 { "1 process" } else { &format!("{} processes", self.count) };
        let more = if self.count > self.named.len() { ", …" } else { "" };
        format!("{count} ({}{more})", self.named.join(", "))
    }
}
