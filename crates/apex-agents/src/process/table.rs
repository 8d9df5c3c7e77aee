//! What the table of processes says: `/proc` (proc(5)), read as bytes because names of programs
//! may hold any.
//!
//! A process that ends while one looks is not there; nothing here is an error.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;

/// One process, at the moment of the look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its id.
    pub(crate) id: i32,
    /// Its parent.
    pub(crate) parent: i32,
    /// Its process group.
    pub(crate) group: i32,
    /// Its session.
    pub(crate) session: i32,
    /// Whether it has ended and only waits to be reaped.
    pub(crate) is_dead: bool,
    /// When it began, in ticks since the machine did: with the id, a name that no other process
    /// gets until the next start of the machine.
    pub(crate) start: u64,
}

impl Entry {
    /// The process of an id.
    pub(crate) fn of(id: i32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{id}/stat")).ok()?;
        // The name of the program stands in parentheses and may contain anything.
        let end_of_name = stat.iter().rposition(|&byte| byte == b')')?;
        let after_name = std::str::from_utf8(&stat[end_of_name + 1..]).ok()?;
        let mut fields = after_name.split_ascii_whitespace();
        let state = fields.next()?;
        let mut number = || fields.next()?.parse().ok();
        let (parent, group, session) = (number()?, number()?, number()?);
        // Field 22; the one after the session is field 7.
        let start = fields.nth(15)?.parse().ok()?;
        Some(Self { id, parent, group, session, is_dead: matches!(state, "Z" | "X"), start })
    }

    /// Whether the process is still this one, and not another that got its number.
    pub(crate) fn is_still_there(&self) -> bool {
        Self::of(self.id).is_some_and(|now| now.start == self.start && !now.is_dead)
    }
}

/// Every process that can be seen.
pub(crate) fn all() -> impl Iterator<Item = Entry> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Entry::of)
}

/// The ids of the children of a process.
pub(crate) fn children(id: i32) -> Vec<i32> {
    if !lists_children() {
        return all().filter(|entry| entry.parent == id).map(|entry| entry.id).collect();
    }
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for thread in threads {
        found.extend(ids_in(&fs::read(thread.path().join("children")).unwrap_or_default()));
    }
    found
}

/// The ids of the children of this process that came to it when their own parent ended; on
/// systems that do not tell them apart, of all its children.
///
/// The system hands orphans to the first thread of the process that takes them up, and this
/// process starts its programs on others. This is one short file that is kept open, so that it
/// can be read at the end of every job.
pub(crate) fn adopted() -> Vec<i32> {
    let Some(list) = list_of_first_thread() else { return children(own_id()) };
    let mut text = Vec::new();
    let mut part = [0; 1024];
    loop {
        match list.read_at(&mut part, text.len() as u64) {
            Ok(0) => break,
            Ok(count) => text.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    ids_in(&text)
}

/// The id of this process.
pub(crate) fn own_id() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// The environment that a process was started with; empty when it cannot be read.
pub(crate) fn environment(id: i32) -> Vec<u8> {
    fs::read(format!("/proc/{id}/environ")).unwrap_or_default()
}

/// The command line of a process for people: of bounded length, without control characters.
pub(crate) fn command(id: i32) -> String {
    /// Characters that are shown.
    const SHOWN: usize = 60;
    let mut words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    if words.is_empty() {
        words = fs::read(format!("/proc/{id}/comm")).unwrap_or_default();
    }
    let text = String::from_utf8_lossy(&words);
    let text = text.trim_end_matches(['\0', '\n']);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown.replace(|character: char| character.is_control(), " ")
}

/// What tells one start of the machine from another; empty where it is not told.
pub(crate) fn boot() -> String {
    let read = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    read.trim().to_owned()
}

/// The children of the first thread of this process, where the system lists them.
fn list_of_first_thread() -> Option<&'static File> {
    static LIST: OnceLock<Option<File>> = OnceLock::new();
    let open = || File::open(format!("/proc/self/task/{}/children", own_id())).ok();
    LIST.get_or_init(open).as_ref()
}

/// Whether the system lists the children of a thread (`CONFIG_PROC_CHILDREN`); where it does not,
/// every look goes through all processes, and orphans are not told from other children.
pub(crate) fn lists_children() -> bool {
    list_of_first_thread().is_some()
}

fn ids_in(list: &[u8]) -> Vec<i32> {
    let text = std::str::from_utf8(list).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect()
}
