//! The event stream as lines.

use std::io::{self, ErrorKind, Write};

use std::sync::Arc;

use apex_core::Sink;
use apex_monitor::json::JsonLines;
use apex_monitor::wire::{Decoded, decode, event_schema};
use apex_monitor::{ExitRule, ExitStatus};
use serde_json::Value;

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
fn the_last_line_says_how_the_program_ends_when_that_is_known() {
    let stream = every_event();
    let schema = jsonschema::validator_for(&event_schema()).unwrap();
    for (code, verdict) in [(0, "passed"), (1, "failed"), (130, "failed")] {
        let rule: ExitRule = Arc::new(move |result| {
            assert!(result.tests_failed, "the rule is asked for this run");
            ExitStatus { code, meaning: String::new() }
        });
        let mut written = Vec::new();
        JsonLines::new(&mut written).exit(rule).accept(&stream.envelopes, &stream.view).unwrap();
        let last = written.split(|byte| *byte == b'\n').rev().nth(1).unwrap();
        let value: Value = serde_json::from_slice(last).unwrap();
        assert_eq!((&value["verdict"], &value["exit_code"]), (&verdict.into(), &code.into()));
        assert!(schema.is_valid(&value), "{value}");
        let mut wrong = value;
        wrong["verdict"] = "great".into();
        assert!(!schema.is_valid(&wrong), "{wrong}");
        let event = stream.envelopes.last().unwrap().clone();
        assert_eq!(decode(last).unwrap(), Decoded::Event(event));
    }
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
