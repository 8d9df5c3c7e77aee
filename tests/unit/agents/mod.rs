//! Tests of apex-agents through its public face.

mod process;
mod runners;
mod secrets;
mod services;
