//! Parts with the real world: processes, frameworks, files.

mod agents;
mod compose;
mod examples;
mod web;
