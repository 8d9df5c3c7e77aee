//! The last lines that running jobs wrote, for people who ask what one of them is at.

use std::collections::HashMap;

use apex_core::JobIx;
use apex_core::event::{Envelope, Event, JobEvent, OutputEvent};

use crate::text::harmless;

/// Bytes that are kept of each running job.
const KEPT: usize = 16 * 1024;

/// Running jobs of which something is kept.
const JOBS: usize = 128;

/// What running jobs wrote last.
#[derive(Clone, Debug, Default)]
pub struct Tails {
    of: HashMap<JobIx, String>,
}

impl Tails {
    /// Takes one event.
    pub fn take(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Output(job, OutputEvent::Text { text, .. }) => self.add(*job, text),
            Event::Output(job, OutputEvent::Omitted { bytes }) => {
                self.add(*job, &format!("\n({bytes} bytes are only in the file)\n"));
            }
            Event::Job(job, JobEvent::Started { .. } | JobEvent::Finished { .. }) => {
                self.of.remove(job);
            }
            _ => {}
        }
    }

    fn add(&mut self, job: JobIx, text: &str) {
        if self.of.len() >= JOBS && !self.of.contains_key(&job) {
            return;
        }
        let kept = self.of.entry(job).or_default();
        kept.push_str(text);
        if kept.len() > KEPT {
            let end = kept.ceil_char_boundary(kept.len() - KEPT);
            kept.drain(..end);
        }
    }

    /// The last lines of a job, at most so many.
    pub(super) fn last(&self, job: JobIx, most: usize) -> Vec<String> {
        let clean = harmless(self.of.get(&job).map_or("", String::as_str)).replace('\t', "    ");
        let lines: Vec<&str> = clean.trim_end().lines().collect();
        lines[lines.len().saturating_sub(most)..].iter().map(|line| (*line).to_owned()).collect()
    }
}
