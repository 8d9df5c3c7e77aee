//! The records of the log for people, as they come.

use std::io::Write;

use apex_core::{Envelope, RunView, Sink};

use super::Levels;
use super::record::Record;
use crate::text::harmless;

/// Writes the records of a run as lines for people: time, level, part, message, ids.
pub struct Diagnostics<W> {
    writer: W,
    levels: Levels,
    is_closed: bool,
}

impl<W: Write + Send> Diagnostics<W> {
    /// Lines to this writer, as much as the levels say. Each record is told once, by the first part
    /// that has it.
    pub const fn new(writer: W, levels: Levels) -> Self {
        Self { writer, levels, is_closed: false }
    }

    fn write(&mut self, text: &str) {
        // Whoever reads may go away; the run is not his business.
        let written = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
        self.is_closed |= written.is_err();
    }
}

impl<W: Write + Send> Sink for Diagnostics<W> {
    fn name(&self) -> &'static str {
        "diagnostics"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        let mut text = String::new();
        for envelope in batch {
            let levels = self.levels;
            let record = Record::of(envelope, view, |components, level| {
                components.first().is_some_and(|first| levels.wants(*first, level))
            });
            if let Some(record) = record {
                text.push_str(&line(&record));
            }
        }
        if !text.is_empty() && !self.is_closed {
            self.write(&text);
        }
        Ok(())
    }
}

fn line(record: &Record<'_>) -> String {
    let at = record.envelope().at.since_start().as_secs_f64();
    let component = record.components().next().map_or("", super::Component::as_str);
    let ids = record.fields.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!(" {name}={}", text.lines().next().unwrap_or_default()),
        None => format!(" {name}={value}"),
    });
    let level = record.level.as_str().to_lowercase();
    let line =
        format!("[{at:9.3} s] {level} {component}: {}{}", record.message, ids.collect::<String>());
    format!("{}\n", harmless(&line.replace('\n', " ")))
}
