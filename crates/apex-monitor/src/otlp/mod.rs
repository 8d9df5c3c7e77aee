//! OpenTelemetry: a run as traces, metrics and logs for a collector, or for a folder.
//!
//! The messages are the published ones; what sends them is our own, because a run ends and must
//! not wait: see `docs/design/013-telemetry.md`. The sink folds events and never waits; a thread
//! of its own sends, within bounds, and is given up at the end after [`Settings::exit_limit`].
//! What did not arrive is counted and told once, as the trouble of this sink.
//!
//! It knows nothing of the program: [`settings::read`] is given the variables.

mod batch;
mod clock;
mod courier;
mod facts;
mod logs;
mod points;
mod resource;
pub mod sampler;
mod send;
pub mod settings;
mod spans;
pub mod surroundings;
mod value;

use std::time::Duration;

use apex_core::event::{RunEvent, RunStarted};
use apex_core::trace::Trace;
use apex_core::{Envelope, Event, Moment, Plan, RunView, Sink};

use crate::measures::Measures;
use batch::Batch;
use clock::Clock;
use courier::Courier;
use logs::Logs;
use spans::Spans;

pub use batch::Signal;
pub use courier::QUEUE;
pub(crate) use send::{Posted, Poster};
pub use settings::{Destination, Endpoint, Route, Settings};

/// Spans or log records of one batch.
pub const BATCH: usize = 512;

/// Sends what happens.
pub struct Telemetry {
    settings: Settings,
    trace: Trace,
    open: Option<Open>,
}

/// What there is from the first event on.
struct Open {
    clock: Clock,
    spans: Option<Spans>,
    logs: Option<Logs>,
    measures: Option<Measures>,
    courier: Courier,
    batch_due: Moment,
    metrics_due: Moment,
}

impl Telemetry {
    /// A sink for a run with this trace. Nothing is started before its first event.
    #[must_use]
    pub const fn new(settings: Settings, trace: Trace) -> Self {
        Self { settings, trace, open: None }
    }

    fn begin(&mut self, start: &RunStarted) -> Result<(), String> {
        let clock = Clock::of(start.unix_millis);
        let goes = |signal| self.settings.routes.iter().any(|route| route.signal == signal);
        let resource = resource::of(start, &self.settings.facts);
        let courier = Courier::start(self.settings.routes.clone(), resource).map_err(|error| {
            format!("nothing is sent, because no thread could be started: {error}")
        })?;
        let has_traces = goes(Signal::Traces) && self.trace.is_sampled();
        self.open = Some(Open {
            clock,
            spans: has_traces.then(|| Spans::new(self.trace.clone(), clock)),
            logs: goes(Signal::Logs).then(|| Logs::new(self.trace.clone(), clock)),
            measures: goes(Signal::Metrics).then(Measures::default),
            courier,
            batch_due: Moment::START.plus(self.settings.batch_rhythm),
            metrics_due: Moment::START.plus(self.settings.metric_rhythm),
        });
        Ok(())
    }

    /// Hands over what is due.
    fn hand_over(&mut self, now: Moment, view: &RunView) {
        let Some(open) = &mut self.open else { return };
        if now >= open.batch_due {
            open.batch_due = now.plus(self.settings.batch_rhythm);
            open.send_text(1);
        }
        if now >= open.metrics_due {
            open.metrics_due = now.plus(self.settings.metric_rhythm);
            open.send_metrics(now, view);
        }
    }
}

impl Open {
    fn look(&mut self, envelope: &Envelope, view: &RunView) {
        if let Some(spans) = &mut self.spans {
            spans.look(envelope, view);
        }
        if let Some(logs) = &mut self.logs {
            logs.look(envelope, view);
        }
        if let Some(measures) = &mut self.measures {
            measures.look(envelope);
        }
        self.send_text(BATCH);
    }

    /// Sends spans and log records where at least so many wait.
    fn send_text(&mut self, least: usize) {
        if let Some(spans) = self.spans.as_mut().filter(|spans| spans.waiting() >= least) {
            self.courier.hand_over(&Batch::Traces(spans.take()));
        }
        if let Some(logs) = self.logs.as_mut().filter(|logs| logs.waiting() >= least) {
            self.courier.hand_over(&Batch::Logs(logs.take()));
        }
    }

    fn send_metrics(&self, now: Moment, view: &RunView) {
        let Some(measures) = &self.measures else { return };
        let metrics = points::sent(&measures.metrics(view, now), self.clock, now);
        if !metrics.is_empty() {
            self.courier.hand_over(&Batch::Metrics(metrics));
        }
    }

    fn finish(mut self, view: &RunView, limit: Duration) -> Result<(), String> {
        self.send_text(1);
        self.send_metrics(view.last(), view);
        self.courier.finish(limit)
    }
}

impl Sink for Telemetry {
    fn name(&self) -> &'static str {
        "telemetry"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        for envelope in batch {
            if let Event::Run(RunEvent::Started(start)) = &envelope.event {
                self.begin(start)?;
            }
            if let Some(open) = &mut self.open {
                open.look(envelope, view);
            }
        }
        self.hand_over(view.last(), view);
        Ok(())
    }

    fn tick(&mut self, now: Moment, view: &RunView) -> Result<(), String> {
        self.hand_over(now, view);
        Ok(())
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        let Some(open) = self.open.take() else { return Ok(()) };
        open.finish(view, self.settings.exit_limit)
    }
}

/// Which part of a run a plan is, such as `2/3`.
fn part_of(plan: &Plan) -> Option<String> {
    let matrix = plan.matrix.as_ref()?;
    Some(format!("{}/{}", matrix.part?, matrix.of))
}
