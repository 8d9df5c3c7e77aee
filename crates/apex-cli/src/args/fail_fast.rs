//! The words of `--fail-fast`.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum FailFastWord {
    /// The first failed test cancels the running jobs of its layer
    #[value(alias = "first_failure")]
    Immediate,
    /// After the first failed category no further one starts in its layer
    Category,
    /// A failed layer or category blocks those that depend on it
    #[value(alias = "dependency_aware")]
    Layer,
    /// Everything runs
    Disabled,
    /// The phase of the first failed category ends, and no later one begins
    CategoryFailure,
    /// A failed critical test stops its layer
    CriticalFailure,
    /// As critical_failure, and so do many failures in a row or a high share of them
    ThresholdBased,
    /// As critical_failure, and so do signs of a general failure, weighed against each other
    SmartAdaptive,
}

impl FailFastWord {
    /// The word, as it is typed.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
