//! Tests of apex-config through its public face.

mod alerts;
mod complete;
mod compose;
mod composed;
mod dialects;
mod discovery;
mod environment_variables;
mod environments;
mod hostile;
mod init;
mod merging;
mod problems;
mod quarantine;
mod schema;
mod showing;
pub(crate) mod support;
mod variables;
