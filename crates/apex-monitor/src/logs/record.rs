//! What is said of an event: how important it is, who says it, and the line that is written.

use std::thread;

use apex_core::{Envelope, Event, Moment, RunView};
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::fields::Fields;
use super::wording::{Kind, describe, kind_of};
use super::{Component, Level};
use crate::wire;

/// What is said of an event.
pub(super) struct Record<'e> {
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) fields: Fields,
    kind: Kind,
    envelope: &'e Envelope,
}

impl<'e> Record<'e> {
    /// What is said; nothing of events that nobody wants to hear of.
    pub(super) fn of(
        envelope: &'e Envelope,
        view: &RunView,
        is_wanted: impl Fn(&[Component], Level) -> bool,
    ) -> Option<Self> {
        let kind = kind_of(&envelope.event, view.plan())?;
        let level = kind.level;
        if !is_wanted(&kind.homes(), level) {
            return None;
        }
        let (message, fields) = describe(&envelope.event, view);
        Some(Self { level, message, fields, kind, envelope })
    }

    /// Who says it.
    pub(super) fn components(&self) -> impl Iterator<Item = Component> + use<> {
        self.kind.homes().into_iter()
    }

    /// When it happened.
    pub(super) const fn envelope(&self) -> &'e Envelope {
        self.envelope
    }
}

/// What a line says.
pub(super) struct Said<'a> {
    pub(super) at: Moment,
    pub(super) level: Level,
    pub(super) message: &'a str,
    pub(super) module: &'static str,
    pub(super) function: &'static str,
    pub(super) fields: &'a Fields,
}

/// Writes records as lines.
pub(super) struct Writer {
    /// The line of the latest event in the journal.
    latest: Option<u64>,
    trace: String,
    run: String,
    began: Timestamp,
    process: u32,
}

impl Writer {
    pub(super) fn new(trace: String) -> Self {
        let (run, began) = (String::new(), Timestamp::UNIX_EPOCH);
        Self { latest: None, trace, run, began, process: std::process::id() }
    }

    /// Takes note of which run it is, and how far.
    pub(super) fn begin(&mut self, envelope: &Envelope) {
        self.latest = Some(envelope.seq + 1);
        if let Event::Run(apex_core::event::RunEvent::Started(started)) = &envelope.event {
            self.run = started.run.to_string();
            let millis = i64::try_from(started.unix_millis).unwrap_or_default();
            self.began = Timestamp::from_millisecond(millis).unwrap_or_default();
        }
    }

    /// Adds the line of a record in the file of a part.
    pub(super) fn write(&self, record: &Record<'_>, component: Component, lines: &mut Vec<u8>) {
        let said = Said {
            at: record.envelope.at,
            level: record.level,
            message: &record.message,
            module: record.kind.module,
            function: record.kind.function,
            fields: &record.fields,
        };
        self.write_line(said, Some(record.envelope.seq + 1), component, lines);
    }

    /// Adds a line about what is no event, behind the latest one.
    pub(super) fn write_said(&self, said: Said<'_>, component: Component, lines: &mut Vec<u8>) {
        self.write_line(said, self.latest, component, lines);
    }

    /// `seq` is the line of the event in the journal of the run, so that one finds the other.
    fn write_line(
        &self,
        said: Said<'_>,
        seq: Option<u64>,
        component: Component,
        lines: &mut Vec<u8>,
    ) {
        let at = self.began.checked_add(said.at.since_start()).unwrap_or(self.began);
        let thread = thread::current();
        let line = Line {
            timestamp: format!("{at:.6}"),
            logger: component.as_str(),
            line: seq.unwrap_or(0),
            thread: thread.name().unwrap_or_default(),
            writer: self,
            said,
        };
        // Only the shapes that are known there.
        let _ = wire::append_line(&line, lines);
    }
}

/// A line, its own fields behind those of every line.
struct Line<'a> {
    timestamp: String,
    logger: &'static str,
    line: u64,
    thread: &'a str,
    writer: &'a Writer,
    said: Said<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Said { level, message, module, function, fields, .. } = &self.said;
        let mut line = serializer.serialize_struct("Line", 11 + fields.iter().count())?;
        line.serialize_field("timestamp", &self.timestamp)?;
        line.serialize_field("level", level.as_str())?;
        line.serialize_field("logger", self.logger)?;
        line.serialize_field("message", message)?;
        line.serialize_field("module", module)?;
        line.serialize_field("function", function)?;
        line.serialize_field("line", &self.line)?;
        line.serialize_field("thread", self.thread)?;
        line.serialize_field("process", &self.writer.process)?;
        line.serialize_field("run", &self.writer.run)?;
        line.serialize_field("trace", &self.writer.trace)?;
        for (name, value) in fields.iter() {
            line.serialize_field(name, value)?;
        }
        line.end()
    }
}
