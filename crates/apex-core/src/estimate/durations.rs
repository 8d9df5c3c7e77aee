//! Durations of the tests of a category: levels of test, file and category, each shrunk towards
//! the next.
//!
//! With `x` the logarithm of a duration: `x(test, run) ~ N(level(test), noise)`,
//! `level(test) ~ N(level(file), within)`, `level(file) ~ N(level(category), between)`. Levels
//! are posterior means of the normal model with known variances, where an estimate from `n`
//! observations is weighed by its precision (Gelman et al., "Bayesian Data Analysis", §5.4; the
//! shrinkage of Efron and Morris 1975). The variances are those of the category's own past, each
//! with a default as a few more observations. A sample fades with the runs that came after it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::amount::{Amount, LogNormal};
use crate::history::{CategoryHistory, TestHistory, TestSample};
use crate::outcome::Outcome;

/// How much of its weight a sample keeps for each run that is newer.
const FADES: f64 = 0.8;

/// Shortest duration that is told apart, in seconds.
const SHORTEST: f64 = 1e-4;

/// Variance of the logarithm from run to run before anything was measured, and how many
/// observations it is worth.
const NOISE: (f64, f64) = (0.09, 10.0);

/// The same for tests inside of a file. Real suites: 1.0 to 2.6.
const WITHIN: (f64, f64) = (1.0, 2.0);

/// The same for files of a category.
const BETWEEN: (f64, f64) = (0.5, 2.0);

/// A test that did not come back in so many runs of its file is taken to be gone.
const GONE_AFTER: u32 = 5;

/// What the samples of one test say.
#[derive(Clone, Copy, Debug)]
struct TestLevel {
    /// Weighted mean of the logarithms.
    mean: f64,
    /// Kish's effective number of samples.
    count: f64,
    /// Sum of squares around the mean, on the scale of `count` observations.
    squares: f64,
}

impl TestLevel {
    /// None without a sample of a test that came to its own end.
    fn of(samples: &[TestSample]) -> Option<Self> {
        let logs = || samples.iter().filter_map(|sample| Some((sample.runs_ago, log(sample)?)));
        let latest = logs().map(|(ago, _)| ago).min()?;
        let weight = |ago: u32| FADES.powi((ago - latest).min(50).cast_signed());
        let (mut sum, mut squared, mut total) = (0.0, 0.0, 0.0);
        for (ago, value) in logs() {
            let weight = weight(ago);
            sum += weight;
            squared += weight * weight;
            total += weight * value;
        }
        let (mean, count) = (total / sum, sum * sum / squared);
        let around: f64 = logs().map(|(ago, value)| weight(ago) * (value - mean).powi(2)).sum();
        Some(Self { mean, count, squares: count * around / sum })
    }
}

fn log(sample: &TestSample) -> Option<f64> {
    let ended = matches!(
        sample.outcome,
        Outcome::Passed | Outcome::Failed | Outcome::Errored | Outcome::Flaky | Outcome::Skipped
    );
    let duration = sample.duration.filter(|_| ended)?;
    Some(duration.as_secs_f64().max(SHORTEST).ln())
}

/// A file's level and its tests.
#[derive(Clone, Debug, Default)]
struct FileLevel<'h> {
    level: f64,
    tests: Vec<(&'h Arc<str>, &'h TestHistory, TestLevel)>,
}

/// The durations of the tests of one category.
#[derive(Clone, Debug)]
pub struct Durations<'h> {
    files: HashMap<&'h str, FileLevel<'h>>,
    category: f64,
    noise: f64,
    within: f64,
    between: f64,
    /// Mean of what the known files take each.
    usual_file: Option<Amount>,
}

/// A test that is known from earlier runs.
#[derive(Clone, Debug)]
pub struct KnownTest<'h> {
    /// Its id.
    pub id: &'h Arc<str>,
    /// Its past.
    pub past: &'h TestHistory,
    /// What it is expected to take.
    pub duration: LogNormal,
}

impl<'h> Durations<'h> {
    /// Learned from a category's past; `usual` is the mean duration of a test where there is
    /// none, in seconds.
    #[must_use]
    pub fn new(past: Option<&'h CategoryHistory>, usual: f64) -> Self {
        let mut files: HashMap<&'h str, FileLevel<'h>> = HashMap::new();
        for (id, test) in past.into_iter().flat_map(|past| &past.tests) {
            let Some(level) = TestLevel::of(&test.samples) else { continue };
            files.entry(file_of(id, test)).or_default().tests.push((id, test, level));
        }
        for file in files.values_mut() {
            drop_gone(file);
        }
        let spread = Spread::of(
            &files,
            LogNormal::with_mean(usual, WITHIN.0 + BETWEEN.0 + NOISE.0).location,
        );
        for file in files.values_mut() {
            file.level = spread.level_of_file(file);
        }
        let mut durations = Self {
            files,
            category: spread.category,
            noise: spread.noise,
            within: spread.within,
            between: spread.between,
            usual_file: None,
        };
        durations.usual_file = durations.mean_file();
        durations
    }

