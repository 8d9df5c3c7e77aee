//! A signal for one process, and never for another that got its number.

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use super::table::Entry;

/// Sends a signal to the process that was seen, if it is still there.
///
/// A descriptor holds on to the process while it is looked at once more; where the system has no
/// such descriptors, a moment is left in which the number could change hands.
pub(crate) fn send(to: &Entry, signal: Signal) {
    let Some(id) = Pid::from_raw(to.id) else { return };
    match pidfd_open(id, PidfdFlags::empty()) {
        Ok(descriptor) if to.is_still_there() => {
            // The only error that can occur is that it is gone, or that it may not be signalled;
            // who waits for its end sees that it is left.
            let _ = pidfd_send_signal(descriptor, signal);
        }
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) if to.is_still_there() => {
            let _ = kill_process(id, signal);
        }
        _ => {}
    }
}
