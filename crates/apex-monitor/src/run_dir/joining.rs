//! Reads the journals of parts side by side into the stream of one run, and brings what their jobs
//! wrote into its directory.
//!
//! It holds one event of each part at a time; how the streams become one is decided in
//! `apex-core`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use apex_core::event::JobEvent;
use apex_core::join::Join;
use apex_core::{Envelope, Event, Moment, RunView};

use super::{OUTPUT, RecordedPart, RunDirectory, output_log_name};

/// Envelopes of one batch at least, as long as there are some.
const BATCH: usize = 256;

/// Parts that are being joined.
pub struct Joining {
    join: Join,
    sources: Vec<Source>,
    /// Files with output: where they are, and their names in the directory of the joined run.
    logs: BTreeMap<PathBuf, String>,
    /// Parts that are missing and whose end was not told yet.
    missing: Vec<u32>,
}

/// What is read of a part.
struct Source {
    part: RecordedPart,
    next: Option<Envelope>,
    /// What is wrong with its journal.
    trouble: Option<String>,
    is_over: bool,
}

impl Joining {
    /// Parts that belong together; of those that are missing, nothing ran.
    #[must_use]
    pub fn new(join: Join, parts: Vec<RecordedPart>, missing: Vec<u32>) -> Self {
        let source = |part| Source { part, next: None, trouble: None, is_over: false };
        let sources = parts.into_iter().map(source).collect();
        let mut joining = Self { join, sources, logs: BTreeMap::new(), missing };
        joining.sources.iter_mut().for_each(Source::advance);
        joining
    }

    /// The view after everything that was read.
    #[must_use]
    pub const fn view(&self) -> &RunView {
        self.join.view()
    }

    /// Whether no part is missing or broke off, as far as was read.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.join.is_whole()
    }

    /// The next envelopes of the joined run; none when it is over.
    pub fn next_batch(&mut self) -> Vec<Envelope> {
        let mut batch = Vec::new();
        while batch.len() < BATCH && self.step() {
            batch.extend(std::iter::from_fn(|| self.join.next_envelope()));
        }
        batch.extend(std::iter::from_fn(|| self.join.next_envelope()));
        batch
    }

    /// Takes one envelope, or the end of a part; whether there was one.
    fn step(&mut self) -> bool {
        if let Some(at) = self.earliest() {
            let source = &mut self.sources[at];
            let number = source.part.recorded.part;
            if let Some(envelope) = source.next.take() {
                self.note_log(at, &envelope);
                self.join.take(number, envelope);
            }
            self.sources[at].advance();
            return true;
        }
        if let Some(source) = self.sources.iter_mut().find(|source| !source.is_over) {
            source.is_over = true;
            let why = source.end();
            self.join.end(source.part.recorded.part, &why);
            return true;
        }
        let Some(number) = self.missing.pop() else { return false };
        let of = self.view().plan().matrix.as_ref().map_or(0, |matrix| matrix.of);
        self.join.end(number, &format!("part {number} of {of} is missing"));
        true
    }

    /// The part whose next envelope happened first.
    fn earliest(&self) -> Option<usize> {
        let next = |at: &usize| self.sources[*at].next.as_ref().map(|next| next.at);
        let waiting = (0..self.sources.len()).filter(|at| next(at).is_some());
        waiting.min_by_key(|at| next(at).unwrap_or(Moment::START))
    }

    /// Notes which file an attempt wrote to, and what it is called in the joined run.
    fn note_log(&mut self, at: usize, envelope: &Envelope) {
        let Event::Job(job, JobEvent::Started { attempt }) = &envelope.event else { return };
        let part = &self.sources[at].part;
        let Some(joined) = self.join.job(part.recorded.part, *job) else { return };
        let plan = self.view().plan();
        let category = plan.category(plan.job(joined).category).name.as_str();
        let from = part.directory.output_log(category, *job, *attempt);
        self.logs.insert(from, output_log_name(category, joined, *attempt));
    }

    /// Copies what jobs and services wrote into the directory of the joined run.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn copy_output(&self, to: &RunDirectory) -> io::Result<()> {
        for source in &self.sources {
            let folder = source.part.directory.path().join(OUTPUT);
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries {
                let entry = entry?;
                if !entry.file_type()?.is_file() {
                    continue;
                }
                let own = format!(
                    "{OUTPUT}/part-{}-{}",
                    source.part.recorded.part,
                    entry.file_name().to_string_lossy()
                );
                let name = self.logs.get(&entry.path()).unwrap_or(&own);
                fs::copy(entry.path(), to.path().join(name))?;
            }
        }
        Ok(())
    }
}

impl Source {
    /// Reads the next envelope.
    fn advance(&mut self) {
        self.next = match self.part.journal.next() {
            Some(Ok(envelope)) => Some(envelope),
            Some(Err(error)) => {
                self.trouble = Some(error.to_string());
                None
            }
            None => None,
        };
    }

    /// Why nothing more comes of it, should it not have told its end.
    fn end(&self) -> String {
        let Some(matrix) = &self.part.recorded.whole.matrix else { return String::new() };
        let who = format!(
            "part {} of {} (`{}`)",
            self.part.recorded.part, matrix.of, self.part.recorded.name
        );
        match &self.trouble {
            Some(trouble) => format!("the record of {who} is damaged: {trouble}"),
            None => format!("the record of {who} ends before its run does: its node was lost"),
        }
    }
}
