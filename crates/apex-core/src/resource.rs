//! What a machine and those who work on it used, as one look saw it.
//!
//! Everything that a system may not tell is an `Option`: what was not measured is missing and never
//! zero. It knows nothing of how it is measured.

use std::time::Duration;

use crate::id::{JobIx, ServiceIx};

/// One look at the machine and at everything of the run that works there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSample {
    /// The whole machine.
    pub host: HostUse,
    /// Apex itself.
    pub apex: Use,
    /// Running jobs that were seen: at most one for each slot.
    pub jobs: Vec<(JobIx, Use)>,
    /// Services that were seen.
    pub services: Vec<(ServiceIx, Use)>,
}

/// A machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostUse {
    /// Share of its processors' time that was used since the look before, 0 to 1.
    pub cpu: Option<f64>,
    /// Its memory in mebibytes.
    pub memory_mb: Option<u64>,
    /// Memory that programs may still take, in mebibytes.
    pub memory_available_mb: Option<u64>,
    /// Mebibytes a second that were read from its disks since the look before.
    pub read_mb_per_second: Option<f64>,
    /// Mebibytes a second that were written to its disks since the look before.
    pub written_mb_per_second: Option<f64>,
    /// Shares of the last ten seconds in which some work waited.
    pub pressure: Pressure,
}

/// Shares of time in which some work waited, 0 to 1: the pressure stall information of Linux.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// For a processor.
    pub cpu: Option<f64>,
    /// For memory.
    pub memory: Option<f64>,
    /// For a disk.
    pub io: Option<f64>,
}

/// What some processes used together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Use {
    /// Processors that they kept busy since the look before: 1.5 is one and a half.
    pub cpus: Option<f64>,
    /// Processor time so far.
    pub cpu_time: Option<Duration>,
    /// Resident memory in mebibytes, rounded up; pages that they share count once for each.
    pub memory_mb: Option<u32>,
    /// Mebibytes that they had read from disks so far.
    pub read_mb: Option<u64>,
    /// Mebibytes that they had written for disks so far.
    pub written_mb: Option<u64>,
}
