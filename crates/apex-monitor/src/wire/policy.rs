//! What a plan says about failures, on the wire: when they stop it, and what is tried again.

use apex_config::model::{FailureLimits, RetryCauses, RetryOn};
use apex_core::id::CategoryIx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Text;
use super::seconds::Seconds;
use super::word::Word;

/// From which numbers on failures stop, where a rule counts them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct FailureLimitsLine {
    pub critical_failures: u32,
    pub in_a_row: u32,
    /// 0 to 1.
    pub share: f64,
    /// How far back the share looks.
    pub window_seconds: Seconds,
    pub least_results: u32,
}

impl FailureLimitsLine {
    /// The limits, where they are not the usual ones.
    pub(super) fn of(limits: &FailureLimits) -> Option<Self> {
        (*limits != FailureLimits::default()).then(|| Self {
            critical_failures: limits.critical_failures,
            in_a_row: limits.in_a_row,
            share: limits.share,
            window_seconds: limits.window.into(),
            least_results: limits.least_results,
        })
    }
}

impl From<FailureLimitsLine> for FailureLimits {
    fn from(line: FailureLimitsLine) -> Self {
        Self {
            critical_failures: line.critical_failures,
            in_a_row: line.in_a_row,
            share: line.share,
            window: line.window_seconds.into(),
            least_results: line.least_results,
        }
    }
}

/// A test that earlier runs call flaky.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct KnownFlakyLine<'a> {
    pub category: u32,
    pub test: Text<'a>,
}

impl<'a> From<&'a (CategoryIx, std::sync::Arc<str>)> for KnownFlakyLine<'a> {
    fn from((category, test): &'a (CategoryIx, std::sync::Arc<str>)) -> Self {
        Self { category: category.0, test: Text::Borrowed(test) }
    }
}

impl From<KnownFlakyLine<'_>> for (CategoryIx, std::sync::Arc<str>) {
    fn from(line: KnownFlakyLine<'_>) -> Self {
        (CategoryIx(line.category), (&*line.test).into())
    }
}

/// What is worth another try, where that is not what usually is.
pub(super) fn retry_words(causes: RetryCauses) -> Option<Vec<Word<RetryOn>>> {
    (causes != RetryCauses::default()).then(|| causes.iter().map(Word).collect())
}

/// Reads [`retry_words`] back.
pub(super) fn retry_causes(words: Option<Vec<Word<RetryOn>>>) -> RetryCauses {
    words.map_or_else(RetryCauses::default, |words| {
        RetryCauses::of(words.into_iter().map(|word| word.0))
    })
}
