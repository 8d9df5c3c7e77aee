//! A history as text that other machines can add to theirs: `apex.history/1`, a line of JSON for
//! each run, and behind it one for each attempt of its jobs and tests.
//!
//! Write rule and read rule are those of the event stream: a field or a type of line may be added
//! within the version; unknown ones are skipped; another version is an error. A run announces how
//! many attempts follow and is added when all of them were read, so that a file that was cut off
//! gives whole runs. There are no absolute paths in it.

mod export;
mod import;
mod line;

pub(super) use export::export;
pub use import::Imported;
pub(super) use import::import;

/// Name and version of the form.
pub const FORM: &str = "apex.history/1";
