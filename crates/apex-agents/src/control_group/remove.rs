//! How a control group is taken away with everything in it.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::signal;
use crate::process::table::Entry;

/// How long killed members may take to be gone.
const REMOVAL: Duration = Duration::from_secs(2);

/// Pause between two tries.
const LOOK: Duration = Duration::from_millis(5);

/// Kills what is in a group and in those below it, and removes them. A group that does not exist
/// is none to remove.
pub(crate) fn remove(group: &Path) -> io::Result<()> {
    let limit = Instant::now() + REMOVAL;
    loop {
        match remove_once(group) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if Instant::now() < limit => sleep(LOOK),
            other => return other,
        }
    }
}

fn remove_once(group: &Path) -> io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_once(&entry.path())?;
        }
    }
    for member in members(group) {
        signal::send(&member, Signal::KILL);
    }
    fs::remove_dir(group)
}

/// The processes in a group, without those of groups below it.
fn members(group: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|id| id.parse().ok()).filter_map(Entry::of).collect()
}
