//! The whole lines of a journal that may still grow, and where each one begins.
//!
//! It relies on the law of the journal that line `n`, from 0, is event `n`; whoever decodes the
//! lines checks it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Lines between two places that are remembered.
const STRIDE: u64 = 1024;

/// Bytes that are read at once.
const READ_AT_ONCE: usize = 256 * 1024;

/// Reads what is new at the end of a journal.
pub(super) struct NewLines {
    file: File,
    /// What was read of a line whose end is not written yet.
    rest: Vec<u8>,
}

impl NewLines {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, rest: Vec::new() })
    }

    /// The next whole lines, together, at most 256 KiB of them or one that is longer; empty when
    /// there is nothing new.
    pub(super) fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let before = self.rest.len();
            self.rest.resize(before + READ_AT_ONCE, 0);
            let read = self.file.read(&mut self.rest[before..]);
            self.rest.truncate(before + read.as_ref().map_or(0, |read| *read));
            if read? == 0 {
                return Ok(Vec::new());
            }
            let fresh = &self.rest[before..];
            if let Some(end) = fresh.iter().rposition(|byte| *byte == b'\n') {
                let rest = self.rest.split_off(before + end + 1);
                return Ok(std::mem::replace(&mut self.rest, rest));
            }
        }
    }
}

/// Where every 1,024th line begins: 8 bytes for some hundred kilobytes of journal.
#[derive(Default)]
pub(super) struct Places {
    begins: Vec<u64>,
    lines: u64,
    bytes: u64,
}

impl Places {
    /// Notes the next line.
    pub(super) fn add(&mut self, bytes: usize) {
        if self.lines.is_multiple_of(STRIDE) {
            self.begins.push(self.bytes);
        }
        self.lines += 1;
        self.bytes += bytes as u64;
    }

    /// A place at or before a line that was noted: where it is, and which line begins there.
    pub(super) fn before(&self, line: u64) -> (u64, u64) {
        let at = usize::try_from(line / STRIDE).unwrap_or(usize::MAX);
        let at = at.min(self.begins.len().saturating_sub(1));
        let begins = self.begins.get(at).copied().unwrap_or(0);
        (begins, at as u64 * STRIDE)
    }
}

/// Reads lines that were read before, for a client that is behind.
pub(super) struct OldLines {
    reader: BufReader<File>,
    next: u64,
}

impl OldLines {
    /// Goes to a line, from a place at or before it.
    pub(super) fn open(path: &Path, (begins, first): (u64, u64), line: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(begins))?;
        let mut reader = BufReader::with_capacity(READ_AT_ONCE / 4, file);
        for _ in first..line {
            reader.skip_until(b'\n')?;
        }
        Ok(Self { reader, next: line })
    }

    /// The line that is read next.
    pub(super) const fn next_line(&self) -> u64 {
        self.next
    }

    /// The next lines without their ends, none at or beyond `end`, about as many bytes as are
    /// asked for.
    pub(super) fn next(&mut self, end: u64, bytes: usize) -> io::Result<Vec<Vec<u8>>> {
        let (mut lines, mut taken) = (Vec::new(), 0);
        while self.next < end && taken < bytes {
            let mut line = Vec::new();
            self.reader.read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the journal became shorter",
                ));
            }
            taken += line.len();
            self.next += 1;
            lines.push(line);
        }
        Ok(lines)
    }
}
