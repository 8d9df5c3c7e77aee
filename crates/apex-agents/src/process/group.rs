//! A process group: a program and everything it started that did not leave the group.
//!
//! Apex makes the group. The number of a group stays taken as long as one member exists, a zombie
//! included, so a signal never reaches strangers while the leader is not reaped or a member is
//! left; who signals sees to that.

use rustix::process::{Pid, Signal, kill_process_group};

use super::stop::Ending;

/// A process group, by the process id of its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProcessGroup(Pid);

impl ProcessGroup {
    /// The group that the process of this id leads.
    pub(super) const fn of(leader: Pid) -> Self {
        Self(leader)
    }

    /// Its number, the process id of its leader.
    pub(super) fn id(self) -> i32 {
        self.0.as_raw_nonzero().get()
    }

    /// Asks every member to end, or kills every member. A group without members is left alone.
    pub(super) fn end(self, ending: Ending) {
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
}
