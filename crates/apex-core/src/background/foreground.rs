//! Whether a run that somebody waits for can bear heavy work beside it.

use std::time::Duration;

/// A run in front, as far as its record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreground {
    /// What it may take.
    pub budget: Option<Duration>,
    /// What it is expected to take, where earlier runs taught that.
    pub expected: Option<Duration>,
    /// What it took so far.
    pub spent: Duration,
}

impl Foreground {
    /// Whether its budget is at risk: it will have used more than four fifths of it. Where nothing
    /// was learned, it is taken to be half done. A run without a budget risks none.
    #[must_use]
    pub fn is_at_risk(&self) -> bool {
        let Some(budget) = self.budget else { return false };
        let expected = self.expected.unwrap_or(self.spent * 2).max(self.spent);
        expected.as_secs_f64() > budget.as_secs_f64() * 0.8
    }
}
