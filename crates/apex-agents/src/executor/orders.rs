//! The named pipe over which a program that stays is told what to do.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use serde::Serialize;

/// The writing side. It is open for reading, too, so that it can be made before the program reads;
/// the program sees its end when Apex is gone.
#[derive(Debug)]
pub(super) struct Orders {
    pipe: File,
    folder: PathBuf,
    /// How many pieces of work it was given.
    given: u32,
}

/// What a program that runs already is told in place of arguments and environment.
#[derive(Debug, Serialize)]
pub(super) struct More<'a> {
    /// In place of its arguments.
    pub(super) arguments: &'a [String],
    /// Variables that this work has other values for.
    pub(super) variables: BTreeMap<&'a str, &'a str>,
}

impl Orders {
    /// Makes the pipe at a path, for the owner only; the error is a sentence for people.
    pub(super) fn make(path: &Path) -> Result<Self, String> {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let open = || OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
        let made = mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).map_err(io::Error::from);
        let pipe = made.and_then(|()| open()).map_err(|error| {
            format!(
                "cannot make the pipe {}: {error}; choose a temporary folder on a file system that \
                 knows named pipes (TMPDIR)",
                path.display()
            )
        })?;
        let folder = path.parent().unwrap_or(path).to_owned();
        Ok(Self { pipe, folder, given: 0 })
    }

    /// That more work may come.
    pub(super) fn stay(&mut self) {
        self.say("stay");
    }

    /// That no more work comes.
    pub(super) fn leave(&mut self) {
        self.say("leave");
    }

    /// Gives it more work.
    pub(super) fn give(&mut self, more: &More<'_>) -> io::Result<()> {
        self.given += 1;
        let path = self.folder.join(format!("job.{}.json", self.given));
        fs::write(&path, serde_json::to_vec(more)?)?;
        self.say(&format!("job {}", path.display()));
        Ok(())
    }

    fn say(&mut self, word: &str) {
        // A program that has not read what would fill the pipe hears nothing at all; it is ended
        // by the limits of its category.
        let _ = writeln!(self.pipe, "{word}");
    }
}
