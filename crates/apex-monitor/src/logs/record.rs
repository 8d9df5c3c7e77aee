//! What is said of an event: how important it is, who says it, and the line that is written.

use std::thread;

use apex_core::{Envelope, Event, Moment, RunView};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::wording::{Kind, describe, kind_of};
use super::{Component, Level};

/// What is said of an event.
pub(super) struct Record<'e> {
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) fields: Map<String, Value>,
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
    pub(super) fields: Map<String, Value>,
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
            fields: record.fields.clone(),
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
        let mut line = json!({
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            "level": said.level.as_str(),
            "logger": component.as_str(),
            "message": said.message,
            "module": said.module,
            "function": said.function,
            "line": seq.unwrap_or(0),
            "thread": thread::current().name().unwrap_or_default(),
            "process": self.process,
            "run": self.run,
            "trace": self.trace,
        });
        if let Value::Object(line) = &mut line {
            line.extend(said.fields);
        }
        // Writing a value of texts and numbers into memory cannot fail.
        let _ = serde_json::to_writer(&mut *lines, &line);
        lines.push(b'\n');
    }
}
