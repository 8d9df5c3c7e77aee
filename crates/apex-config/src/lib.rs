//! Turns the text of layer files, variables and flags into one checked [`Config`].
//!
//! This crate says what words in a file *mean*. It does not know the clock, the process
//! environment (variables are handed in as a map), the command line parser, or the terminal.
//!
//! A source is read into a tree of [`Node`]s, each with the place that set it, and stays one
//! until the end: sources are trees ([`Overlay`]), merging is one function over trees
//! ([`merge`]), and the checker walks a tree along the declared shape of the files. The usual
//! way, structs with optional fields behind serde, would stop at the first mistake and forget
//! who set a value; here every mistake of every source is a [`Problem`] with its place, and all
//! of them are known at once.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::path::Path;
//! use apex_config::{LoadRequest, Overlay, load};
//!
//! let variables = BTreeMap::new();
//! let loaded = load(&LoadRequest {
//!     project: Some(Path::new("/")),
//!     start: Path::new("/"),
//!     config: None,
//!     environment: Some("ci"),
//!     variables: &variables,
//!     today: Some("2026-01-31"),
//!     flags: Overlay::flags(),
//! })?;
//! // Without any file the built-in layers hold.
//! assert_eq!(loaded.config.layers.len(), 4);
//! # Ok::<(), apex_config::LoadFailure>(())
//! ```

pub mod builtin;
pub mod ci_systems;
mod combine;
pub mod compose;
mod dialect;
mod discover;
mod environment;
pub use environment::DEFAULT_ENVIRONMENT;
pub mod environment_variables;
pub mod init;
mod load;
pub mod model;
mod node;
mod origin;
mod overlay;
mod parts;
mod place;
mod problem;
mod resolve;
pub mod shape;
pub mod show;
mod variables;
mod yaml;

pub use combine::{
    ComposeFiles, Document, Documents, LoadFailure, Resolved, Surroundings, bring_in_composed,
    load_documents,
};
pub use discover::LAYER_FILES;
pub use load::{LoadRequest, Loaded, load};
pub use model::Config;
pub use node::{Entry, Map, Meaning, Node, Replaced, Scalar, Value};
pub use origin::Origins;
pub use overlay::{Overlay, merge};
pub use place::{Place, Source, SourceKind};
pub use problem::{Problem, Severity, nearest, nearest_of};
pub use shape::json_schema;
pub use yaml::LARGEST_FILE;
