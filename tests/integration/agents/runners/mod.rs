//! Sessions on real frameworks, compared with what the frameworks themselves report.

pub(super) mod drive;

mod cargo;
mod command;
mod go;
mod javascript;
mod jvm;
mod node;
mod pytest;
mod resident;
mod unittest;
