//! Tests of apex-monitor through its public face.

mod console;
mod history;
mod json;
mod junit;
mod run_dir;
pub(crate) mod stream;
mod summary;
mod wire;
