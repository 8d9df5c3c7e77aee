//! The alerts of a live run: every change goes to the log, and what is to be told is kept for when
//! the verdict stands.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use apex_config::model::{Alert, Notify};
use apex_core::{Envelope, Moment, RunView, Sink, Trace};

use super::machine::Change;
use super::notice::Notice;
use super::watch::Watch;
use crate::logs::{AlertLog, Level, Rotation, fields};

/// What is to be told of a run; empty before it is over.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<Mutex<Vec<Notice>>>);

impl Book {
    /// Everything that is to be told, in the order of the rules.
    #[must_use]
    pub fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Looks at the alerts of a run.
pub struct Alerts {
    watch: Watch,
    log: Option<AlertLog>,
    book: Book,
    trouble: Option<String>,
}

impl Alerts {
    /// A sink for these alerts, and what will be to be told.
    #[must_use]
    pub fn new(alerts: Vec<Alert>) -> (Self, Book) {
        let book = Book::default();
        (Self { watch: Watch::new(alerts), log: None, book: book.clone(), trouble: None }, book)
    }

    /// The same with a log in a folder, for a run with this trace.
    #[must_use]
    pub fn logging(mut self, folder: PathBuf, rotation: Rotation, trace: &Trace) -> Self {
        self.log = Some(AlertLog::new(folder, rotation, trace));
        self
    }

    fn note(&mut self, changes: &[Change]) {
        let Some(log) = &mut self.log else { return };
        for change in changes {
            let Some(alert) = self.watch.alert(change.alert) else { continue };
            if alert.is_muted || !alert.notify.contains(&Notify::Log) {
                continue;
            }
            let (level, message) = match &change.fired {
                Some(why) => (Level::Warning, format!("alert {} fired: {why}", alert.name)),
                None => (Level::Info, format!("alert {} resolved", alert.name)),
            };
            let fields = fields! { "alert": alert.name, "severity": alert.level.as_str() };
            let written = log.write(change.at, level, &message, &fields);
            if let Err(error) = written {
                self.trouble.get_or_insert_with(|| error.to_string());
            }
        }
    }
}

impl Sink for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        for envelope in batch {
            self.watch.take(envelope);
            if let Some(log) = &mut self.log {
                log.begin(envelope);
            }
        }
        let changes = self.watch.until(view.last(), view);
        self.note(&changes);
        Ok(())
    }

    fn tick(&mut self, now: Moment, view: &RunView) -> Result<(), String> {
        let changes = self.watch.until(now, view);
        self.note(&changes);
        Ok(())
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        let changes = self.watch.end(view);
        self.note(&changes);
        *self.book.0.lock().unwrap_or_else(PoisonError::into_inner) = self.watch.notices(view);
        match self.trouble.take() {
            Some(reason) => Err(format!("a line of the log was lost: {reason}")),
            None => Ok(()),
        }
    }
}
