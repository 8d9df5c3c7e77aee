//! What a run measured, as a file for Prometheus: for the collector of text files on a machine that
//! nobody scrapes.

use std::io::Write as _;
use std::path::PathBuf;

use apex_core::{Envelope, RunView, Sink};

use super::Measures;
use super::text::metrics_text;
use crate::atomic::write_atomically;

/// Writes the metrics of a run when it is over; before that, the file of an earlier run stays.
pub struct MetricsFile {
    path: PathBuf,
    measures: Measures,
}

impl MetricsFile {
    /// A file at a path; folders that are missing are made.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, measures: Measures::default() }
    }
}

impl Sink for MetricsFile {
    fn name(&self) -> &'static str {
        "metrics file"
    }

    fn accept(&mut self, batch: &[Envelope], _view: &RunView) -> Result<(), String> {
        batch.iter().for_each(|envelope| self.measures.look(envelope));
        Ok(())
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        let text = metrics_text(&self.measures.metrics(view, view.last()));
        write_atomically(&self.path, |writer| writer.write_all(text.as_bytes()))
            .map_err(|error| format!("`{}` could not be written: {error}", self.path.display()))
    }
}
