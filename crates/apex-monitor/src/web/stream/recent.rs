//! The latest lines of a run in memory, made once and shared by all clients.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;

/// Bytes of lines that are kept of a run; the last piece is kept whatever its size.
const KEPT: usize = 4 * 1024 * 1024;

/// Lines that became known together.
pub(super) struct Piece {
    /// The number of the first line.
    first: u64,
    /// The lines, which share one buffer; without their ends.
    lines: Vec<Utf8Bytes>,
    bytes: usize,
}

impl Piece {
    /// The lines of a buffer of whole lines. Bytes that are not UTF-8, which no Apex writes, are
    /// replaced.
    pub(super) fn new(first: u64, buffer: Vec<u8>) -> Self {
        let buffer = match String::from_utf8(buffer) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        let bytes = buffer.len();
        let shared = Bytes::from(buffer);
        let mut lines = Vec::new();
        let mut begin = 0;
        for end in shared.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at) {
            // Cut at line feeds, what was UTF-8 is UTF-8.
            lines.extend(Utf8Bytes::try_from(shared.slice(begin..end)));
            begin = end + 1;
        }
        Self { first, lines, bytes }
    }

    /// The number behind its last line.
    pub(super) fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// Its lines from this number on.
    pub(super) fn from(&self, line: u64) -> &[Utf8Bytes] {
        let at = usize::try_from(line.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.lines.get(at..).unwrap_or_default()
    }
}

/// The latest pieces.
#[derive(Default)]
pub(super) struct Recent {
    pieces: VecDeque<Arc<Piece>>,
    bytes: usize,
}

impl Recent {
    /// Adds a piece that follows the last one.
    pub(super) fn add(&mut self, piece: Arc<Piece>) {
        self.bytes += piece.bytes;
        self.pieces.push_back(piece);
        while self.bytes > KEPT
            && self.pieces.len() > 1
            && let Some(oldest) = self.pieces.pop_front()
        {
            self.bytes -= oldest.bytes;
        }
    }

    /// The piece that holds a line; none when it is too old or not there yet.
    pub(super) fn piece_with(&self, line: u64) -> Option<Arc<Piece>> {
        let at = self.pieces.partition_point(|piece| piece.end() <= line);
        self.pieces.get(at).filter(|piece| piece.first <= line).map(Arc::clone)
    }
}
