//! What a run that goes on uses, by its latest look.

use apex_core::resource::Use;
use apex_core::{Moment, RunView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::Seconds;

/// Jobs that are listed, those with the most memory first; the others are counted.
const JOBS: usize = 20;

/// What a run that goes on uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActiveUse {
    /// Seconds since that look.
    pub age_seconds: f64,
    /// Share of the machine's processors that was used, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_cpu: Option<f64>,
    /// Memory that programs may still take, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_memory_available_mb: Option<u64>,
    /// Apex itself.
    pub apex: UseRow,
    /// Running jobs, those with the most memory first; at most 20.
    pub jobs: Vec<NamedUse>,
    /// Running jobs beyond those that are listed.
    pub jobs_left_out: usize,
    /// Services.
    pub services: Vec<NamedUse>,
}

/// What somebody uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedUse {
    /// The category of the job, or the name of the service.
    pub name: String,
    /// The number of the job in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<u32>,
    /// What it uses.
    pub used: UseRow,
}

/// Numbers of some processes together; what was not measured is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UseRow {
    /// Processors that they keep busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Processor time so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Memory in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u32>,
    /// Mebibytes that they had read from disks so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_mb: Option<u64>,
    /// Mebibytes that they had written for disks so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_mb: Option<u64>,
}

impl From<Use> for UseRow {
    fn from(used: Use) -> Self {
        Self {
            cpus: used.cpus,
            cpu_seconds: used.cpu_time.map(|time| Seconds::from(time).number()),
            memory_mb: used.memory_mb,
            read_mb: used.read_mb,
            written_mb: used.written_mb,
        }
    }
}

impl ActiveUse {
    /// None before the first look.
    pub(super) fn of(view: &RunView, now: Moment) -> Option<Self> {
        let (at, sample) = view.resources().latest()?;
        let plan = view.plan();
        let jobs = sample.jobs.iter().filter_map(|(job, used)| {
            let category = plan.categories.get(view.category_of(*job)?.position())?;
            let name = category.name.to_string();
            Some(NamedUse { name, job: Some(job.0), used: (*used).into() })
        });
        let mut jobs: Vec<NamedUse> = jobs.collect();
        jobs.sort_by_key(|one| std::cmp::Reverse(one.used.memory_mb));
        let jobs_left_out = jobs.len().saturating_sub(JOBS);
        jobs.truncate(JOBS);
        let services = sample.services.iter().filter_map(|(service, used)| {
            let name = plan.services.get(service.position())?.name.to_string();
            Some(NamedUse { name, job: None, used: (*used).into() })
        });
        Some(Self {
            age_seconds: Seconds::from(now.since(*at)).number(),
            host_cpu: sample.host.cpu,
            host_memory_available_mb: sample.host.memory_available_mb,
            apex: sample.apex.into(),
            jobs,
            jobs_left_out,
            services: services.collect(),
        })
    }
}
