//! Tests of apex-monitor through its public face.

mod again;
mod alerts;
mod compare;
mod console;
mod dialect;
mod excerpt;
mod history;
mod json;
mod junit;
mod live;
mod logs;
mod phase;
mod report;
mod run_dir;
mod runs_shown;
mod samples;
mod status;
pub(crate) mod stream;
mod summary;
mod telemetry;
mod wire;
