//! Telemetry without a network: names, settings, surroundings, metrics as text.

mod measures;
mod names;
mod settings;
mod surroundings;
