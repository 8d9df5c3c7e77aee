//! Apex's own log: lines of JSON, a file for each part of Apex, with rotation.
//!
//! The lines are made from events, so they say what the record of the run says, in the same order,
//! and carry the same ids: run, trace, layer, category, job, attempt, test. What is masked in events
//! is masked here. The output of tests is not in it: that has files of its own.
//!
//! | part | what it does |
//! |---|---|
//! | `component.rs` | the parts of Apex, and their files |
//! | `level.rs` | how much each says |
//! | `record.rs`, `wording.rs` | from an event to what is said of it |
//! | `fields.rs` | what belongs to a line by name |
//! | `file.rs` | a file that is rotated |
//! | `alert_log.rs` | lines about alerts |
//! | `diagnostics.rs` | the same records for people |
//!
//! A line that could not be written is counted, told when the run is over, and changes no verdict.

mod alert_log;
mod component;
mod diagnostics;
mod fields;
mod file;
mod level;
mod record;
mod wording;

use std::path::PathBuf;
use std::time::Duration;

use apex_core::{Envelope, Moment, RunView, Sink, Trace};

pub(crate) use alert_log::AlertLog;
pub use component::Component;
pub use diagnostics::Diagnostics;
pub(crate) use fields::{Fields, fields};
pub use level::{Level, LevelError, Levels};

use file::LogFile;
use record::{Record, Writer};

/// Where logs go and how much they say.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the files; made when missing.
    pub folder: PathBuf,
    /// How much each part says.
    pub levels: Levels,
    /// When a file is put aside.
    pub rotation: Rotation,
}

/// When a file is put aside, and how many are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes from which on a file is put aside; it may be larger by what is gathered.
    pub bytes: u64,
    /// Age from which on it is, where the file system knows when a file was made.
    pub age: Duration,
    /// Files of each part that are kept beside the one that is written.
    pub keep: u32,
}

/// Writes the log of a run.
pub struct Logs {
    settings: Settings,
    writer: Writer,
    files: [LogFile; Component::ALL.len()],
    /// Lines that were gathered, by part; kept for its room when they have been written.
    lines: [Vec<u8>; Component::ALL.len()],
    /// When lines went to the files last.
    written: Moment,
    lost: u64,
    reason: Option<String>,
}

/// How long lines are gathered, warnings and errors apart, which are written at once: who follows a
/// file does not see the difference, and short tests would pay for each line.
const GATHERED_FOR: Duration = Duration::from_millis(200);

impl Logs {
    /// A sink for a run with this trace. No file is touched before the first line for it.
    #[must_use]
    pub fn new(settings: Settings, trace: &Trace) -> Self {
        let file = |component: Component| {
            LogFile::at(settings.folder.join(component.file_name()), settings.rotation)
        };
        Self {
            files: Component::ALL.map(file),
            writer: Writer::new(trace.id().to_string()),
            lines: Default::default(),
            written: Moment::START,
            lost: 0,
            reason: None,
            settings,
        }
    }

    fn take(&mut self, record: &Record<'_>) {
        for component in record.components() {
            if self.settings.levels.wants(component, record.level) {
                self.writer.write(record, component, &mut self.lines[component as usize]);
            }
        }
    }

    fn flush(&mut self, now: Moment) {
        self.written = now;
        for (file, lines) in self.files.iter_mut().zip(&mut self.lines) {
            if lines.is_empty() {
                continue;
            }
            if let Err(error) = file.append(lines) {
                self.lost += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
                self.reason.get_or_insert_with(|| error.to_string());
            }
            lines.clear();
        }
    }
}

impl Sink for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        let mut is_urgent = false;
        for envelope in batch {
            self.writer.begin(envelope);
            if let Some(record) = Record::of(envelope, view, |components, level| {
                self.settings.levels.want_any(components, level)
            }) {
                is_urgent |= record.level <= Level::Warning;
                self.take(&record);
            }
        }
        let now = view.last();
        if is_urgent || now >= self.written.plus(GATHERED_FOR) {
            self.flush(now);
        }
        Ok(())
    }

    fn tick(&mut self, now: Moment, _view: &RunView) -> Result<(), String> {
        if now >= self.written.plus(GATHERED_FOR) {
            self.flush(now);
        }
        Ok(())
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        self.flush(view.last());
        match &self.reason {
            None => Ok(()),
            Some(reason) => Err(format!(
                "{} lines of the log in {} were lost: {reason}",
                self.lost,
                self.settings.folder.display()
            )),
        }
    }
}
