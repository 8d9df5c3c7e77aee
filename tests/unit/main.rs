//! Values in, values out: no process, no clock, no network.

mod agents;
mod config;
mod core;
mod directions;
mod monitor;
