//! A file that lines are added to, and that is put aside when it is large or old:
//! `x.log`, before it `x.log.1`, before that `x.log.2`.
//!
//! Several processes may write the same file (a run in front and one behind): each adds whole lines
//! to its end, a lock beside the files is held while they are renamed, and who finds that the file
//! under the name is another one goes on with that.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Rotation;

/// The lock beside the files.
const LOCK: &str = ".rotation.lock";

/// A file that is rotated.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    open: Option<File>,
}

impl LogFile {
    /// A file at a path. Nothing is touched yet.
    pub(super) const fn at(path: PathBuf, rotation: Rotation) -> Self {
        Self { path, rotation, open: None }
    }

    /// Adds whole lines.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if !self.is_current()? {
            self.open = Some(self.open_end()?);
        }
        if self.is_due()? {
            self.rotate()?;
        }
        match &mut self.open {
            Some(file) => file.write_all(lines),
            None => Ok(()),
        }
    }

    /// Whether the file under the name is the one that is open.
    fn is_current(&self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        match fs::metadata(&self.path) {
            Ok(found) => {
                let open = open.metadata()?;
                Ok((found.dev(), found.ino()) == (open.dev(), open.ino()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn open_end(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::options().create(true).append(true).open(&self.path)
    }

    fn is_due(&self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        let facts = open.metadata()?;
        let age =
            facts.created().ok().and_then(|created| SystemTime::now().duration_since(created).ok());
        let is_old = age.is_some_and(|age| age >= self.rotation.age);
        Ok(facts.len() > 0 && (facts.len() >= self.rotation.bytes || is_old))
    }

    /// Puts the file aside, unless somebody did that meanwhile.
    fn rotate(&mut self) -> io::Result<()> {
        let lock = File::create(self.path.with_file_name(LOCK))?;
        lock.lock()?;
        if self.is_current()? {
            remove(&self.aside(self.rotation.keep))?;
            for number in (1..self.rotation.keep).rev() {
                rename(&self.aside(number), &self.aside(number + 1))?;
            }
            if self.rotation.keep == 0 {
                remove(&self.path)?;
            } else {
                rename(&self.path, &self.aside(1))?;
            }
        }
        self.open = Some(self.open_end()?);
        Ok(())
    }

    fn aside(&self, number: u32) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fine_if_missing(fs::rename(from, to))
}

fn remove(path: &Path) -> io::Result<()> {
    fine_if_missing(fs::remove_file(path))
}

fn fine_if_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
