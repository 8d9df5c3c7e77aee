//! The file that gets what a program writes: of much, the beginning and the end.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Bytes of output that are kept when nobody says how many.
pub const LOG_LIMIT: u64 = 128 * 1024 * 1024;

/// A log file that is made when the first byte arrives, so that what is silent costs nothing.
///
/// Half of the limit is for the beginning. What comes after it goes to a second file beside the
/// first, `<name>.tail`, whose oldest bytes are written over; [`Log::finish`] puts the two
/// together and says between them how much was left out. So neither disk nor memory grow with
/// what a program writes.
///
/// Bytes are written by plain blocking writes: they go to the page cache, which takes less time
/// than handing them to another thread.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    limit: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Unused,
    Open(Files),
    Broken,
}

#[derive(Debug)]
struct Files {
    head: File,
    /// Bytes in it.
    written: u64,
    tail: Option<Tail>,
}

/// The last bytes, in a file that is written round and round.
#[derive(Debug)]
struct Tail {
    file: File,
    path: PathBuf,
    size: u64,
    /// Bytes that were written to it, those that are gone included.
    written: u64,
}

impl Log {
    /// The log at this path, with the usual limit. Nothing is made yet.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path, limit: LOG_LIMIT, state: State::Unused }
    }

    /// Keeps so many bytes.
    #[must_use]
    pub const fn limited_to(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// A sentence for people the first time that it does not work; from then on the log takes
    /// nothing more and is silent about it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = match &mut self.state {
            State::Broken => return Ok(()),
            State::Open(files) => files.write(bytes, &self.path, self.limit),
            State::Unused => self.open().and_then(|head| {
                let mut files = Files { head, written: 0, tail: None };
                files.write(bytes, &self.path, self.limit)?;
                self.state = State::Open(files);
                Ok(())
            }),
        };
        written.map_err(|error| self.give_up(&error))
    }

    /// Puts beginning and end together. Nothing is written after that.
    ///
    /// # Errors
    /// A sentence for people when it does not work; the end stays in the file beside the log.
    pub fn finish(&mut self) -> Result<(), String> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Open(Files { mut head, tail: Some(tail), .. }) => {
                tail.append_to(&mut head).map_err(|error| self.give_up(&error))
            }
            State::Open(_) | State::Unused | State::Broken => Ok(()),
        }
    }

    fn give_up(&mut self, error: &io::Error) -> String {
        self.state = State::Broken;
        format!(
            "cannot write the output to {}: {error}; the rest of it is not kept, make room or \
             correct the permissions",
            self.path.display()
        )
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

impl Files {
    fn write(&mut self, bytes: &[u8], path: &std::path::Path, limit: u64) -> io::Result<()> {
        let room = (limit / 2).saturating_sub(self.written);
        let (first, rest) =
            bytes.split_at(usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len()));
        self.head.write_all(first)?;
        self.written += first.len() as u64;
        if rest.is_empty() {
            return Ok(());
        }
        if self.tail.is_none() {
            self.tail = Some(Tail::beside(path, limit - limit / 2)?);
        }
        self.tail.as_mut().map_or(Ok(()), |tail| tail.write(rest))
    }
}

impl Tail {
    fn beside(log: &std::path::Path, size: u64) -> io::Result<Self> {
        let mut name = log.as_os_str().to_owned();
        name.push(".tail");
        let path = PathBuf::from(name);
        let file =
            File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { file, path, size: size.max(1), written: 0 })
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let at = self.written % self.size;
            let room = usize::try_from(self.size - at).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.file.write_all_at(now, at)?;
            self.written += now.len() as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Writes what is left of it behind the beginning, and removes it.
    fn append_to(mut self, head: &mut File) -> io::Result<()> {
        let gone = self.written.saturating_sub(self.size);
        if gone > 0 {
            writeln!(
                head,
                "\n[apex: {gone} bytes of output were left out here; `output_limit_mb` of the \
                 category says how much is kept]"
            )?;
            let oldest = self.written % self.size;
            self.file.seek(SeekFrom::Start(oldest))?;
            io::copy(&mut (&self.file).take(self.size - oldest), head)?;
        }
        self.file.rewind()?;
        let newest = if gone > 0 { self.written % self.size } else { self.written };
        io::copy(&mut (&self.file).take(newest), head)?;
        fs::remove_file(&self.path)
    }
}
