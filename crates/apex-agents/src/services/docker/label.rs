//! The labels on everything that Apex makes in an engine. Nothing without them is ever touched.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::engine::Labels;
use super::owner::Owner;

/// The run that made it.
pub const RUN: &str = "apex.run";
/// The project, as the absolute path of its root.
pub const PROJECT: &str = "apex.project";
/// The service.
pub const SERVICE: &str = "apex.service";
/// The process that made it.
pub const OWNER: &str = "apex.owner";
/// Digest of what the container was made from.
pub const DEFINITION: &str = "apex.definition";
/// Seconds after 1970 from which on nobody wants it.
pub const EXPIRES: &str = "apex.expires";
/// `run`, or `keep` for what outlives its run.
pub const LIFETIME: &str = "apex.lifetime";

/// The value of [`LIFETIME`] of what is kept.
pub const KEEP: &str = "keep";

/// Seconds after 1970.
#[must_use]
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// Whether nobody wants the thing with these labels any more: its time is over, or the process
/// that made it for its own run is gone. What has no readable labels of ours is never abandoned.
#[must_use]
pub fn is_abandoned(labels: &Labels, now: u64) -> bool {
    if !labels.contains_key(RUN) {
        return false;
    }
    let expires: Option<u64> = labels.get(EXPIRES).and_then(|text| text.parse().ok());
    if expires.is_some_and(|expires| expires <= now) {
        return true;
    }
    let is_kept = labels.get(LIFETIME).map(String::as_str) == Some(KEEP);
    let owner = labels.get(OWNER).and_then(|text| Owner::parse(text));
    !is_kept && owner.is_some_and(|owner| owner.is_dead())
}
