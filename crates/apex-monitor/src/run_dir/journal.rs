//! The event journal of a run: written a batch at a time, read back into a view.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use apex_core::{Envelope, RunView, Sink};

use super::RunDirectory;
use crate::exit::ExitRule;
use crate::json::Lines;
use crate::measures::{Measures, Metric};
use crate::wire::{self, DecodeError, Decoded};

/// Appends every event to `events.jsonl`. What a batch said is in the file after the batch; at
/// the end it is on the disk.
pub struct Journal {
    lines: Lines<File>,
    path: PathBuf,
}

impl Journal {
    /// Begins the journal of a run.
    ///
    /// # Errors
    /// Those of the file system; a journal that is there already is never written over.
    pub fn create(directory: &RunDirectory) -> io::Result<Self> {
        let path = directory.events();
        Ok(Self { lines: Lines::new(File::create_new(&path)?), path })
    }

    /// The same, with how the program ends in the last line.
    #[must_use]
    pub fn exit(mut self, rule: ExitRule) -> Self {
        self.lines.exit = Some(rule);
        self
    }

    fn explain(&self, error: &io::Error) -> String {
        format!("cannot write the journal `{}`: {error}", self.path.display())
    }
}

impl Sink for Journal {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        self.lines.write(batch, view).map_err(|error| self.explain(&error))
    }

    fn close(&mut self, _view: &RunView) -> Result<(), String> {
        self.lines.writer().sync_all().map_err(|error| self.explain(&error))
    }
}

/// A journal that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be read.
    #[error("cannot read the journal `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is damaged or of another version.
    #[error("line {line} of the journal `{path}` is {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        source: DecodeError,
    },
}

/// The events of a journal, one after the other. Types of events that this version does not know
/// are skipped. A last line without its line end is the mark of a run that was killed while it
/// wrote: the journal ends before it.
pub struct JournalReader {
    reader: BufReader<File>,
    path: PathBuf,
    line: u64,
    buffer: Vec<u8>,
    is_torn: bool,
}

impl JournalReader {
    /// Opens a journal.
    ///
    /// # Errors
    /// [`JournalError::Read`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let path = path.to_owned();
        match File::open(&path) {
            Ok(file) => Ok(Self {
                reader: BufReader::new(file),
                path,
                line: 0,
                buffer: Vec::new(),
                is_torn: false,
            }),
            Err(source) => Err(JournalError::Read { path, source }),
        }
    }

    /// Whether the journal ended in the middle of a line.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Fills the buffer with the next whole line; `false` at the end.
    fn fill(&mut self) -> Result<bool, JournalError> {
        self.buffer.clear();
        let read = self.reader.read_until(b'\n', &mut self.buffer);
        read.map_err(|source| JournalError::Read { path: self.path.clone(), source })?;
        self.is_torn = self.buffer.last().is_some_and(|last| *last != b'\n');
        if self.is_torn {
            // What is written of a line that goes on is read again when more of it is there.
            let back = i64::try_from(self.buffer.len()).unwrap_or(i64::MAX);
            let moved = self.reader.seek_relative(-back);
            moved.map_err(|source| JournalError::Read { path: self.path.clone(), source })?;
            return Ok(false);
        }
        self.line += 1;
        Ok(!self.buffer.is_empty())
    }

    fn next_event(&mut self) -> Result<Option<Envelope>, JournalError> {
        while self.fill()? {
            match wire::decode(&self.buffer) {
                Ok(Decoded::Event(envelope)) => return Ok(Some(envelope)),
                Ok(Decoded::Unknown { .. }) => {}
                Err(source) => {
                    let (path, line) = (self.path.clone(), self.line);
                    return Err(JournalError::Line { path, line, source });
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for JournalReader {
    type Item = Result<Envelope, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().transpose()
    }
}

/// Reads the journal of a run back into the view that the run had.
///
/// # Errors
/// [`JournalError`].
pub fn read_view(directory: &RunDirectory) -> Result<RunView, JournalError> {
    let mut view = RunView::new();
    for envelope in JournalReader::open(&directory.events())? {
        view.apply(&envelope?);
    }
    Ok(view)
}

/// Reads the journal of a run back into what it measured, at the moment of its last event.
///
/// # Errors
/// [`JournalError`].
pub fn read_metrics(directory: &RunDirectory) -> Result<Vec<Metric>, JournalError> {
    let mut view = RunView::new();
    let mut measures = Measures::default();
    for envelope in JournalReader::open(&directory.events())? {
        let envelope = envelope?;
        view.apply(&envelope);
        measures.look(&envelope);
    }
    Ok(measures.metrics(&view, view.last()))
}
