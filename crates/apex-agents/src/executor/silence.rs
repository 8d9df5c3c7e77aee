//! How long an attempt has been quiet: it wrote nothing, and its framework said nothing.

use std::time::Duration;

use super::JobRules;
use crate::process::pause::Since;

/// The silence of one attempt. Told at certain lengths of it, each once; every sign of life begins
/// a new one.
#[derive(Debug)]
pub(super) struct Silence {
    /// Lengths that are told, in order.
    lengths: Vec<Duration>,
    since: Since,
    /// How many of the lengths of this silence were told.
    told: usize,
}

impl Silence {
    /// No silence yet.
    pub(super) fn watched_by(rules: &JobRules) -> Self {
        let mut lengths: Vec<Duration> =
            [Some(rules.quiet_after), rules.no_output_timeout].into_iter().flatten().collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self { lengths, since: Since::now(), told: 0 }
    }

    /// A sign of life.
    pub(super) fn broken(&mut self) {
        self.since = Since::now();
        self.told = 0;
    }

    /// Waits until the next length is reached; the answer is that length. For ever, when there is
    /// none. Nothing is lost when the wait is given up.
    pub(super) async fn lasts(&mut self) -> Duration {
        let Some(&length) = self.lengths.get(self.told) else {
            return std::future::pending().await;
        };
        self.since.passed(length).await;
        self.told += 1;
        length
    }
}
