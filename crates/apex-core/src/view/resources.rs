//! What a run used, as a view holds it: the latest look, and the worst of all looks.

use crate::resource::ResourceSample;
use crate::time::Moment;

/// What was used, by the looks so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceView {
    latest: Option<(Moment, ResourceSample)>,
    /// Looks so far.
    pub samples: u64,
    /// The largest memory of Apex itself, in mebibytes.
    pub apex_peak_memory_mb: Option<u32>,
    /// The least memory that the machine had left, in mebibytes.
    pub least_memory_available_mb: Option<u64>,
    /// The largest share of the machine's processors that was used, 0 to 1.
    pub most_cpu: Option<f64>,
}

impl ResourceView {
    /// The latest look, and when it was.
    #[must_use]
    pub const fn latest(&self) -> Option<&(Moment, ResourceSample)> {
        self.latest.as_ref()
    }

    /// Takes a look.
    pub(super) fn take(&mut self, sample: &ResourceSample, at: Moment) {
        self.samples += 1;
        self.apex_peak_memory_mb = self.apex_peak_memory_mb.max(sample.apex.memory_mb);
        let left = [self.least_memory_available_mb, sample.host.memory_available_mb];
        self.least_memory_available_mb = left.into_iter().flatten().min();
        let busy = [self.most_cpu, sample.host.cpu];
        self.most_cpu = busy.into_iter().flatten().reduce(f64::max);
        self.latest = Some((at, sample.clone()));
    }
}
