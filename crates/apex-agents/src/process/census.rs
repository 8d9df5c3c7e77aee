//! Which children of this process are whose: the programs that were started, and the orphans of
//! programs, which the system hands to this process.
//!
//! There is one census for the whole process, because the system keeps one list of children for
//! it, however many runs go on inside. Whose an orphan is: its cookie says so, or the group or
//! session it is in. What has neither is counted to all programs that ran when it was first seen,
//! and to the last of them that is left; that is done only where this process starts no programs
//! of its own ([`own_all_children`]), because there it might be one of those.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitOptions, waitpid};

use super::cookie::Cookie;
use super::table::{self, Entry};

/// Says that every child of this process is of a run: whatever Apex did not start itself was left
/// behind by a program, and is ended. Without this word, only children with a sign of a run are
/// touched. Holds until the process ends.
pub fn own_all_children() {
    OWNS_ALL.store(true, Ordering::Relaxed);
}

/// How often the list is read while processes on it come and go.
const READS: usize = 64;

static OWNS_ALL: AtomicBool = AtomicBool::new(false);
static CENSUS: LazyLock<Mutex<Census>> = LazyLock::new(Mutex::default);

/// Who is known. Bounded by the programs that run and the orphans that live.
#[derive(Default)]
struct Census {
    /// Programs of which something may run.
    programs: BTreeMap<Cookie, Leader>,
    /// Further children that Apex started and waits for itself.
    staff: Vec<i32>,
    /// Orphans that were seen, by id.
    orphans: BTreeMap<i32, Orphan>,
}

/// The process that leads a program.
enum Leader {
    /// It is being started.
    Expected,
    /// It is a child of this process.
    Child(i32),
    /// It was reaped: its number is that of a group at most.
    Reaped(i32),
}

struct Orphan {
    start: u64,
    owner: Owner,
    /// Whether [`look`] has told it.
    is_told: bool,
}

enum Owner {
    /// The program of this cookie.
    Known(Cookie),
    /// One of these.
    OneOf(Vec<Cookie>),
    /// None of Apex.
    Stranger,
}

/// A program is about to be started.
pub(super) fn expect(cookie: Cookie) {
    census().programs.insert(cookie, Leader::Expected);
}

/// It was started, as this process.
pub(super) fn enter(cookie: Cookie, leader: i32) {
    census().programs.insert(cookie, Leader::Child(leader));
}

/// Its leader was reaped.
pub(super) fn bury(cookie: Cookie, leader: i32) {
    census().programs.insert(cookie, Leader::Reaped(leader));
}

/// Nothing of it runs any more.
pub(super) fn leave(cookie: Cookie) {
    census().programs.remove(&cookie);
}

/// A child that is no program of a run and that Apex waits for itself.
pub(crate) fn employ(child: i32) {
    census().staff.push(child);
}

/// That child was waited for.
pub(crate) fn dismiss(child: i32) {
    census().staff.retain(|one| *one != child);
}

/// Looks at the orphans without wanting any of them: dead ones are reaped, and whose the others
/// are is noted while their programs run. The answer is those that no look has told before.
pub(crate) fn look() -> Vec<Entry> {
    let mut census = census();
    let (mut living, _) = census.living_orphans();
    living.retain(|entry| {
        let orphan = census.orphans.get_mut(&entry.id);
        orphan.is_some_and(|orphan| !std::mem::replace(&mut orphan.is_told, true))
    });
    living
}

/// Everything of a run that is a child of this process: programs and orphans.
pub(super) fn roots() -> Vec<Entry> {
    let mut census = census();
    let (mut roots, _) = census.living_orphans();
    let leaders = census.programs.values().filter_map(|leader| match leader {
        Leader::Child(id) => Entry::of(*id),
        Leader::Expected | Leader::Reaped(_) => None,
    });
    roots.extend(leaders.filter(|entry| !entry.is_dead));
    roots
}

/// The living orphans of a program.
pub(super) fn orphans_of(cookie: Cookie) -> Vec<Entry> {
    let mut census = census();
    let (mut living, _) = census.living_orphans();
    living.retain(|one| census.is_of(one, cookie));
    living
}

