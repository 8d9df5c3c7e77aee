//! The parts of Apex that have a log of their own, by the names that people know their files by.

use apex_core::{CategoryIx, LayerIx, Plan};

/// A part of Apex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// The run as a whole; its file also has every warning and error of the others.
    MasterController,
    /// Categories and tests.
    TestOrchestrator,
    /// Layers, and the programs of their jobs.
    LayerExecution,
    /// Layers in the background.
    BackgroundE2E,
    /// How far the run is.
    ProgressStreaming,
    /// Services, slots and what the machine has left.
    ResourceManagement,
}

impl Component {
    /// Every part.
    pub const ALL: [Self; 6] = [
        Self::MasterController,
        Self::TestOrchestrator,
        Self::LayerExecution,
        Self::BackgroundE2E,
        Self::ProgressStreaming,
        Self::ResourceManagement,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MasterController => "MasterController",
            Self::TestOrchestrator => "TestOrchestrator",
            Self::LayerExecution => "LayerExecution",
            Self::BackgroundE2E => "BackgroundE2E",
            Self::ProgressStreaming => "ProgressStreaming",
            Self::ResourceManagement => "ResourceManagement",
        }
    }

    /// The part of that name, whatever its case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.as_str().eq_ignore_ascii_case(name))
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}_production.log", self.as_str())
    }
}

/// Who runs a layer.
pub(super) fn of_layer(plan: &Plan, layer: LayerIx) -> Component {
    match plan.layers.get(layer.position()) {
        Some(planned) if planned.background => Component::BackgroundE2E,
        _ => Component::LayerExecution,
    }
}

/// Who runs the layer of a category.
pub(super) fn of_category(plan: &Plan, category: CategoryIx) -> Component {
    let planned = plan.categories.get(category.position());
    planned.map_or(Component::LayerExecution, |planned| of_layer(plan, planned.layer))
}
