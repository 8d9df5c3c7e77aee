//! What the machine has and has left, at one moment.

use std::path::Path;

use apex_core::resource::Pressure;
use procfs::{
    CpuPressure, Current, IoPressure, LoadAverage, Meminfo, MemoryPressure, PressureRecord,
};

use crate::machine::cores;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// The machine at one moment; what the system does not say is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostSample {
    /// Processors for this program.
    pub processors: Option<u32>,
    /// Work that runs or waits for a processor, a mean over the last minute.
    pub load: Option<f64>,
    /// Memory in mebibytes.
    pub memory_mb: Option<u64>,
    /// Memory that programs may still take, in mebibytes.
    pub memory_available_mb: Option<u64>,
    /// Shares of the last ten seconds in which some work waited, 0 to 1.
    pub pressure: Pressure,
}

/// Looks at the machine.
#[must_use]
pub fn host() -> HostSample {
    let memory = Meminfo::current().ok();
    HostSample {
        processors: cores(),
        load: LoadAverage::current().ok().map(|load| (f64::from(load.one) * 100.0).round() / 100.0),
        memory_mb: memory.as_ref().map(|memory| memory.mem_total / MEBIBYTE),
        memory_available_mb: memory
            .and_then(|memory| memory.mem_available)
            .map(|bytes| bytes / MEBIBYTE),
        pressure: pressure(),
    }
}

fn pressure() -> Pressure {
    Pressure {
        cpu: CpuPressure::current().ok().map(|pressure| share(&pressure.some)),
        memory: MemoryPressure::current().ok().map(|pressure| share(&pressure.some)),
        io: IoPressure::current().ok().map(|pressure| share(&pressure.some)),
    }
}

/// The system says percent of the last ten seconds, with two digits.
fn share(record: &PressureRecord) -> f64 {
    (f64::from(record.avg10) * 100.0).round() / 10_000.0
}

/// Mebibytes that are left for this user on the file system of a folder, or of the first folder
/// above it that exists.
#[must_use]
pub fn disk_available_mb(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let facts = rustix::fs::statvfs(there).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize) / MEBIBYTE)
}
