//! What earlier runs taught, as a value: the past of each test and of each job.
//!
//! It is filled by whoever keeps the records (`apex-monitor`) and read by estimates, order,
//! selection by value and flakiness. It knows neither files nor a database, and it may be empty:
//! then nothing is known, and everything still runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::CategoryName;

use crate::change::Fingerprint;
use crate::id::RunId;
use crate::outcome::Outcome;

/// The most samples that are kept of one test or of one category's jobs: the bound of the value.
pub const MOST_SAMPLES: usize = 20;

/// What earlier runs taught about a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// How many runs it was learned from.
    pub runs: u32,
    /// The past of each category, by name.
    pub categories: HashMap<CategoryName, CategoryHistory>,
}

impl History {
    /// The past of a category, if it has one.
    #[must_use]
    pub fn category(&self, name: &CategoryName) -> Option<&CategoryHistory> {
        self.categories.get(name)
    }

    /// The past of a test, if it has one.
    #[must_use]
    pub fn test(&self, category: &CategoryName, id: &str) -> Option<&TestHistory> {
        self.category(category)?.tests.get(id)
    }
}

/// The past of a category.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CategoryHistory {
    /// Its tests by id.
    pub tests: BTreeMap<Arc<str>, TestHistory>,
    /// Attempts of its jobs that came to an end of their own, the latest first, at most
    /// [`MOST_SAMPLES`].
    pub jobs: Vec<JobSample>,
    /// Inputs with which it passed, the latest first, at most [`MOST_SAMPLES`].
    pub passes: Vec<InputsSeen>,
    /// Inputs with which it failed although no change concerned them, the latest first, at most
    /// [`MOST_SAMPLES`].
    pub misses: Vec<InputsSeen>,
    /// Runs of it that could have been in parts on trust, the latest first, at most
    /// [`MOST_SAMPLES`].
    pub cuttings: Vec<CuttingSample>,
}

/// A run of a category whose tests share a program, whole or in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CuttingSample {
    /// When the run began, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// The commit that was checked out, where there was one and no file differed from it.
    pub commit: Option<Arc<str>>,
    /// Into how many jobs it was cut; 0 when it ran whole.
    pub parts: u32,
    /// Whether it passed as a whole, also as the check of its parts; none where nothing ran whole,
    /// because all parts passed.
    pub whole: Option<bool>,
    /// What failed in a part and not in the whole: the id of a test, or the name of a part.
    pub depends: Option<Arc<str>>,
}

impl CuttingSample {
    /// Whether it was cut.
    #[must_use]
    pub const fn is_in_parts(&self) -> bool {
        self.parts > 0
    }
}

/// A run of a category with known inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputsSeen {
    /// What they amounted to.
    pub fingerprint: Fingerprint,
    /// The run.
    pub run: RunId,
}

/// The past of a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestHistory {
    /// Source file relative to the project root, as last reported.
    pub file: Option<Arc<str>>,
    /// Whether it was last reported as critical.
    pub critical: bool,
    /// Its attempts, the latest first, at most [`MOST_SAMPLES`].
    pub samples: Vec<TestSample>,
}

/// One attempt of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestSample {
    /// When its run began, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// How many runs of the project began after that one: 0 for the latest.
    pub runs_ago: u32,
    /// The commit that was checked out, where there was one. Equal texts are shared.
    pub commit: Option<Arc<str>>,
    /// Which try, from 1.
    pub attempt: u32,
    /// How the attempt ended.
    pub outcome: Outcome,
    /// How long it took; none where its framework does not say.
    pub duration: Option<Duration>,
}

/// One attempt of a job that came to an end of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSample {
    /// How many runs of the project began after that one: 0 for the latest.
    pub runs_ago: u32,
    /// From the start of the attempt to its end.
    pub duration: Duration,
    /// What its tests took together, as far as their framework says.
    pub in_tests: Duration,
    /// How many of its tests ran.
    pub tests: u32,
    /// The largest memory of its processes together, in mebibytes, where it was measured.
    pub peak_memory_mb: Option<u32>,
    /// How many jobs ran beside it when it started.
    pub beside: u32,
}
