//! The pure parts of process supervision.

mod lines;
mod log;
mod text;
