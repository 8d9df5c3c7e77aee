//! Times on the wire: seconds as a decimal number.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NANOS_PER_SECOND: f64 = 1e9;

/// A time in seconds. Exact to the nanosecond up to 52 days; the shortest decimal is written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Seconds(#[schemars(range(min = 0.0))] f64);

impl Seconds {
    /// The number that is written.
    pub(crate) const fn number(self) -> f64 {
        self.0
    }
}

impl From<Duration> for Seconds {
    // One correctly rounded division of an exact integer gives the number that is nearest to
    // the decimal, so that its shortest form is the decimal itself.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 nanoseconds, 104 days")]
    fn from(duration: Duration) -> Self {
        let nanos = duration.as_secs() * 1_000_000_000 + u64::from(duration.subsec_nanos());
        Self(nanos as f64 / NANOS_PER_SECOND)
    }
}

impl From<Seconds> for Duration {
    // The cast saturates: a negative number, which no writer makes, is zero.
    fn from(seconds: Seconds) -> Self {
        Self::from_nanos((seconds.0 * NANOS_PER_SECOND).round() as u64)
    }
}
