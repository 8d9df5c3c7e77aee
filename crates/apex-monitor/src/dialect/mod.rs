//! The events of a run by the names that other programs know: those of the earlier runner, and
//! messages for a chat; and how a project stands, in the words of the earlier runner.
//!
//! A dialect is a pure translation: of one event, and of the run as it was right after it, to
//! lines of JSON. The run is folded here once more, event by event, so that lines do not depend on
//! how events come in batches. Times are those of the run; nothing here asks a clock.

mod background;
mod chat;
mod figures;
mod legacy;
mod snapshot;
mod status;

use std::io::{self, ErrorKind, Write};

use apex_core::{Envelope, Event, RunView, Sink};
use serde_json::Value;

pub(crate) use figures::{
    category_left as category_left_of, category_progress as category_progress_of,
    counts as counts_of, run_progress as run_progress_of, success_rate as success_rate_of,
    timestamp as timestamp_of,
};

pub use background::background_record;
pub use chat::Chat;
pub use legacy::Legacy;
pub use status::{orchestration_object, orchestration_page};

/// A way to name the events of a run.
pub trait Dialect: Send {
    /// The lines of an event; `view` is the run right after it.
    fn tell(&mut self, envelope: &Envelope, view: &RunView) -> Vec<Value>;
}

/// Writes the lines of a dialect and flushes after every batch. When the reader goes away, it ends
/// quietly: the run is not its business.
pub struct DialectLines<W, D> {
    writer: W,
    dialect: D,
    view: RunView,
    is_closed: bool,
}

impl<W: Write + Send, D: Dialect> DialectLines<W, D> {
    /// Lines to this writer.
    pub fn new(writer: W, dialect: D) -> Self {
        Self { writer, dialect, view: RunView::new(), is_closed: false }
    }

    fn write(&mut self, batch: &[Envelope]) -> io::Result<()> {
        let mut text = Vec::new();
        for envelope in batch {
            self.view.apply(envelope);
            if !is_in_plan(&envelope.event, &self.view) {
                continue;
            }
            for line in self.dialect.tell(envelope, &self.view) {
                serde_json::to_writer(&mut text, &line)?;
                text.push(b'\n');
            }
        }
        self.writer.write_all(&text).and_then(|()| self.writer.flush())
    }
}

impl<W: Write + Send, D: Dialect> Sink for DialectLines<W, D> {
    fn name(&self) -> &'static str {
        "events of another dialect"
    }

    fn accept(&mut self, batch: &[Envelope], _: &RunView) -> Result<(), String> {
        if self.is_closed {
            return Ok(());
        }
        match self.write(batch) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            done => done.map_err(|error| format!("cannot write the event lines: {error}")),
        }
    }
}

/// Whether the plan has what an event names; that of a damaged record may not.
fn is_in_plan(event: &Event, view: &RunView) -> bool {
    match event {
        Event::Layer(layer, _) => layer.position() < view.layers().len(),
        Event::Category(category, _) => category.position() < view.categories().len(),
        Event::Job(job, _) | Event::Test(job, _) | Event::Output(job, _) => {
            job.position() < view.jobs().len()
        }
        Event::Service(service, _) => service.position() < view.services().len(),
        // Jobs and services that a sample names are only looked up.
        Event::Run(_) | Event::Agent(_) | Event::Resources(_) | Event::Warning(_) => true,
    }
}
