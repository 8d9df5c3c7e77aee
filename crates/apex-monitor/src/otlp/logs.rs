//! What jobs write, and what Apex warns of, as log records below the spans of jobs and run.
//!
//! A record is a line; the events carry a bounded part of the output of each attempt, and what is
//! beyond it is told as a number of bytes.

use apex_core::event::{OutputEvent, Stream};
use apex_core::trace::{Place, Trace};
use apex_core::{Envelope, Event, JobIx, Moment, RunView};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use super::clock::Clock;
use super::value::{plain, text, whole};
use crate::names;
use crate::text::harmless;

/// Makes the log records of a run.
pub(super) struct Logs {
    trace: Trace,
    clock: Clock,
    made: Vec<LogRecord>,
}

impl Logs {
    pub(super) const fn new(trace: Trace, clock: Clock) -> Self {
        Self { trace, clock, made: Vec::new() }
    }

    /// The records that were made since the last time.
    pub(super) fn take(&mut self) -> Vec<LogRecord> {
        std::mem::take(&mut self.made)
    }

    /// How many wait to be taken.
    pub(super) const fn waiting(&self) -> usize {
        self.made.len()
    }

    pub(super) fn look(&mut self, envelope: &Envelope, view: &RunView) {
        match &envelope.event {
            Event::Output(job, OutputEvent::Text { stream, text: written }) => {
                let word = match stream {
                    Stream::Stdout => "stdout",
                    Stream::Stderr => "stderr",
                };
                let written = harmless(written);
                for line in written.lines().filter(|line| !line.trim().is_empty()) {
                    let mut facts = facts_of(*job, view);
                    facts.push(text(names::IO_STREAM, word));
                    let place = Place::Job(*job);
                    self.push(envelope.at, place, (SeverityNumber::Unspecified, line), facts);
                }
            }
            Event::Output(job, OutputEvent::Omitted { bytes }) => {
                let mut facts = facts_of(*job, view);
                facts.push(whole(names::OMITTED, i64::try_from(*bytes).unwrap_or(i64::MAX)));
                let said = (SeverityNumber::Info, "more was written; the captured file has it");
                self.push(envelope.at, Place::Job(*job), said, facts);
            }
            Event::Warning(warning) => {
                let said = (SeverityNumber::Warn, warning.as_str());
                self.push(envelope.at, Place::Run, said, Vec::new());
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        at: Moment,
        place: Place,
        (severity, body): (SeverityNumber, &str),
        attributes: Vec<KeyValue>,
    ) {
        let nanos = self.clock.nanos(at);
        let severity_text = match severity {
            SeverityNumber::Warn => "WARN",
            SeverityNumber::Info => "INFO",
            _ => "",
        };
        self.made.push(LogRecord {
            time_unix_nano: nanos,
            observed_time_unix_nano: nanos,
            severity_number: severity.into(),
            severity_text: severity_text.to_owned(),
            body: Some(plain(body)),
            attributes,
            flags: u32::from(self.trace.is_sampled()),
            trace_id: self.trace.id().0.to_vec(),
            span_id: self.trace.span(place).0.to_vec(),
            ..LogRecord::default()
        });
    }
}

fn facts_of(job: JobIx, view: &RunView) -> Vec<KeyValue> {
    let category = view.category_of(job).map(|category| view.plan().category(category));
    let mut facts = vec![whole(names::JOB, job.0)];
    facts.extend(category.map(|category| text(names::CATEGORY, category.name.as_str())));
    facts
}
