//! What changed from one run to another: `apex.runs_diff/1`.
//!
//! A test is the same one when its category and its id are. It is slower when it passed in both
//! runs and took at least half as long again and a quarter of a second more.

use std::collections::BTreeMap;
use std::time::Duration;

use apex_core::view::TestView;
use apex_core::{Outcome, RunView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::Seconds;

/// Name and version of the form.
pub const SCHEMA: &str = "apex.runs_diff/1";

/// How many times as long a slower test takes at least.
const SLOWER_FACTOR: f64 = 1.5;

/// How much longer a slower test takes at least.
const SLOWER_BY: Duration = Duration::from_millis(250);

/// What changed from one run to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Name and version of this form.
    pub schema: String,
    /// The earlier run.
    pub earlier: String,
    /// The later run.
    pub later: String,
    /// Tests that count against their layer now and did not before.
    pub newly_failing: Vec<Change>,
    /// Tests that counted against their layer and pass now.
    pub fixed: Vec<Change>,
    /// Tests that fail in both.
    pub still_failing: Vec<Change>,
    /// Tests that pass in both and take much longer now, the largest difference first.
    pub slower: Vec<Change>,
    /// Tests that only the later run knows.
    pub new: Vec<Change>,
    /// Tests that only the earlier run knows.
    pub removed: Vec<Change>,
}

/// A test in both runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its category.
    pub category: String,
    /// Its id.
    pub id: String,
    /// Its outcome in the earlier run, a word of the outcomes; none where that does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its outcome in the later run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What it took in the earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_seconds: Option<f64>,
    /// What it took in the later run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<f64>,
}

impl Difference {
    /// What changed from one run to another.
    #[must_use]
    pub fn between(earlier: &RunView, later: &RunView) -> Self {
        let (before, after) = (tests(earlier), tests(later));
        let mut difference = Self::empty(earlier, later);
        for (key, new) in &after {
            match before.get(key) {
                Some(old) => difference.add(*key, old, new),
                None => {
                    let change = change(*key, None, Some(new));
                    // A test that comes with a failure is looked for among the failures.
                    if outcome(new).is_bad() {
                        difference.newly_failing.push(change.clone());
                    }
                    difference.new.push(change);
                }
            }
        }
        let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
        difference.removed = gone.map(|(key, old)| change(*key, Some(old), None)).collect();
        let by = |one: &Change| {
            one.before_seconds.zip(one.after_seconds).map_or(0.0, |(before, after)| before - after)
        };
        difference.slower.sort_by(|one, other| by(one).total_cmp(&by(other)));
        difference
    }

    fn empty(earlier: &RunView, later: &RunView) -> Self {
        let name = |view: &RunView| {
            view.identity().map_or_else(String::new, |identity| identity.run.to_string())
        };
        Self {
            schema: SCHEMA.to_owned(),
            earlier: name(earlier),
            later: name(later),
            newly_failing: Vec::new(),
            fixed: Vec::new(),
            still_failing: Vec::new(),
            slower: Vec::new(),
            new: Vec::new(),
            removed: Vec::new(),
        }
    }

    fn add(&mut self, key: Key<'_>, old: &TestView, new: &TestView) {
        let list = match (outcome(old).is_bad(), outcome(new).is_bad()) {
            (true, true) => &mut self.still_failing,
            (false, true) => &mut self.newly_failing,
            (true, false) if is_green(outcome(new)) => &mut self.fixed,
            _ if is_slower(old, new) => &mut self.slower,
            _ => return,
        };
        list.push(change(key, Some(old), Some(new)));
    }
}

/// The category and the id of a test.
type Key<'v> = (&'v str, &'v str);

fn tests(view: &RunView) -> BTreeMap<Key<'_>, &TestView> {
    let category = |test: &TestView| {
        let at = view.category_of(test.job)?;
        view.plan().categories.get(at.position()).map(|planned| planned.name.as_str())
    };
    let tests = view.tests().iter();
    tests.map(|test| ((category(test).unwrap_or(""), &*test.case.id), test)).collect()
}

fn outcome(test: &TestView) -> Outcome {
    test.outcome().unwrap_or(Outcome::NotRun)
}

const fn is_green(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Passed | Outcome::Flaky)
}

fn is_slower(old: &TestView, new: &TestView) -> bool {
    let both = is_green(outcome(old)) && is_green(outcome(new));
    let times = old.duration.zip(new.duration).filter(|_| both);
    times.is_some_and(|(before, after)| {
        after >= before + SLOWER_BY && after >= before.mul_f64(SLOWER_FACTOR)
    })
}

fn change((category, id): Key<'_>, before: Option<&TestView>, after: Option<&TestView>) -> Change {
    let word = |test: Option<&TestView>| test.map(|test| outcome(test).as_str().to_owned());
    let seconds = |test: Option<&TestView>| {
        test.and_then(|test| test.duration).map(|time| Seconds::from(time).number())
    };
    Change {
        category: category.to_owned(),
        id: id.to_owned(),
        before: word(before),
        after: word(after),
        before_seconds: seconds(before),
        after_seconds: seconds(after),
    }
}
