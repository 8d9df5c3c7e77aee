//! The event stream as lines of JSON to a writer, for programs.

use std::io::{self, ErrorKind, Write};

use apex_core::{Envelope, RunView, Sink};

use crate::exit::ExitRule;
use crate::wire::{self, Beside, GATHERED};

/// Writes a line for every event and flushes after every batch.
///
/// When the reader goes away (broken pipe), the lines end quietly: the run is not their business.
pub struct JsonLines<W> {
    lines: Lines<W>,
    is_closed: bool,
}

impl<W: Write + Send> JsonLines<W> {
    /// Lines to this writer, which needs no buffer of its own.
    pub const fn new(writer: W) -> Self {
        Self { lines: Lines::new(writer), is_closed: false }
    }

    /// The same, with how the program ends in the last line.
    #[must_use]
    pub fn exit(mut self, rule: ExitRule) -> Self {
        self.lines.exit = Some(rule);
        self
    }

    /// Whether the reader went away.
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }
}

impl<W: Write + Send> Sink for JsonLines<W> {
    fn name(&self) -> &'static str {
        "json"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        if self.is_closed {
            return Ok(());
        }
        match self.lines.write(batch, view) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            Err(error) => Err(format!("cannot write the event lines: {error}")),
        }
    }
}

/// Encodes batches into one buffer and hands it to a writer.
pub(crate) struct Lines<W> {
    writer: W,
    buffer: Vec<u8>,
    pub(crate) exit: Option<ExitRule>,
}

impl<W: Write> Lines<W> {
    pub(crate) const fn new(writer: W) -> Self {
        Self { writer, buffer: Vec::new(), exit: None }
    }

    pub(crate) const fn writer(&self) -> &W {
        &self.writer
    }

    /// Writes the lines of a batch and flushes.
    pub(crate) fn write(&mut self, batch: &[Envelope], view: &RunView) -> io::Result<()> {
        for envelope in batch {
            let beside = Beside { view, exit: self.exit.as_ref() };
            wire::encode_through(envelope, &beside, &mut self.buffer, &mut self.writer)?;
            if self.buffer.len() >= GATHERED {
                self.hand_over()?;
            }
        }
        self.hand_over()?;
        self.writer.flush()
    }

    /// What was taken is given up even when it could not be written: a later batch must not
    /// begin with half a line. A long line does not keep its room.
    fn hand_over(&mut self) -> io::Result<()> {
        let written = self.writer.write_all(&self.buffer);
        self.buffer.clear();
        self.buffer.shrink_to(2 * GATHERED);
        written
    }
}
