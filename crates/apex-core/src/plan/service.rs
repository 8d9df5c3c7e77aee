//! A service of a plan: for whom it comes up, and what is ready before it.

use std::time::Duration;

use apex_config::model::{CategoryName, LayerId, ServiceName};

use crate::id::ServiceIx;

/// A service of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedService {
    /// Its name in the configuration.
    pub name: ServiceName,
    /// Services of this plan that are ready before it starts.
    pub after: Vec<ServiceIx>,
    /// Its own limit to become ready.
    pub ready_within: Duration,
    /// Why it is needed.
    pub reason: String,
    /// For whom it comes up, and how long it lives.
    pub scope: ServiceScope,
    /// Memory in mebibytes that it may use; 0 where nothing says so.
    pub memory_mb: u32,
}

impl PlannedService {
    /// Its name, and for whom it is when it is not for the whole run.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.scope {
            ServiceScope::Run => self.name.to_string(),
            ServiceScope::Layer(layer) => format!("{} of layer {layer}", self.name),
            ServiceScope::Category(category) => format!("{} of {category}", self.name),
        }
    }
}

/// For whom a service of a plan comes up. A definition that is for each layer or category stands
/// in the plan once for each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServiceScope {
    /// One for everybody; it lives until nobody of the run needs it.
    #[default]
    Run,
    /// The own one of a layer; it lives until the layer has no more work for it.
    Layer(LayerId),
    /// The own one of a category; it lives until the category has no more work for it.
    Category(CategoryName),
}
