//! The resolved configuration: what the rest of Apex works with.
//!
//! Everything here is validated, in its final unit, and free of `Option`s that only mean
//! "not written in the file". How the values came together is the business of the overlays.

mod alert;
mod category;
mod container;
mod execution;
mod fail_fast;
mod language_model;
mod layer;
mod name;
mod oversight;
mod quarantine;
mod retry;
mod secrets;
mod service;
mod telemetry;

pub use alert::{Alert, AlertCondition, AlertLevel, AlertMetric, Comparison, Notify};
pub use category::{
    Category, CategoryKind, CommandLine, Filters, FlakyPolicy, Load, Priority, Recipe, RunnerKind,
    Shards, Split,
};
pub use container::{
    Consent, Container, ContainerDetails, ContainerLimits, ContainerNetwork, HealthTest,
    ImageSource, Mount, PullPolicy, Ulimit,
};
pub use execution::{
    ConflictResolution, Execution, LayerSelection, Metadata, Mode, Retention, RunMode, Sets,
    WithoutLayers,
};
pub use fail_fast::{FailFast, FailureLimits};
pub use language_model::{Colour, ModelAccess};
pub use layer::{
    AtLeastEvery, BudgetPolicy, ExecutionMode, Layer, LayerConflict, ResourceLimits,
    SuccessCriteria,
};
pub use name::{CategoryName, EnvironmentName, InvalidName, LayerId, ModeName, ServiceName};
pub use oversight::Oversight;
pub use quarantine::Quarantined;
pub use retry::{RetryCauses, RetryOn, RetryWhen};
pub use secrets::SecretRules;
pub use service::{
    Lifetime, Preset, Readiness, ReadinessCheck, SecretSource, Service, ServiceSource, Tls,
};
pub use telemetry::{LogFiles, Otlp, OtlpProtocol, ResourceSamples, Telemetry};

use std::sync::Arc;

use indexmap::IndexMap;

/// Which of the four file dialects a configuration was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// No file: the built-in layers and categories.
    BuiltIn,
    /// A file with `apex: 1`; unknown keys are errors.
    Native,
    /// A file of the earlier runner, or the minimal form; unknown keys are warnings.
    Compatible,
}

/// A complete, validated configuration for one environment.
///
/// Guarantees: every name that one part uses exists in the part that defines it; the
/// dependencies between layers, between categories and between services have no cycle.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Which dialect the layer file was written in.
    pub dialect: Dialect,
    /// Free text about the file, shown in reports.
    pub metadata: Metadata,
    /// The environment this configuration was resolved for, by its main name.
    pub environment: EnvironmentName,
    /// The layers that exist, in the order of the file.
    pub layers: IndexMap<LayerId, Layer>,
    /// What holds for the run as a whole.
    pub execution: Execution,
    /// Every category Apex can be asked for: the table, the repository's own, and those that a
    /// layer lists. An entry that a layer lists is the same value as in [`Layer::categories`].
    pub categories: IndexMap<CategoryName, Arc<Category>>,
    /// Named lists of categories.
    pub sets: Sets,
    /// Services by their main name, in the order of the file.
    pub services: IndexMap<ServiceName, Service>,
    /// Tests that run and are reported but do not decide.
    pub quarantine: Vec<Quarantined>,
    /// Built-in modes and those of the file.
    pub modes: IndexMap<ModeName, Mode>,
    /// How long state on disk is kept.
    pub retention: Retention,
    /// What is never shown or kept as it is.
    pub secrets: SecretRules,
    /// Where traces, metrics and logs go.
    pub telemetry: Telemetry,
    /// Conditions that somebody is told of, those that come with Apex last.
    pub alerts: Vec<Alert>,
}

impl Config {
    /// The layer of that id; `e2e_background` and `e2e_performance` mean the same when only one
    /// of them exists.
    #[must_use]
    pub fn layer(&self, id: &str) -> Option<&Layer> {
        let id = crate::dialect::main_layer(id, |id| self.layers.contains_key(id))?;
        self.layers.get(id)
    }

    /// The category of that name.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&Category> {
        self.categories.get(name).map(Arc::as_ref)
    }

    /// The service of that name, or that has it among its aliases.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name).or_else(|| {
            self.services.values().find(|service| service.aliases.iter().any(|own| own == name))
        })
    }
}
