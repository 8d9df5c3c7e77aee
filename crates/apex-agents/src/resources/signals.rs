//! Which signals this process ignores.
//!
//! It relies on `/proc/self/status`: asking the system itself would set a reaction.

use procfs::process::Process;

/// The signals that this process ignores, the first signal in the lowest bit; none where the
/// system does not say.
pub(crate) fn ignored_signals() -> Option<u64> {
    Process::myself().and_then(|own| own.status()).ok().map(|status| status.sigign)
}
