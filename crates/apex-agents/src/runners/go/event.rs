//! One line of `go test -json`, as `go doc test2json` describes it.

use serde::Deserialize;

/// What a line says. Unknown fields are ignored, missing ones empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Event {
    pub(super) action: String,
    pub(super) package: String,
    pub(super) test: String,
    /// Seconds, in steps of 0.01 for tests.
    pub(super) elapsed: f64,
    pub(super) output: String,
    /// The package that is built; since Go 1.24.
    pub(super) import_path: String,
}

impl Event {
    /// Reads a line; `None` when it is not one, which happens: until Go 1.23 failures of a build
    /// are plain text among the events.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().filter(|event: &Self| !event.action.is_empty())
    }
}
