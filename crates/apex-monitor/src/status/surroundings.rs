//! What somebody else saw of the machine around the runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine at the moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resources {
    /// Processors for Apex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processors: Option<u32>,
    /// Work that runs or waits for a processor, a mean over the last minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// Memory of the machine in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Memory that programs may still take, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_available_mb: Option<u64>,
    /// Space that is left where the records are, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_available_mb: Option<u64>,
    /// Share of the last ten seconds in which some work waited for a processor, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<f64>,
    /// The same for memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_pressure: Option<f64>,
    /// The same for disks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_pressure: Option<f64>,
}

/// The container engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EngineState {
    /// Whether it answered.
    pub is_reachable: bool,
    /// Why not, and what to do next; empty when it answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Containers of this project.
    pub containers: Vec<Container>,
}

/// A container of the project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// The service that it is.
    pub service: String,
    /// Whether it runs.
    pub runs: bool,
    /// The run that made it.
    pub run: String,
}
