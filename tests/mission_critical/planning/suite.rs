//! Made-up suites with durations as they are found in real ones, and what a run of them teaches.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::history::{CategoryHistory, JobSample, TestHistory, TestSample};
use apex_core::plan::split::CutJob;
use apex_core::plan::{FoundJob, JobSpec, MayCut, Serial, Source, Work};
use apex_tests::random::Random;

/// How durations are distributed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mix {
    /// Mostly fast tests, some of half a second, a few of several seconds.
    Mixed,
    /// Log-normal with a heavy tail.
    Heavy,
    /// Unit tests.
    Unit,
    /// A tail that falls as a power.
    Pareto,
}

impl Mix {
    pub(super) const ALL: [Self; 4] = [Self::Mixed, Self::Heavy, Self::Unit, Self::Pareto];
}

/// One test.
pub(super) struct Test {
    pub(super) id: Arc<str>,
    pub(super) file: usize,
    pub(super) seconds: f64,
}

/// Tests in files, in order.
pub(super) struct Suite {
    pub(super) tests: Vec<Test>,
    pub(super) files: Vec<String>,
}

/// How many seeds are tried: `many` when `APEX_SIMULATION_RUNS` asks for at least 100,000 runs,
/// as before a release, else a tenth.
pub(super) fn seeds(many: u64) -> u64 {
    let wanted = std::env::var("APEX_SIMULATION_RUNS").ok().and_then(|runs| runs.parse().ok());
    if wanted.unwrap_or(0_u64) >= 100_000 { many } else { many.div_ceil(10) }
}

/// A standard normal number.
pub(super) fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.share()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.share()).cos()
}

fn log_normal(random: &mut Random, median: f64, deviation: f64) -> f64 {
    median * (deviation * normal(random)).exp()
}

impl Suite {
    /// About `count` tests in files of twelve on average; tests of a file resemble each other.
    pub(super) fn new(mix: Mix, count: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut suite = Self { tests: Vec::new(), files: Vec::new() };
        while suite.tests.len() < count {
            let size = 1 + (-11.0 * (1.0 - random.share()).ln()) as usize;
            let path = format!("tests/test_{:04}.py", suite.files.len());
            let (factor, class) = (log_normal(&mut random, 1.0, 0.7), random.share());
            for number in 0..size.min(count - suite.tests.len()) {
                let seconds = factor * duration(mix, class, &mut random);
                let id = format!("{path}::test_{number}").into();
                let seconds = seconds.min(600.0);
                suite.tests.push(Test { id, file: suite.files.len(), seconds });
            }
            suite.files.push(path);
        }
        suite
    }

    /// The work as it is found.
    pub(super) fn found(&self) -> FoundJob {
        let source = |(file, path): (usize, &String)| Source {
            path: path.as_str().into(),
            bytes: 0,
            tests: self.tests.iter().filter(|test| test.file == file).count() as u32,
            serial: Serial::default(),
        };
        let work = Work::Tests {
            paths: vec!["tests".to_owned()],
            markers: None,
            keyword: None,
            ignore: vec![],
            arguments: vec![],
        };
        let spec = JobSpec {
            runner: RunnerKind::Pytest,
            working_directory: "".into(),
            work,
            env: Arc::default(),
            shard: None,
            part: None,
            found_by: "".into(),
        };
        FoundJob {
            spec,
            sources: self.files.iter().enumerate().map(source).collect(),
            may_cut: MayCut::Freely,
        }
    }

    /// What a run teaches whose durations are off by a factor of `noise` (standard deviation of
    /// the logarithm), with jobs that take `start` seconds beyond their tests.
    pub(super) fn taught(&self, noise: f64, start: f64, random: &mut Random) -> CategoryHistory {
        let mut past = CategoryHistory::default();
        for test in &self.tests {
            let seconds = test.seconds * (noise * normal(random)).exp();
            let history = TestHistory {
                file: Some(self.files[test.file].as_str().into()),
                critical: false,
                samples: vec![sample(0, Outcome::Passed, seconds)],
            };
            past.tests.insert(Arc::clone(&test.id), history);
        }
        for tests in [10_u32, 20, 50, 100, 10, 20, 50, 100] {
            let inside = f64::from(tests) * 0.1;
            past.jobs.push(JobSample {
                runs_ago: 0,
                duration: Duration::from_secs_f64(inside + start),
                in_tests: Duration::from_secs_f64(inside),
                tests,
                peak_memory_mb: None,
                beside: 0,
            });
        }
        past
    }

    /// The tests of a job, by position.
    pub(super) fn tests_of(&self, job: &CutJob) -> Vec<usize> {
        let part = job.spec.part.as_deref();
        let Work::Tests { paths, .. } = &job.spec.work else { return Vec::new() };
        let paths: std::collections::HashSet<&str> = paths.iter().map(String::as_str).collect();
        let set = |list: Option<&Vec<Arc<str>>>| -> std::collections::HashSet<Arc<str>> {
            list.into_iter().flatten().cloned().collect()
        };
        let leave = set(part.map(|part| &part.leave));
        let only = set(part.map(|part| &part.only));
        let without = set(part.map(|part| &part.without));
        let cut: std::collections::HashSet<&str> =
            only.iter().filter_map(|id| Some(id.split_once("::")?.0)).collect();
        let runs = |test: &Test| {
            let path = self.files[test.file].as_str();
            (paths.contains("tests") || paths.contains(path))
                && !leave.contains(path)
                && !without.contains(&test.id)
                && (!cut.contains(path) || only.contains(&test.id))
        };
        (0..self.tests.len()).filter(|&at| runs(&self.tests[at])).collect()
    }
}

/// One attempt of a test, so many runs ago.
pub(super) fn sample(runs_ago: u32, outcome: Outcome, seconds: f64) -> TestSample {
    TestSample {
        unix_millis: 1_000_000_000 - u64::from(runs_ago) * 3_600_000,
        runs_ago,
        commit: None,
        attempt: 1,
        outcome,
        duration: Some(Duration::from_secs_f64(seconds)),
    }
}

/// The duration of a test before the factor of its file, in seconds.
fn duration(mix: Mix, class: f64, random: &mut Random) -> f64 {
    match mix {
        Mix::Mixed if class < 0.80 => log_normal(random, 0.01, 1.6),
        Mix::Mixed if class < 0.97 => log_normal(random, 0.5, 1.2),
        Mix::Mixed => log_normal(random, 8.0, 0.8),
        Mix::Heavy => log_normal(random, 0.1, 1.87),
        Mix::Unit => log_normal(random, 0.02, 0.71),
        Mix::Pareto => 0.02 * (1.0 - random.share()).powf(-1.0 / 1.3),
    }
}

/// The value at a share of sorted ones.
pub(super) fn at_share(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
