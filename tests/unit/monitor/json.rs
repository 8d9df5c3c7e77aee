//! The event stream as lines.

use std::io::{self, ErrorKind, Write};

use apex_core::Sink;
use apex_monitor::json::JsonLines;
use apex_monitor::wire::{Decoded, decode};

use super::wire::every_event;

/// Takes this many bytes, then fails.
struct Limited {
    room: usize,
    kind: ErrorKind,
    taken: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(self.kind.into());
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        self.taken += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn each_event_of_a_batch_becomes_a_line() {
    let stream = every_event();
    let mut written = Vec::new();
    let mut lines = JsonLines::new(&mut written);
    for batch in stream.envelopes.chunks(7) {
        lines.accept(batch, &stream.view).unwrap();
    }
    let read: Vec<_> =
        written.split_inclusive(|byte| *byte == b'\n').map(|line| decode(line).unwrap()).collect();
    let expected: Vec<_> = stream.envelopes.iter().cloned().map(Decoded::Event).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_reader_that_went_away_ends_the_lines_quietly_and_any_other_trouble_is_said() {
    let stream = every_event();
    for (kind, is_quiet) in [(ErrorKind::BrokenPipe, true), (ErrorKind::StorageFull, false)] {
        let mut writer = Limited { room: 100, kind, taken: 0 };
        let mut lines = JsonLines::new(&mut writer);
        assert_eq!(lines.accept(&stream.envelopes, &stream.view).is_ok(), is_quiet);
        assert_eq!(lines.is_closed(), is_quiet);
        if is_quiet {
            assert_eq!(lines.accept(&stream.envelopes, &stream.view), Ok(()));
        }
        assert_eq!(writer.taken, 100);
    }
}
