//! Whether the tests of a category may run in parts although they have always shared a program.
//!
//! Nobody knows whether tests depend on what runs before them until they run apart. So parts are
//! believed only as far as whole runs bear them out: a whole run has to have passed before; what
//! fails in a part is checked by a whole run before it counts (`schedule/checking.rs`); and some
//! runs stay whole, to see a failure that cutting hides. It is a function of earlier runs: how the
//! category is cut, and whether that pays, is decided in `split`.

use std::time::Duration;

use crate::history::CuttingSample;

/// How many runs in which something went wrong in a part and not in the whole are more than chance.
const SIGNS: usize = 2;

/// How many whole runs pass before a category is cut again in which a test depended on its order.
const PATIENCE_RUNS: usize = 15;

/// The same in days: tests that nobody runs change all the same.
const PATIENCE_DAYS: u64 = 14;

/// Most runs in parts before one is whole again.
const MOST_IN_PARTS: usize = 15;

/// Share of the runs that could be in parts and are whole, in percent.
pub(super) const SAMPLE_PERCENT: u8 = 5;

const MILLIS_A_DAY: u64 = 86_400_000;

/// What a look at earlier runs says, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It may run in parts.
    Parts(String),
    /// It runs whole.
    Whole(String),
}

/// What is known of a category that could run in parts.
pub(super) struct Known<'a> {
    /// Its earlier runs, the latest first.
    pub(super) runs: &'a [CuttingSample],
    /// The present, milliseconds since 1970-01-01 UTC.
    pub(super) unix_millis: u64,
    /// Whether it was drawn to be whole as a sample.
    pub(super) is_drawn: bool,
    /// What its tests take one after the other.
    pub(super) whole: Duration,
    /// The budget of its layer.
    pub(super) budget: Option<Duration>,
}

/// Decides by what is known of a category.
pub(super) fn decide(known: &Known<'_>) -> Trust {
    let &Known { runs, unix_millis, is_drawn, .. } = known;
    let passed = runs.iter().filter(|run| run.whole == Some(true)).count();
    if passed == 0 {
        return Trust::Whole("no whole run of it has passed yet".to_owned());
    }
    if runs.iter().find_map(|run| run.whole) == Some(false) {
        return Trust::Whole("its last whole run failed".to_owned());
    }
    let look = Look { runs, unix_millis };
    if let Some(why) = look.dependence().or_else(|| look.hidden_failure()) {
        return Trust::Whole(why);
    }
    let in_parts = runs.iter().take_while(|run| run.whole.is_none()).count();
    if in_parts >= MOST_IN_PARTS {
        return Trust::Whole(format!("the last {in_parts} runs were in parts"));
    }
    if is_drawn {
        return Trust::Whole("a sample, to see a failure that parts would hide".to_owned());
    }
    // Its parts take at most as long again as their check.
    if known.budget.is_some_and(|budget| known.whole > budget / 2) {
        return Trust::Whole(
            "a check of its parts might not fit the budget of its layer".to_owned(),
        );
    }
    let runs = if passed == 1 { "run" } else { "runs" };
    let doubt = look.doubt().unwrap_or_default();
    Trust::Parts(format!("{passed} whole {runs} passed{doubt}"))
}

/// Earlier runs, seen from now.
struct Look<'a> {
    runs: &'a [CuttingSample],
    unix_millis: u64,
}

impl Look<'_> {
    /// Runs in which something went wrong in a part and not in the whole, as far as they still
    /// count, the latest first.
    fn signs(&self) -> impl Iterator<Item = (usize, &str)> {
        let runs = self.runs.iter().enumerate();
        runs.filter_map(|(at, run)| {
            let what = run.depends.as_deref()?;
            self.is_remembered(at).then_some((at, what))
        })
    }

    /// Why it is not cut, where something depended on its order lately.
    fn dependence(&self) -> Option<String> {
        let (at, what) = self.signs().next()?;
        if self.signs().count() < SIGNS {
            return None;
        }
        let left = PATIENCE_RUNS - self.whole_since(at);
        let when = self.ago(at);
        Some(format!(
            "{what} depended on what runs before or beside it, {when}; {left} more whole runs"
        ))
    }

    /// What went wrong in a part and may have done so by chance.
    fn doubt(&self) -> Option<String> {
        let (at, what) = self.signs().next()?;
        let when = self.ago(at);
        Some(format!("; {what} failed in a part and not in the whole, once, {when}"))
    }

    /// Why it is not cut, where a whole run failed on a commit on which its parts had passed.
    fn hidden_failure(&self) -> Option<String> {
        let hid = |whole: &CuttingSample| {
            let before = |run: &CuttingSample| {
                run.is_in_parts() && run.whole.is_none() && run.commit == whole.commit
            };
            whole.commit.is_some()
                && !whole.is_in_parts()
                && whole.whole == Some(false)
                && self.runs.iter().any(before)
        };
        let at = (0..self.runs.len()).find(|&at| hid(&self.runs[at]) && self.is_remembered(at))?;
        let when = self.ago(at);
        Some(format!("a whole run failed, {when}, on a commit on which its parts had passed"))
    }

    /// Whether what a run showed still counts.
    fn is_remembered(&self, at: usize) -> bool {
        let days = self.days_since(at);
        self.whole_since(at) < PATIENCE_RUNS && days < PATIENCE_DAYS
    }

    /// How many whole runs passed after a run.
    fn whole_since(&self, at: usize) -> usize {
        let later = self.runs[..at].iter();
        later.filter(|run| !run.is_in_parts() && run.whole == Some(true)).count()
    }

    fn days_since(&self, at: usize) -> u64 {
        self.unix_millis.saturating_sub(self.runs[at].unix_millis) / MILLIS_A_DAY
    }

    fn ago(&self, at: usize) -> String {
        match self.days_since(at) {
            0 => "less than a day ago".to_owned(),
            1 => "a day ago".to_owned(),
            days => format!("{days} days ago"),
        }
    }
}
