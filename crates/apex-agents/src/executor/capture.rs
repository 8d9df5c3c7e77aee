//! What an attempt writes: without secrets, into its file, and as text for the stream of events.

use std::path::PathBuf;
use std::sync::Arc;

use apex_core::event::Stream;
use apex_core::report::JobReport;

use crate::process::{Log, OutputText};
use crate::runners::bounded_to;
use crate::secrets::{Mask, Streams};

/// The output of one attempt.
pub(super) struct Capture {
    log: Log,
    text: OutputText,
    /// What is written, without secrets.
    shown: Streams,
}

impl Capture {
    /// Output that goes to a file of at most so many bytes.
    pub(super) fn into_file(path: PathBuf, limit: u64, mask: &Arc<Mask>) -> Self {
        Self {
            log: Log::at(path).limited_to(limit),
            text: OutputText::default(),
            shown: Streams::of(mask),
        }
    }

    /// Takes bytes of one stream.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8], batch: &mut Vec<JobReport>) {
        let Self { log, text, shown } = self;
        keep(shown.one(stream).push(bytes), stream, log, text, batch);
    }

    /// Takes what was held back, and closes the file.
    pub(super) fn finish(&mut self, batch: &mut Vec<JobReport>) {
        let Self { log, text, shown } = self;
        for stream in [Stream::Stdout, Stream::Stderr] {
            keep(shown.one(stream).finish(), stream, log, text, batch);
        }
        text.finish(|event| batch.push(JobReport::Output(event)));
        batch.extend(log.finish().err().map(JobReport::Note));
    }
}

fn keep(
    bytes: &[u8],
    stream: Stream,
    log: &mut Log,
    text: &mut OutputText,
    batch: &mut Vec<JobReport>,
) {
    batch.extend(log.write(bytes).err().map(JobReport::Note));
    text.push(stream, bytes, |event| batch.push(JobReport::Output(event)));
}

/// Keeps of each text of a test no more than so many bytes: its beginning and its end.
pub(super) fn bound_texts(batch: &mut [JobReport], limit: usize) {
    for report in batch {
        let JobReport::TestFinished { report, .. } = report else { continue };
        let Some(failure) = &mut report.failure else { continue };
        for text in [&mut failure.message, &mut failure.details, &mut failure.output] {
            if text.len() > limit {
                *text = bounded_to(std::mem::take(text), limit);
            }
        }
    }
}
