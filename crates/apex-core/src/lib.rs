//! The pure centre of Apex: it turns a checked configuration into a plan, decides what happens
//! next, and judges what happened.
//!
//! Nothing in this crate knows a clock, a file, a process, a thread or a terminal. Time is an
//! argument ([`Moment`]); what is to be done leaves as a command, what happened enters as an
//! input, and what others may know leaves as an event.

pub mod background;
pub mod change;
pub mod course;
pub mod estimate;
pub mod event;
pub mod flakiness;
pub mod graph;
pub mod history;
pub mod id;
pub mod join;
pub mod judge;
pub mod oracle;
pub mod outcome;
pub mod plan;
pub mod predict;
pub mod report;
pub mod resource;
pub mod schedule;
pub mod select;
pub mod sink;
pub mod test_case;
pub mod time;
pub mod trace;
pub mod view;
pub mod why;

pub use event::{Envelope, Event};
pub use history::History;
pub use id::{AttemptNumber, CategoryIx, JobIx, LayerIx, RunId, ServiceIx, TestIx};
pub use outcome::{Outcome, Verdict};
pub use plan::Plan;
pub use schedule::Scheduler;
pub use sink::Sink;
pub use time::Moment;
pub use trace::Trace;
pub use view::RunView;
