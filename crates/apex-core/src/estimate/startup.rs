//! What a job costs beyond its tests: the start of its program and the collection of tests.
//!
//! Defaults are measured figures (docs/PERFORMANCE.md). Where the jobs of a category were
//! measured, both costs are learned from them by least squares, with the default as one more
//! observation (ridge regression towards a prior: Hoerl and Kennard 1970; as Bayesian linear
//! regression in Gelman et al., "Bayesian Data Analysis", §14.8).

use apex_config::model::RunnerKind;

use super::amount::Amount;
use crate::history::JobSample;

/// How much of its weight a sample keeps for each run that is newer.
const FADES: f64 = 0.8;

/// Share by which all that a job does is faster or slower than usual at once, because the
/// machine is: one standard deviation.
const MACHINE: f64 = 0.10;

/// Most tests at once that a framework is believed to run.
const MOST_PARALLEL: f64 = 64.0;

/// The cost of a job of some category beyond its tests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Startup {
    /// Seconds that every job costs: interpreter, imports, plug-ins, configuration.
    pub once: f64,
    /// Seconds for every test, beyond what is reported as its duration: collection.
    pub per_test: f64,
    /// How many of its tests a framework runs at the same time.
    pub parallel: f64,
}

/// The cost of a job before anything was measured. pytest costs 0.11 s of processor time until
/// it collects and twice that on a busy machine with a few imports, and half a millisecond a
/// test; jest 0.6 s and 0.035 s a file, vitest 0.5 s and 0.15 s a file, which has a process of its
/// own; Node 0.05 to 0.07 s a process, one for `--test` and one for each file.
#[must_use]
pub const fn default_startup(runner: RunnerKind) -> Startup {
    let (once, per_test) = match runner {
        RunnerKind::Pytest => (0.2, 0.0005),
        RunnerKind::Unittest => (0.08, 0.0002),
        RunnerKind::Node => (0.07, 0.01),
        RunnerKind::Cargo | RunnerKind::Nextest => (0.1, 0.0005),
        RunnerKind::Maven | RunnerKind::Gradle => (3.0, 0.001),
        RunnerKind::Jest => (0.6, 0.03),
        RunnerKind::Vitest => (0.6, 0.1),
        RunnerKind::Mocha => (0.25, 0.001),
        RunnerKind::Playwright => (1.0, 0.05),
        RunnerKind::Cypress => (5.0, 0.1),
        RunnerKind::Command => (0.0, 0.0),
        _ => (0.5, 0.001),
    };
    Startup { once, per_test, parallel: 1.0 }
}

impl Startup {
    /// Learned from the jobs of a category.
    #[must_use]
    pub fn learned(runner: RunnerKind, jobs: &[JobSample]) -> Self {
        let usual = default_startup(runner);
        let jobs: Vec<&JobSample> = jobs.iter().filter(|job| job.tests > 0).collect();
        let latest = jobs.iter().map(|job| job.runs_ago).min().unwrap_or(0);
        let weight = |job: &JobSample| FADES.powi((job.runs_ago - latest).min(50).cast_signed());
        let parallel = overlap(&jobs, usual, weight);
        let mut fit = Fit::towards(usual);
        for job in &jobs {
            let beyond = job.duration.as_secs_f64() - job.in_tests.as_secs_f64() / parallel;
            fit.observe(weight(job), f64::from(job.tests), beyond);
        }
        let (once, per_test) = fit.solve();
        Self { once: once.max(usual.once / 100.0), per_test: per_test.max(0.0), parallel }
    }

    /// What a job with `count` tests is expected to take, when the tests take `tests` one after
    /// the other.
    #[must_use]
    pub fn job(&self, tests: Amount, count: u32) -> Amount {
        let inside = tests.times(1.0 / self.parallel);
        let mean = self.once + self.per_test * f64::from(count) + inside.mean;
        // A start varies by about a third of itself.
        let start = self.once / 3.0;
        let machine = MACHINE * mean;
        Amount { mean, variance: inside.variance + start * start + machine * machine }
    }
}

/// How many tests ran at the same time: what they took together, by what their jobs took. One,
/// unless they took clearly longer than their job.
fn overlap(jobs: &[&JobSample], usual: Startup, weight: impl Fn(&JobSample) -> f64) -> f64 {
    let (mut inside, mut beside) = (0.0, 0.0);
    for job in jobs {
        let duration = job.duration.as_secs_f64();
        inside += weight(job) * job.in_tests.as_secs_f64();
        beside += weight(job) * (duration - usual.once).max(duration / 10.0);
    }
    let factor = if beside > 0.0 { inside / beside } else { 1.0 };
    if factor > 1.05 { factor.min(MOST_PARALLEL) } else { 1.0 }
}

/// Least squares for `beyond = once + per_test · tests` with a prior, as its normal equations.
struct Fit {
    precision: [[f64; 2]; 2],
    target: [f64; 2],
    noise: f64,
}

impl Fit {
    /// The prior: the defaults, each believed to within itself (at least 10 ms and 0.2 ms).
    fn towards(usual: Startup) -> Self {
        let (once, each) = (usual.once.max(0.01), usual.per_test.max(0.0002));
        let precision = [[1.0 / (once * once), 0.0], [0.0, 1.0 / (each * each)]];
        let target = [usual.once / (once * once), usual.per_test / (each * each)];
        let noise = (0.3 * once).max(0.02);
        Self { precision, target, noise: noise * noise }
    }

    fn observe(&mut self, weight: f64, tests: f64, beyond: f64) {
        let weight = weight / self.noise;
        self.precision[0][0] += weight;
        self.precision[0][1] += weight * tests;
        self.precision[1][0] += weight * tests;
        self.precision[1][1] += weight * tests * tests;
        self.target[0] += weight * beyond;
        self.target[1] += weight * tests * beyond;
    }

    /// The two costs; the prior keeps the equations regular.
    fn solve(&self) -> (f64, f64) {
        let [[a, b], [c, d]] = self.precision;
        let determinant = a * d - b * c;
        let [x, y] = self.target;
        ((d * x - b * y) / determinant, (a * y - c * x) / determinant)
    }
}
