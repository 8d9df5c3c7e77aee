//! The only place where something happens: processes, services, files of a run.
//!
//! The orchestrator carries out the commands of the scheduler in `apex-core` and reports what
//! happened. This crate never decides what runs next, and never shows anything to anybody.

pub mod background;
pub mod changes;
pub mod checkup;
pub mod control_group;
pub mod controller;
pub mod detect;
pub mod errand;
pub mod executor;
pub mod guardian;
pub mod listing;
pub mod machine;
pub mod orchestrator;
mod panics;
pub mod planning;
pub mod process;
pub mod progress;
pub mod resources;
pub mod runners;
pub mod secrets;
pub mod services;
pub mod setting;
pub mod staff;

pub use controller::Controller;
pub use staff::{Agent, AgentContext, Health};
pub mod watching;
