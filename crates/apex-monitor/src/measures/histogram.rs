//! How durations are distributed: how many are at most so long.

/// Bounds for tests, in seconds: those that the conventions recommend for what answers a person.
static TESTS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Bounds for runs, in seconds.
static RUNS: [f64; 10] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Numbers by size.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    bounds: &'static [f64],
    /// How many lie in each room; the last one is for what is larger than every bound.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    /// An empty one for tests.
    #[must_use]
    pub fn of_tests() -> Self {
        Self::empty(&TESTS)
    }

    /// An empty one for runs.
    #[must_use]
    pub fn of_runs() -> Self {
        Self::empty(&RUNS)
    }

    fn empty(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    /// Takes a number; a bound itself lies below it.
    pub fn add(&mut self, number: f64) {
        let room = self.bounds.partition_point(|bound| *bound < number);
        self.counts[room] += 1;
        self.sum += number;
    }

    /// The bounds, growing.
    #[must_use]
    pub const fn bounds(&self) -> &'static [f64] {
        self.bounds
    }

    /// How many lie in each room; one more than there are bounds.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them added.
    #[must_use]
    pub const fn sum(&self) -> f64 {
        self.sum
    }
}
