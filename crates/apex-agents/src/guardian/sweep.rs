//! The sweep at the next start: what runs left of which Apex, and perhaps the guardian, was lost.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::clear::clear;
use super::list::{Cleared, List};

/// A run that did not come to its end because Apex itself was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostRun {
    /// Its name.
    pub run: String,
    /// What was taken away.
    pub cleared: Cleared,
    /// Whether its guardian did that.
    pub by_guardian: bool,
    /// Whether the machine was started anew since.
    pub is_of_earlier_boot: bool,
}

/// Takes away what lost runs left, and forgets them. Waits for a guardian that is at work.
///
/// `folder` is that of [`GuardSettings`](super::GuardSettings); when it does not exist, nothing was
/// lost.
///
/// # Errors
/// Those of the file system, for the folder itself. A list that cannot be read is left alone.
pub fn sweep(folder: &Path) -> io::Result<Vec<LostRun>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == super::LIST_EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.iter().filter_map(|path| lost(path).ok().flatten()).collect())
}

/// The lost run of a list, cleared; none when its Apex still runs.
fn lost(path: &Path) -> io::Result<Option<LostRun>> {
    let Some(list) = List::read(path)? else { return Ok(None) };
    if list.whose.is_alive() {
        return Ok(None);
    }
    // A guardian holds this lock until it is done; its time is bounded.
    let file = File::open(path)?;
    file.lock()?;
    let Some(list) = List::read(path)? else { return Ok(None) };
    let by_guardian = list.cleared.is_some();
    let cleared = list.cleared.clone().unwrap_or_else(|| clear(&list));
    fs::remove_file(path)?;
    let is_of_earlier_boot = !list.whose.is_of_this_boot();
    Ok(Some(LostRun { run: list.whose.run, cleared, by_guardian, is_of_earlier_boot }))
}

impl LostRun {
    /// One line for people: what happened and what was taken away.
    #[must_use]
    pub fn describe(&self) -> String {
        let Cleared { processes, named, folders, others, left } = &self.cleared;
        let mut parts = Vec::new();
        if *processes > 0 {
            let more = if *processes > named.len() { ", …" } else { "" };
            let word = if *processes == 1 { "process" } else { "processes" };
            parts.push(format!("{processes} {word} ({}{more})", named.join(", ")));
        }
        if *folders > 0 {
            let word = if *folders == 1 { "private folder" } else { "private folders" };
            parts.push(format!("{folders} {word}"));
        }
        parts.extend(others.iter().cloned());
        let who = if self.by_guardian { "its guardian" } else { "this start" };
        let what = match parts.is_empty() {
            true => "nothing of it was left".to_owned(),
            false => format!("{who} took away {}", parts.join(", ")),
        };
        let rest = match left.is_empty() {
            true => String::new(),
            false => format!("; still there: {}", left.join("; ")),
        };
        let why = match self.is_of_earlier_boot {
            true => "the machine was started anew while it ran",
            false => "Apex itself was ended while it ran",
        };
        format!("run {} was lost, because {why}: {what}{rest}", self.run)
    }
}
