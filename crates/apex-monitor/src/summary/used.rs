//! What jobs, machine and Apex used, as rows of a summary.

use apex_core::RunView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::Seconds;

/// Jobs that are listed.
pub const JOB_LIMIT: usize = 1_000;

/// What a job used over all its attempts. A job that was too short to be seen is not listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobUseRow {
    /// Its number in the plan.
    pub job: u32,
    /// Its category.
    pub category: String,
    /// The largest memory of its processes together, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<u32>,
    /// Processor time of its processes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
}

/// What machine and Apex used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourcesRow {
    /// How often somebody looked.
    pub samples: u64,
    /// The largest memory of Apex itself, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apex_peak_memory_mb: Option<u32>,
    /// Processor time of Apex itself until the latest look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apex_cpu_seconds: Option<f64>,
    /// The least memory that the machine had left, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_memory_available_mb: Option<u64>,
    /// The largest share of the machine's processors that was used, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_cpu: Option<f64>,
}

impl ResourcesRow {
    /// None where nobody looked.
    pub(super) fn of(view: &RunView) -> Option<Self> {
        let used = view.resources();
        let (_, latest) = used.latest()?;
        Some(Self {
            samples: used.samples,
            apex_peak_memory_mb: used.apex_peak_memory_mb,
            apex_cpu_seconds: latest.apex.cpu_time.map(|time| Seconds::from(time).number()),
            least_memory_available_mb: used.least_memory_available_mb,
            most_cpu: used.most_cpu,
        })
    }
}

pub(super) fn jobs(view: &RunView) -> Vec<JobUseRow> {
    let planned = view.plan().jobs.iter().zip(view.jobs()).zip(0..);
    let rows = planned.filter_map(|((planned, job), number)| {
        if job.peak_memory_mb.is_none() && job.cpu_time.is_none() {
            return None;
        }
        Some(JobUseRow {
            job: number,
            category: super::category_name(view, planned.category),
            peak_memory_mb: job.peak_memory_mb,
            cpu_seconds: job.cpu_time.map(|time| Seconds::from(time).number()),
        })
    });
    let mut rows: Vec<JobUseRow> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.peak_memory_mb));
    rows.truncate(JOB_LIMIT);
    rows
}
