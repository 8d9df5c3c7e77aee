//! Finds the work of a category: by what its layer file says, else by convention.
//!
//! [`Inventory::scan`] walks the project once and notes projects and test files;
//! [`Conventions::find`] answers for one category after the other from that.

mod cargo_project;
mod conventions;
mod filter;
mod go_project;
mod inventory;
mod jvm_project;
mod node_project;
mod overview;
mod ownership;
mod python_project;
mod recipe;
mod rules;
mod shards;
mod sources;
mod wanted;
mod words;

pub use conventions::{Conventions, Host, jobs_of_command};
pub use inventory::Inventory;
pub use overview::init_inventory;
pub use sources::Sources;
pub use wanted::Wanted;
