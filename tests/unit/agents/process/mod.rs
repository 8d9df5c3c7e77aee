//! The pure parts of process supervision.

mod lines;
mod text;
