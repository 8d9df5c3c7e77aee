//! Folders for temporary files that are used again.
//!
//! To make a folder and to remove it costs a file system that keeps a journal as much as a tenth
//! of a short program, and most programs leave nothing in theirs. A folder that is as it was made
//! is given to the next attempt; any other one is removed.

use std::fs::Permissions;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{CWD, Mode, OFlags, RawDir, fstat, openat};
use tempfile::TempDir;

use super::private_folder::cannot_make;
use crate::guardian::{FOLDER_PREFIX, Guard, Made};

/// What the owner may do with a folder, and nobody else: search, read and write.
const OWN: u32 = 0o700;

/// Room for the two names that every folder has, `.` and `..`, and for some more.
const NAMES: usize = 256;

/// Folders for temporary files, and who makes all folders of attempts.
#[derive(Debug)]
pub(super) struct Temporaries {
    parent: PathBuf,
    /// Who removes them when this process is gone.
    guard: Option<Arc<Guard>>,
    /// Those that nobody uses: as they were made.
    free: Mutex<Vec<TempDir>>,
}

impl Temporaries {
    /// None yet; they will be made in `parent` and listed for the guard.
    pub(super) const fn inside(parent: PathBuf, guard: Option<Arc<Guard>>) -> Self {
        Self { parent, guard, free: Mutex::new(Vec::new()) }
    }

    /// An empty folder that nobody else uses.
    pub(super) fn lend(&self) -> Result<TempDir, String> {
        let free = self.free().pop();
        free.map_or_else(|| self.make(), Ok)
    }

    /// Takes a folder back; one that is not as it was made is the answer, and is to be removed.
    pub(super) fn give_back(&self, folder: TempDir) -> Option<TempDir> {
        if !is_as_made(&folder) {
            return Some(folder);
        }
        self.free().push(folder);
        None
    }

    /// A new folder with a name of its own, for its owner alone.
    pub(super) fn make(&self) -> Result<TempDir, String> {
        let made = tempfile::Builder::new()
            .prefix(FOLDER_PREFIX)
            .permissions(Permissions::from_mode(OWN))
            .tempdir_in(&self.parent)
            .map_err(|error| cannot_make(&self.parent, &error))?;
        if let Some(guard) = &self.guard {
            guard.list_made(Made::Folder(made.path().to_owned()));
        }
        Ok(made)
    }

    /// Removes those that nobody uses.
    pub(super) fn clear(&self) {
        self.free().clear();
    }

    /// What is held is whole between two calls, so a panic elsewhere spoils nothing.
    fn free(&self) -> MutexGuard<'_, Vec<TempDir>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a folder is empty and is its owner's alone. Whatever cannot be found out is a no.
fn is_as_made(folder: &TempDir) -> bool {
    // A program may have put a link there, and the link leads anywhere.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(open) = openat(CWD, folder.path(), flags, Mode::empty()) else { return false };
    let is_own = fstat(&open).is_ok_and(|found| {
        Mode::from_raw_mode(found.st_mode) == Mode::from_raw_mode(OWN)
            && found.st_uid == rustix::process::geteuid().as_raw()
    });
    is_own && is_empty(&open)
}

fn is_empty(folder: &OwnedFd) -> bool {
    let mut room = [MaybeUninit::uninit(); NAMES];
    let mut names = RawDir::new(folder, &mut room);
    loop {
        match names.next() {
            None => return true,
            Some(Ok(entry)) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
            Some(_) => return false,
        }
    }
}
