//! How background work makes way for everything else on the machine.
//!
//! The supervisor takes the lowest share of the processors, which everything it starts inherits.
//! Where sessions are scheduled as groups (autogroup, sched(7)), the niceness inside of a session
//! says nothing to other sessions, so that of the whole session is lowered as well. For the disk,
//! `ionice` of util-linux is put before its programs where it is installed: its class has no call
//! in a safe library.

use std::path::{Path, PathBuf};

/// The least share: about one and a half hundredths of a processor that others want whole.
const NICENESS: i32 = 19;

/// Makes this process, and what it starts from now on, give way. What cannot be had is gone
/// without: the work is then done at the share it has.
pub(super) fn give_way() {
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let _ = std::fs::write("/proc/self/autogroup", NICENESS.to_string());
}

/// The words to put before a program, so that its disk accesses come last.
pub(super) fn before(program: &Path) -> (PathBuf, Vec<String>) {
    let places = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&places).map(|folder| folder.join("ionice"));
    match found.into_iter().find(|path| path.is_file()) {
        // The lowest of the best-effort class, and on even where the kernel knows no classes. The
        // idle class could starve a run for ever.
        Some(ionice) => {
            let words = ["-t", "-c", "2", "-n", "7"].map(str::to_owned);
            (ionice, words.into_iter().chain([program.display().to_string()]).collect())
        }
        None => (program.to_owned(), Vec::new()),
    }
}
