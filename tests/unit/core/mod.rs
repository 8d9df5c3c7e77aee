//! Tests of apex-core through its public face.

mod estimates;
mod fail_fast;
mod flakiness;
mod graph;
mod judge;
mod matrix;
mod order;
mod phases;
mod plan;
mod select;
mod slots;
mod split;
mod support;
mod trace;
mod trust;
mod view;
