//! Services that are containers: the engine that runs them, and what Apex makes in it.
//!
//! [`Engine`] is what Apex wants of an engine; one library stands behind it, in `api/`. What
//! is made carries labels, and only what carries them is ever touched.

mod api;
mod archive;
mod container;
mod engine;
mod find;
mod ground;
mod image;
mod label;
mod order;
mod owner;
mod sweep;
mod up;

pub use archive::pack;
pub(super) use container::{ContainerService, Inside};
pub use engine::{
    Answer, BuildOrder, ContainerFacts, ContainerOrder, Engine, EngineError, HealthFacts,
    HealthOrder, InsideEnd, Labels, OutputPieces, PortOrder, Progress, Thing, ThingKind,
};
pub use find::{Address, Certificates, explain_unreachable, find};
pub(super) use ground::Ground;
pub use ground::{Owned, connect};
pub use label::is_abandoned;
pub use owner::Owner;
pub use sweep::{Swept, remove, remove_abandoned, remove_run};
pub(super) use up::Watched;

/// Names of the labels on what Apex makes.
pub mod labels {
    pub use super::label::{DEFINITION, EXPIRES, KEEP, LIFETIME, OWNER, PROJECT, RUN, SERVICE};
}
