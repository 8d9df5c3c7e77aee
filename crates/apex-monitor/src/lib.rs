//! Looks at runs: shows them to people, writes them down for programs, keeps their record.
//!
//! Everything here reads events and the one [`RunView`](apex_core::RunView) that is folded from
//! them. Nothing here starts a process, decides anything, or can delay or fail a run.
//!
//! | sink | what it makes |
//! |---|---|
//! | [`console::Console`] | lines and a redrawn part for people, the summary |
//! | [`json::JsonLines`] | the event stream as lines of JSON ([`wire`]) |
//! | [`run_dir::Journal`] | the same lines in the run directory |
//! | [`report::junit::JunitReport`] | JUnit XML |
//! | [`summary::SummaryFile`] | `summary.json` |
//! | [`otlp::Telemetry`] | traces, metrics and logs for OpenTelemetry |
//! | [`history::Recorder`] | the run in the history of the project |
//!
//! [`status`] says how the runs of a project stand. [`web`] shows the records of runs in a browser and as a stream, live ones included.
//!
//! ```
//! use apex_core::{Envelope, Event, Moment, RunView, Sink};
//! use apex_monitor::json::JsonLines;
//!
//! let batch = [Envelope { seq: 0, at: Moment::START, event: Event::Warning("disk is full".into()) }];
//! let mut view = RunView::new();
//! batch.iter().for_each(|envelope| view.apply(envelope));
//!
//! let mut written = Vec::new();
//! JsonLines::new(&mut written).accept(&batch, &view)?;
//! assert_eq!(
//!     String::from_utf8_lossy(&written),
//!     "{\"schema\":\"apex.event/1\",\"seq\":0,\"at\":0.0,\"type\":\"warning\",\"text\":\"disk is full\"}\n"
//! );
//! # Ok::<(), String>(())
//! ```

pub mod alerts;
mod atomic;
pub mod compare;
pub mod console;
pub mod dialect;
mod exit;
pub mod history;
pub mod json;
pub mod legacy;
pub mod logs;
pub mod measures;
pub mod names;
pub mod otlp;
pub mod report;
pub mod run_dir;
pub mod status;
pub mod summary;
mod text;
pub mod web;
pub mod wire;

pub use exit::{ExitRule, ExitStatus};
