//! What plans are worth: how close to the best finish they come, whether budgets are kept, how
//! many faults a choice finds, and whether predictions hold. Made-up suites from fixed seeds;
//! `--nocapture` prints the tables of docs/PERFORMANCE.md.

mod budget;
mod calibration;
mod makespan;
mod suite;
