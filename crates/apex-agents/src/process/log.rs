//! The file that gets everything a program writes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

/// A log file that is made when the first byte arrives, so that what is silent costs nothing.
///
/// Bytes are appended by plain blocking writes: they go to the page cache, which takes less time
/// than handing them to another thread.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    Unused,
    Open(File),
    Broken,
}

impl Log {
    /// The log at this path. Nothing is made yet.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path, state: State::Unused }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// A sentence for people the first time that it does not work; from then on the log takes
    /// nothing more and is silent about it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = match &mut self.state {
            State::Broken => return Ok(()),
            State::Open(file) => file.write_all(bytes),
            State::Unused => self.open().and_then(|mut file| {
                file.write_all(bytes)?;
                self.state = State::Open(file);
                Ok(())
            }),
        };
        written.map_err(|error| {
            self.state = State::Broken;
            format!(
                "cannot write the output to {}: {error}; the rest of it is not kept, make room or \
                 correct the permissions",
                self.path.display()
            )
        })
    }

    fn open(&self) -> io::Result<File> {
        let open = || File::options().append(true).create(true).open(&self.path);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = self.path.parent() {
                    fs::create_dir_all(folder)?;
                }
                open()
            }
            opened => opened,
        }
    }
}
