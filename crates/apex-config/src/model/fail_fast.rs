//! What a failure stops, and from which numbers on.

use std::time::Duration;

/// What a failure stops. The first four are the rules of layers, all but [`Self::Category`] and
/// with other names the strategies of runs without layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FailFast {
    /// The first failed test cancels the running jobs of the layer; nothing more starts in it.
    /// As a strategy: `first_failure`.
    Immediate,
    /// After the first failed category the running ones finish and no further one starts.
    Category,
    /// The layer runs to its end; what depends on it or on a failed category is blocked.
    /// As a strategy: `dependency_aware`.
    #[default]
    Layer,
    /// Everything runs, what depends on failed parts, too.
    Disabled,
    /// The phase of the first failed category runs to its end, and no later phase begins.
    /// As a strategy: `category_failure`.
    Phase,
    /// [`FailureLimits::critical_failures`] failed critical tests stop the layer.
    Critical,
    /// As [`Self::Critical`]; and a row or a share of failed tests stops the layer.
    Threshold,
    /// As [`Self::Critical`]; and signs of a general failure are weighed against each other.
    Adaptive,
}

impl FailFast {
    /// Every rule, in the order of the reference.
    pub const ALL: [Self; 8] = [
        Self::Immediate,
        Self::Category,
        Self::Layer,
        Self::Disabled,
        Self::Phase,
        Self::Critical,
        Self::Threshold,
        Self::Adaptive,
    ];

    /// The word for it in a plan.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Category => "category",
            Self::Layer => "layer",
            Self::Disabled => "disabled",
            Self::Phase => "category_failure",
            Self::Critical => "critical_failure",
            Self::Threshold => "threshold_based",
            Self::Adaptive => "smart_adaptive",
        }
    }

    /// The rule that a word means: one of a plan, or the name of a strategy.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "first_failure" => Some(Self::Immediate),
            "dependency_aware" => Some(Self::Layer),
            _ => Self::ALL.into_iter().find(|rule| rule.as_str() == word),
        }
    }

    /// Whether one more result of a test may stop the layer.
    #[must_use]
    pub const fn looks_at_tests(self) -> bool {
        matches!(self, Self::Immediate | Self::Critical | Self::Threshold | Self::Adaptive)
    }
}

/// From which numbers on [`FailFast::Critical`], [`FailFast::Threshold`] and
/// [`FailFast::Adaptive`] stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureLimits {
    /// So many failed critical tests stop.
    pub critical_failures: u32,
    /// So many failed tests in a row stop.
    pub in_a_row: u32,
    /// A larger share of failed tests stops, 0 to 1.
    pub share: f64,
    /// How far back the share looks.
    pub window: Duration,
    /// Tests that must have ended within the window before [`FailFast::Threshold`] looks at the
    /// share.
    pub least_results: u32,
}

impl Default for FailureLimits {
    fn default() -> Self {
        Self {
            critical_failures: 1,
            in_a_row: 5,
            share: 0.3,
            window: Duration::from_mins(5),
            least_results: 10,
        }
    }
}
