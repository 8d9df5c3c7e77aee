//! The sink that adds its run to the history when the run is over.

use std::time::{SystemTime, UNIX_EPOCH};

use apex_core::{Envelope, RunView, Sink};

use super::collect::Collector;
use super::prune::{self, Limits};
use super::write::add;
use super::{HistoryError, HistoryFile, database};

/// Adds a run to a history at its end; now and then it also removes what is too old. When that
/// fails, it says why, and the next run makes up for it from the journal.
pub struct Recorder {
    file: HistoryFile,
    limits: Limits,
    collector: Collector,
}

impl Recorder {
    /// The run goes into this history, of which so much is kept.
    #[must_use]
    pub fn new(file: HistoryFile, limits: Limits) -> Self {
        Self { file, limits, collector: Collector::default() }
    }

    fn write(&self, view: &RunView) -> Result<(), HistoryError> {
        let Some(run) = self.collector.run(view) else { return Ok(()) };
        let mut connection = database::open_to_write(&self.file.path)?;
        let jobs = self.collector.jobs(view);
        let added = add(&mut connection, &run, jobs, self.collector.tests(view));
        self.file.told(added)?;
        self.file.told(prune::now_and_then(&mut connection, &self.limits, unix_millis()))
    }
}

impl Sink for Recorder {
    fn name(&self) -> &'static str {
        "history"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        for envelope in batch {
            self.collector.take(envelope, view);
        }
        Ok(())
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        self.write(view).map_err(|error| format!("{error}; {}", error.advice()))
    }
}

/// The wall clock.
fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
