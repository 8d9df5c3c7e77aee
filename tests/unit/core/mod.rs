//! Tests of apex-core through its public face.

mod background;
mod course;
mod estimates;
mod fail_fast;
mod flakiness;
mod graph;
mod judge;
mod matrix;
mod order;
mod phases;
mod plan;
mod rest;
mod select;
mod skip;
mod slots;
mod split;
mod support;
mod trace;
mod trust;
mod view;
