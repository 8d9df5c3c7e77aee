//! What the processes of a layer may use together.

use std::sync::Arc;

use apex_config::model::Layer;

/// What the processes of a layer may use together; nothing where no file says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// The layer.
    pub layer: Arc<str>,
    /// Memory, in mebibytes.
    pub memory_mb: Option<u32>,
    /// Share of the processors while others want them, too, in percent.
    pub cpu_share_percent: Option<u8>,
    /// Share of the processors in any case, in percent.
    pub cpu_ceiling_percent: Option<u8>,
}

impl Allowance {
    /// That of a layer.
    #[must_use]
    pub fn of(layer: &Layer) -> Self {
        Self {
            layer: layer.id.as_str().into(),
            memory_mb: layer.limits.memory_ceiling_mb,
            cpu_share_percent: layer.limits.cpu_share_percent,
            cpu_ceiling_percent: layer.limits.cpu_ceiling_percent,
        }
    }

    /// Whether there is nothing to hold.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.memory_mb.is_none()
            && self.cpu_share_percent.is_none()
            && self.cpu_ceiling_percent.is_none()
    }
}
