//! The queue as it stands on disk, held by one process at a time.
//!
//! Facts are appended, each in one write that is on the disk before anybody acts on it. A write
//! that fails is taken back, so that a full disk leaves the queue as it was; a line that a crash
//! left half is passed over. The system gives the locks back when their holder ends, however it
//! ends, so none is ever stale.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use apex_core::background::{Fact, Queue, TaskId, UnixMillis};

use super::BackgroundError;
use super::line;

const JOURNAL: &str = "queue.jsonl";
const LOCK: &str = "queue.lock";

/// The queue, for as long as nobody else may read or change it.
pub(super) struct Ledger {
    folder: PathBuf,
    journal: File,
    /// Where the journal ends.
    length: u64,
    queue: Queue,
    _lock: File,
}

impl Ledger {
    /// Waits for the lock and reads the queue. Those who hold it do so for one look and a few
    /// writes.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = open_lock(&folder.join(LOCK))?;
        lock.lock()?;
        let path = folder.join(JOURNAL);
        let mut journal =
            File::options().create(true).read(true).write(true).truncate(false).open(path)?;
        let mut text = Vec::new();
        journal.read_to_end(&mut text)?;
        if text.last().is_some_and(|&last| last != b'\n') {
            // What a crash left half must not swallow the next line.
            journal.write_all(b"\n")?;
        }
        let length = journal.seek(SeekFrom::End(0))?;
        let mut queue = Queue::default();
        for (at, fact) in text.split(|&byte| byte == b'\n').filter_map(line::decode) {
            // A fact that does not fit is one of a line that was lost before it: the others hold.
            let _ = queue.apply(at, fact);
        }
        Ok(Self { folder: folder.to_owned(), journal, length, queue, _lock: lock })
    }

    /// The queue.
    pub(super) const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Writes a fact down and takes it in.
    pub(super) fn write(&mut self, at: UnixMillis, fact: Fact) -> Result<(), BackgroundError> {
        let text = line::encode(at, &fact).map_err(io::Error::from)?;
        let mut changed = self.queue.clone();
        changed.apply(at, fact)?;
        let written = self.journal.write_all(&text).and_then(|()| self.journal.sync_data());
        if let Err(error) = written {
            self.journal.set_len(self.length)?;
            self.journal.seek(SeekFrom::Start(self.length))?;
            return Err(error.into());
        }
        self.length += text.len() as u64;
        self.queue = changed;
        Ok(())
    }

    /// Writes the journal anew without some tasks: a file beside it takes its place, so that it is
    /// whole at every moment.
    pub(super) fn leave_out(&mut self, tasks: &[TaskId]) -> io::Result<()> {
        let path = self.folder.join(JOURNAL);
        let text = fs::read(&path)?;
        let mut shorter = tempfile::NamedTempFile::new_in(&self.folder)?;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let known = line::decode(line);
            if !known.is_some_and(|(_, fact)| tasks.contains(fact.task())) {
                shorter.write_all(line)?;
            }
        }
        shorter.as_file().sync_data()?;
        let file = shorter.persist(&path).map_err(|error| error.error)?;
        self.length = file.metadata()?.len();
        self.journal = file;
        Ok(())
    }
}

/// Whether there is a queue.
pub(super) fn exists(folder: &Path) -> bool {
    folder.join(JOURNAL).exists()
}

/// The length of the journal: it changes with every fact. None when there is no journal.
pub(super) fn length(folder: &Path) -> Option<u64> {
    fs::metadata(folder.join(JOURNAL)).ok().map(|file| file.len())
}

/// The file that is held while a try of a task goes on.
pub(super) fn held_file(folder: &Path, task: &TaskId) -> PathBuf {
    folder.join(format!("{task}.held"))
}

/// Takes hold of a task; none when a try of it goes on.
pub(super) fn hold(folder: &Path, task: &TaskId) -> io::Result<Option<File>> {
    take(&held_file(folder, task))
}

/// Whether a try of a task goes on.
pub(super) fn is_held(folder: &Path, task: &TaskId) -> io::Result<bool> {
    Ok(hold(folder, task)?.is_none())
}

/// Takes a lock if nobody has it.
pub(super) fn take(path: &Path) -> io::Result<Option<File>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    let open = || File::options().create(true).write(true).read(true).truncate(false).open(path);
    match open() {
        // Two that make it at the same moment.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open(),
        opened => opened,
    }
}
