//! Tests by outcome.

use crate::outcome::Outcome;

/// How many tests are known, and how those that are settled ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    discovered: u32,
    by_outcome: [u32; Outcome::ALL.len()],
}

impl Counts {
    /// Tests that are known.
    #[must_use]
    pub const fn discovered(&self) -> u32 {
        self.discovered
    }

    /// Settled tests with this outcome.
    #[must_use]
    pub const fn of(&self, outcome: Outcome) -> u32 {
        self.by_outcome[outcome as usize]
    }

    /// Settled tests.
    #[must_use]
    pub fn settled(&self) -> u32 {
        self.by_outcome.iter().sum()
    }

    /// Settled tests that really ran.
    #[must_use]
    pub fn executed(&self) -> u32 {
        self.sum(Outcome::has_run)
    }

    /// Settled tests that count against their layer.
    #[must_use]
    pub fn bad(&self) -> u32 {
        self.sum(Outcome::is_bad)
    }

    /// The outcomes that occur with their numbers, in the order of reports.
    pub fn present(&self) -> impl Iterator<Item = (Outcome, u32)> {
        Outcome::ALL.into_iter().map(|outcome| (outcome, self.of(outcome))).filter(|(_, n)| *n > 0)
    }

    pub(super) const fn discover(&mut self, tests: u32) {
        self.discovered = self.discovered.saturating_add(tests);
    }

    pub(super) const fn settle(&mut self, outcome: Outcome) {
        self.by_outcome[outcome as usize] += 1;
    }

    fn sum(&self, wanted: impl Fn(Outcome) -> bool) -> u32 {
        self.present().filter(|(outcome, _)| wanted(*outcome)).map(|(_, number)| number).sum()
    }
}
