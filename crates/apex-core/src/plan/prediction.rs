//! What is said about the duration of a plan before it runs; [`crate::predict`] makes it.

use std::time::Duration;

/// How long a run is expected to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The run takes less with a chance of one in ten.
    pub low: Duration,
    /// It takes more or less with the same chance.
    pub expected: Duration,
    /// It takes more with a chance of one in ten.
    pub high: Duration,
    /// The same for each layer of the plan, in its order.
    pub layers: Vec<LayerPrediction>,
    /// From how many runs this was learned.
    pub runs: u32,
    /// Jobs that no run knows; they are taken for as long as the others on average.
    pub unknown: u32,
}

/// How long a layer is expected to take from its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerPrediction {
    /// It takes more or less with the same chance.
    pub expected: Duration,
    /// It takes more with a chance of one in ten.
    pub high: Duration,
    /// The chance that it ends within its budget, 0 to 1; none without a budget.
    pub within_budget: Option<f64>,
}
