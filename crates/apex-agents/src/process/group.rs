//! A process group: a program and everything it started that did not leave the group.
//!
//! Apex makes the group and is the only one that signals it. The number of a group stays taken
//! as long as one member exists, a zombie included, so a signal never reaches strangers while
//! the leader is not reaped or a member is left.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::stop::Ending;

/// A process group, by the process id of its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessGroup(Pid);

impl ProcessGroup {
    /// The group that the process of this id leads.
    #[must_use]
    pub(super) const fn of(leader: Pid) -> Self {
        Self(leader)
    }

    /// Its number, the process id of its leader.
    #[must_use]
    pub fn id(self) -> i32 {
        self.0.as_raw_nonzero().get()
    }

    /// Asks every member to end, or kills every member. A group without members is left alone.
    pub fn end(self, ending: Ending) {
        // The only error that can occur is that nobody is there any more.
        match ending {
            Ending::Terminate => {
                let _ = kill_process_group(self.0, Signal::TERM);
                // A stopped process hears the request only when it goes on.
                let _ = kill_process_group(self.0, Signal::CONT);
            }
            Ending::Kill => {
                let _ = kill_process_group(self.0, Signal::KILL);
            }
        }
    }

    /// Whether no member runs any more. Costs one system call unless members are left.
    #[must_use]
    pub fn is_empty(self) -> bool {
        test_kill_process_group(self.0) == Err(Errno::SRCH) || self.members() == 0
    }

    /// How many members run. Dead ones that nobody has reaped yet do not count.
    #[must_use]
    pub fn members(self) -> usize {
        let Ok(processes) = fs::read_dir("/proc") else { return 0 };
        processes
            .flatten()
            .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
            .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
            .filter(|stat| living_member_of(stat) == Some(self.id()))
            .count()
    }
}

/// The group of a process that is not dead, from its line in `/proc/<pid>/stat` (proc(5)).
fn living_member_of(stat: &str) -> Option<i32> {
    // The name of the program stands in parentheses and may contain anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?;
    if matches!(state, "Z" | "X") { None } else { group.parse().ok() }
}
