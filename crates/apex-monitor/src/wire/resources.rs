//! What was used, as fields of a line: a list of jobs and services inside of one event.
//!
//! Shares and rates are plain numbers; what was not measured is not written.

use apex_core::resource::{HostUse, Pressure, ResourceSample, Use};
use apex_core::{JobIx, ServiceIx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Text;
use super::seconds::Seconds;

/// The machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct HostLine {
    /// Share of its processors' time that was used, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Memory that programs may still take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_available_mb: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_mb_per_second: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_mb_per_second: Option<f64>,
    /// Share of the last ten seconds in which some work waited for a processor, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_pressure: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_pressure: Option<f64>,
}

/// Some processes together.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct UseLine {
    /// Processors that they kept busy since the look before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Processor time so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u32>,
    /// What they had read from disks so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_mb: Option<u64>,
    /// What they had written for disks so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_mb: Option<u64>,
}

/// A running job.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct JobUseLine<'a> {
    pub job: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<'a>>,
    pub used: UseLine,
}

/// A service.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct ServiceUseLine<'a> {
    pub service: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    pub used: UseLine,
}

impl From<HostUse> for HostLine {
    fn from(host: HostUse) -> Self {
        Self {
            cpu: host.cpu,
            memory_mb: host.memory_mb,
            memory_available_mb: host.memory_available_mb,
            read_mb_per_second: host.read_mb_per_second,
            written_mb_per_second: host.written_mb_per_second,
            cpu_pressure: host.pressure.cpu,
            memory_pressure: host.pressure.memory,
            io_pressure: host.pressure.io,
        }
    }
}

impl From<HostLine> for HostUse {
    fn from(line: HostLine) -> Self {
        Self {
            cpu: line.cpu,
            memory_mb: line.memory_mb,
            memory_available_mb: line.memory_available_mb,
            read_mb_per_second: line.read_mb_per_second,
            written_mb_per_second: line.written_mb_per_second,
            pressure: Pressure {
                cpu: line.cpu_pressure,
                memory: line.memory_pressure,
                io: line.io_pressure,
            },
        }
    }
}

impl From<Use> for UseLine {
    fn from(used: Use) -> Self {
        Self {
            cpus: used.cpus,
            cpu_seconds: used.cpu_time.map(Seconds::from),
            memory_mb: used.memory_mb,
            read_mb: used.read_mb,
            written_mb: used.written_mb,
        }
    }
}

impl From<UseLine> for Use {
    fn from(line: UseLine) -> Self {
        Self {
            cpus: line.cpus,
            cpu_time: line.cpu_seconds.map(Into::into),
            memory_mb: line.memory_mb,
            read_mb: line.read_mb,
            written_mb: line.written_mb,
        }
    }
}

/// The sample of a line.
pub(super) fn sample(
    host: HostLine,
    apex: UseLine,
    jobs: Vec<JobUseLine<'_>>,
    services: Vec<ServiceUseLine<'_>>,
) -> ResourceSample {
    ResourceSample {
        host: host.into(),
        apex: apex.into(),
        jobs: jobs.into_iter().map(|line| (JobIx(line.job), line.used.into())).collect(),
        services: services
            .into_iter()
            .map(|line| (ServiceIx(line.service), line.used.into()))
            .collect(),
    }
}
