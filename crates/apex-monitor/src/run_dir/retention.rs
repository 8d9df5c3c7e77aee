//! Which recorded runs are kept: by number, age and size, the newest first.
//!
//! A run that goes on is never removed, nor one that is pinned or that somebody still needs.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use apex_core::RunId;

use super::{Lock, Runs, take_lock};

/// What may be kept; a run beyond any of these goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The newest runs.
    pub runs: usize,
    /// How old a run may be.
    pub age: Duration,
    /// Bytes that the newest runs may have together; none where nobody asks, because it costs a
    /// look at every file.
    pub bytes: Option<u64>,
}

/// A run that is removed, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Its name.
    pub run: RunId,
    /// Why, for people: `older than 90 days`.
    pub why: String,
    /// How large it is.
    pub bytes: u64,
}

/// A call to remove what is not kept.
#[derive(Clone, Debug)]
pub struct Removal<'a> {
    /// What may be kept.
    pub kept: Kept,
    /// The present.
    pub now: SystemTime,
    /// Runs that somebody still needs.
    pub needed: &'a HashSet<RunId>,
    /// Whether it is only said what would be removed.
    pub is_dry: bool,
}

impl Runs {
    /// Removes the runs that are not kept, and answers with them.
    ///
    /// # Errors
    /// Those of the file system, at the first run that cannot be removed.
    pub fn remove(&self, removal: &Removal<'_>) -> io::Result<Vec<Removed>> {
        let mut removed = Vec::new();
        let mut bytes = 0_u64;
        for (position, run) in self.list()?.into_iter().enumerate() {
            let path = self.path_of(&run)?;
            let size = if removal.kept.bytes.is_some() { size(&path) } else { 0 };
            bytes = bytes.saturating_add(size);
            let Some(why) = why(removal, &path, position, bytes) else { continue };
            if removal.needed.contains(&run) || self.open(&run)?.is_pinned() {
                continue;
            }
            // The lock is held over the removal, so that nobody begins to read a half.
            if let Lock::Ours { _file } = take_lock(&path)? {
                if !removal.is_dry {
                    fs::remove_dir_all(&path)?;
                }
                // What is gone leaves its room to older ones.
                bytes -= size;
                removed.push(Removed { run, why, bytes: size });
            }
        }
        Ok(removed)
    }
}

/// Why a run is not kept, if it is not: the newest is at position 0, and `bytes` is what it and
/// all that are newer have together.
fn why(removal: &Removal<'_>, path: &Path, position: usize, bytes: u64) -> Option<String> {
    const DAY: u64 = 24 * 60 * 60;
    const MEBIBYTE: u64 = 1024 * 1024;
    let Kept { runs, age, bytes: most } = removal.kept;
    if position >= runs {
        return Some(format!("beyond the newest {runs}"));
    }
    if removal.now.duration_since(written(path)).is_ok_and(|old| old > age) {
        return Some(format!("older than {} days", age.as_secs() / DAY));
    }
    most.filter(|most| bytes > *most)
        .map(|most| format!("beyond {} MiB of newer runs", most / MEBIBYTE))
}

/// When a run was written last; the present where nobody can say, so that it stays.
fn written(path: &Path) -> SystemTime {
    let of = |name: &str| fs::metadata(path.join(name)).and_then(|file| file.modified());
    let latest = of(super::SUMMARY).or_else(|_| of(super::EVENTS)).or_else(|_| of(""));
    latest.unwrap_or_else(|_| SystemTime::now())
}

/// Bytes of the files in a folder; what cannot be read has none.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}