/// Whether a program has no orphans; not while they change faster than one can look.
pub(super) fn has_no_orphans(cookie: Cookie) -> bool {
    let mut census = census();
    let (living, is_sure) = census.living_orphans();
    is_sure && !living.iter().any(|one| census.is_of(one, cookie))
}

/// A look is never left half done, so a panic elsewhere spoils nothing.
fn census() -> MutexGuard<'static, Census> {
    CENSUS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Census {
    /// The orphans that live and are of a run, and whether these are all. Dead ones are reaped.
    ///
    /// One that is gone when it is looked at may have handed over to a child, which is on the list
    /// only now: then the list is read again.
    fn living_orphans(&mut self) -> (Vec<Entry>, bool) {
        for _ in 0..READS {
            let (living, is_sure) = self.read();
            if is_sure {
                return (living, true);
            }
        }
        (self.read().0, false)
    }

    /// One reading of the list; the second part of the answer is whether all on it were there.
    fn read(&mut self) -> (Vec<Entry>, bool) {
        let adopted = table::adopted();
        if adopted.is_empty() {
            self.orphans.clear();
            return (Vec::new(), true);
        }
        let mut is_sure = true;
        self.orphans.retain(|id, _| adopted.contains(id));
        let mut living = Vec::new();
        for id in adopted {
            if self.starts_itself(id) {
                continue;
            }
            let Some(entry) = Entry::of(id) else {
                is_sure = false;
                continue;
            };
            let known = self.orphans.get(&id).is_some_and(|orphan| orphan.start == entry.start);
            if !known {
                let owner = self.owner_of(&entry);
                self.orphans.insert(id, Orphan { start: entry.start, owner, is_told: false });
            }
            if self.is_strange(id) {
                continue;
            }
            if entry.is_dead {
                reap(id);
                self.orphans.remove(&id);
                is_sure = false;
            } else {
                living.push(entry);
            }
        }
        (living, is_sure)
    }

    /// Whether a child is one that Apex started and waits for.
    fn starts_itself(&self, id: i32) -> bool {
        let is_it = |leader: &Leader| matches!(leader, Leader::Child(child) if *child == id);
        self.staff.contains(&id) || self.programs.values().any(is_it)
    }

    fn is_strange(&self, id: i32) -> bool {
        self.orphans.get(&id).is_some_and(|orphan| matches!(orphan.owner, Owner::Stranger))
    }

    fn owner_of(&self, entry: &Entry) -> Owner {
        if let Some(cookie) = Cookie::carried_by(&table::environment(entry.id)) {
            return Owner::Known(cookie);
        }
        let by_group = self.programs.iter().find(|(_, leader)| leader.leads(entry));
        if let Some((&cookie, _)) = by_group {
            return Owner::Known(cookie);
        }
        if OWNS_ALL.load(Ordering::Relaxed) && table::lists_children() {
            return Owner::OneOf(self.programs.keys().copied().collect());
        }
        Owner::Stranger
    }

    /// Whether an orphan is of this program: known to be, or of nobody else who is left.
    fn is_of(&self, entry: &Entry, cookie: Cookie) -> bool {
        let is_other = |owner: &Cookie| *owner != cookie && self.programs.contains_key(owner);
        self.orphans.get(&entry.id).is_some_and(|orphan| match &orphan.owner {
            Owner::Known(owner) => !is_other(owner),
            Owner::OneOf(owners) => !owners.iter().any(is_other),
            Owner::Stranger => false,
        })
    }
}

impl Leader {
    /// Whether the process is in the group or the session of this leader.
    const fn leads(&self, entry: &Entry) -> bool {
        match self {
            Self::Expected => false,
            Self::Child(id) | Self::Reaped(id) => entry.group == *id || entry.session == *id,
        }
    }
}

fn reap(id: i32) {
    // Whoever else waits for it was faster then.
    let _ = Pid::from_raw(id).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
}