    /// Whether any test is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files that are known, in order.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&'h str> {
        self.files.keys().copied().collect()
    }

    /// The tests that are known in a file, in order of their ids; none for an unknown file.
    #[must_use]
    pub fn tests_in(&self, file: &str) -> Vec<KnownTest<'h>> {
        let Some(file) = self.files.get(file) else { return Vec::new() };
        let known = file.tests.iter().map(|&(id, past, own)| KnownTest {
            id,
            past,
            duration: self.shrunk(own, file.level),
        });
        known.collect()
    }

    /// What a test that never ran is expected to take, in this file when it is known.
    #[must_use]
    pub fn of_new_test(&self, file: Option<&str>) -> LogNormal {
        match file.and_then(|file| self.files.get(file)) {
            Some(file) => LogNormal { location: file.level, variance: self.within + self.noise },
            None => LogNormal {
                location: self.category,
                variance: self.within + self.between + self.noise,
            },
        }
    }

    /// What a file that never ran is expected to take: as much as the known ones on average,
    /// or by the number of tests that seem to be in it.
    #[must_use]
    pub fn of_new_file(&self, tests: u32) -> Amount {
        self.usual_file
            .unwrap_or_else(|| self.of_new_test(None).amount().times(f64::from(tests.max(1))))
    }

    /// What all known tests are expected to take together.
    #[must_use]
    pub fn total(&self) -> Amount {
        let files = self.files();
        let tests = files.iter().flat_map(|file| self.tests_in(file));
        tests.fold(Amount::default(), |sum, test| sum.plus(test.duration.amount()))
    }

    fn shrunk(&self, own: TestLevel, file: f64) -> LogNormal {
        let (data, prior) = (own.count / self.noise, 1.0 / self.within);
        let location = (data * own.mean + prior * file) / (data + prior);
        LogNormal { location, variance: 1.0 / (data + prior) + self.noise }
    }

    fn mean_file(&self) -> Option<Amount> {
        let names: BTreeMap<&str, ()> = self.files.keys().map(|&name| (name, ())).collect();
        let mut sum = Amount::default();
        for name in names.keys() {
            for test in self.tests_in(name) {
                sum = sum.plus(test.duration.amount());
            }
        }
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        (count > 0).then(|| {
            let mean = sum.mean / f64::from(count);
            // An unknown file varies as much as files do.
            Amount { mean, variance: mean * mean }
        })
    }
}

/// The file that a test belongs to: the one in its id where its framework puts it there, else
/// the one that was reported.
fn file_of<'h>(id: &'h str, test: &'h TestHistory) -> &'h str {
    match id.split_once("::") {
        Some((file, _)) if file.contains('.') => file,
        _ => test.file.as_deref().unwrap_or_default(),
    }
}

/// Forgets tests that did not come back while others of their file did.
fn drop_gone(file: &mut FileLevel<'_>) {
    let ago = |test: &TestHistory| test.samples.iter().map(|sample| sample.runs_ago).min();
    let latest = file.tests.iter().filter_map(|(_, test, _)| ago(test)).min().unwrap_or(0);
    file.tests.retain(|(_, test, _)| ago(test).is_some_and(|ago| ago <= latest + GONE_AFTER));
}

/// The variances of a category and its level.
struct Spread {
    noise: f64,
    within: f64,
    between: f64,
    category: f64,
}

impl Spread {
    fn of(files: &HashMap<&str, FileLevel<'_>>, usual: f64) -> Self {
        let mut noise = Pool::from(NOISE);
        let mut within = Pool::from(WITHIN);
        let mut between = Pool::from(BETWEEN);
        // In order, so that sums of floating point numbers are the same on every run.
        let sorted: BTreeMap<&str, &FileLevel<'_>> =
            files.iter().map(|(name, file)| (*name, file)).collect();
        let means: Vec<f64> = sorted.values().map(|file| mean_of(file)).collect();
        for (file, mean) in sorted.values().zip(&means) {
            for (_, _, test) in &file.tests {
                noise.add(test.squares, test.count - 1.0);
                within.add((test.mean - mean).powi(2), 0.0);
            }
            within.count += count(file.tests.len()) - 1.0;
        }
        let number = count(means.len());
        // The default of the kind is worth one file.
        let category = (means.iter().sum::<f64>() + usual) / (number + 1.0);
        for mean in &means {
            between.add((mean - category).powi(2), 1.0);
        }
        Self { noise: noise.mean(), within: within.mean(), between: between.mean(), category }
    }

    fn level_of_file(&self, file: &FileLevel<'_>) -> f64 {
        let (data, prior) = (count(file.tests.len()) / self.within, 1.0 / self.between);
        (data * mean_of(file) + prior * self.category) / (data + prior)
    }
}

/// A variance from squares, with a default as some observations.
struct Pool {
    squares: f64,
    count: f64,
}

impl From<(f64, f64)> for Pool {
    fn from((variance, worth): (f64, f64)) -> Self {
        Self { squares: variance * worth, count: worth }
    }
}

impl Pool {
    fn add(&mut self, squares: f64, count: f64) {
        self.squares += squares;
        self.count += count;
    }

    fn mean(&self) -> f64 {
        (self.squares / self.count).max(1e-4)
    }
}

fn mean_of(file: &FileLevel<'_>) -> f64 {
    file.tests.iter().map(|(_, _, test)| test.mean).sum::<f64>() / count(file.tests.len()).max(1.0)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
