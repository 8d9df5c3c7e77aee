//! Tests of apex-monitor through its public face.

mod again;
mod compare;
mod console;
mod dialect;
mod history;
mod json;
mod junit;
mod live;
mod report;
mod run_dir;
mod samples;
pub(crate) mod stream;
mod summary;
mod telemetry;
mod wire;
