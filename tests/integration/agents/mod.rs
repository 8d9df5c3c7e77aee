//! Tests of apex-agents with real processes and real frameworks.

mod controller;
mod detect;
mod docker;
mod feed;
mod process;
pub(crate) mod project;
mod resources;
mod runners;
mod setting;
mod staff;
