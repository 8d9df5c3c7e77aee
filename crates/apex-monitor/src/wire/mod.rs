//! The JSON form `apex.event/1` of the event stream: one object a line.
//!
//! Write rule: a field or a type may be added within version 1; none is removed, renamed or given
//! another meaning. Read rule: unknown fields are ignored, an unknown type is told apart
//! ([`Decoded::Unknown`]) and skipped by readers, another version is an error. The types here are
//! apart from those of the core, which carries no serialisation.

mod compact;
mod decode;
mod encode;
mod line;
mod listed;
mod matrix;
mod plan;
mod plan_decode;
mod plan_encode;
mod policy;
mod resources;
mod schema;
mod seconds;
mod word;

pub(crate) use compact::GATHERED;
pub use decode::{DecodeError, Decoded, decode, decode_plan};
pub(crate) use encode::{Beside, append_line, encode_through, write_line};
pub use encode::{encode, encode_plan, encode_plan_line};
pub use schema::{
    event_schema, plan_schema, runs_diff_schema, runs_schema, status_schema, summary_schema,
};
pub(crate) use seconds::Seconds;

/// Name and version of the form of a line.
pub const SCHEMA: &str = "apex.event/1";

/// Name and version of the form of a plan in a file of its own.
pub const PLAN_SCHEMA: &str = "apex.plan/1";
