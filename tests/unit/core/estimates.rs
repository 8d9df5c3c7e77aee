//! Estimates: what few samples, many samples, fading ones and none let expect; what jobs cost
//! beyond their tests.

use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::estimate::{CategoryEstimate, Durations, Startup, default_startup};
use apex_core::history::{CategoryHistory, JobSample, TestHistory, TestSample};

fn sample(runs_ago: u32, seconds: f64) -> TestSample {
    TestSample {
        unix_millis: 0,
        runs_ago,
        commit: None,
        attempt: 1,
        outcome: Outcome::Passed,
        duration: Some(Duration::from_secs_f64(seconds)),
    }
}

/// A category whose tests have these samples, the latest first.
fn past(tests: &[(&str, &[f64])]) -> CategoryHistory {
    let mut past = CategoryHistory::default();
    for (id, seconds) in tests {
        let samples = (0..).zip(*seconds).map(|(ago, seconds)| sample(ago, *seconds)).collect();
        let file = id.split_once("::").map(|(file, _)| file.into());
        past.tests.insert((*id).into(), TestHistory { file, critical: false, samples });
    }
    past
}

/// The expected seconds of a known test.
fn expected(past: &CategoryHistory, id: &str) -> f64 {
    let durations = Durations::new(Some(past), 0.02);
    let file = id.split_once("::").unwrap().0;
    let known = durations.tests_in(file).into_iter().find(|test| **test.id == *id);
    known.unwrap().duration.amount().mean
}

#[track_caller]
fn check_near(found: f64, wanted: f64, share: f64) {
    assert!((found / wanted - 1.0).abs() <= share, "{found} is not near {wanted}");
}

#[test]
fn many_equal_samples_are_believed() {
    let seconds = [2.0; 20];
    let past = past(&[("a.py::one", &seconds), ("a.py::two", &[0.1; 20])]);
    check_near(expected(&past, "a.py::one"), 2.0, 0.15);
    check_near(expected(&past, "a.py::two"), 0.1, 0.15);
}

#[test]
fn one_sample_is_drawn_towards_its_file() {
    let tests: Vec<(String, Vec<f64>)> =
        (0..10).map(|test| (format!("a.py::t{test}"), vec![0.1; 5])).collect();
    let mut tests: Vec<(&str, &[f64])> =
        tests.iter().map(|(id, seconds)| (id.as_str(), seconds.as_slice())).collect();
    tests.push(("a.py::odd", &[10.0]));
    let found = expected(&past(&tests), "a.py::odd");
    assert!(found > 1.0 && found < 10.0, "{found}");
}

#[test]
fn what_is_newer_counts_more() {
    let mut faster = vec![1.0; 4];
    faster.extend([4.0; 8]);
    let mut slower = vec![4.0; 8];
    slower.extend([1.0; 4]);
    let past = past(&[("a.py::faster", &faster), ("a.py::slower", &slower)]);
    assert!(expected(&past, "a.py::faster") < 2.4);
    assert!(expected(&past, "a.py::slower") > 2.6);
}

#[test]
fn an_unknown_test_is_taken_for_its_file_and_an_unknown_file_for_the_mean() {
    let past = past(&[
        ("fast.py::one", &[0.01; 5]),
        ("fast.py::two", &[0.01; 5]),
        ("slow.py::one", &[5.0; 5]),
        ("slow.py::two", &[5.0; 5]),
    ]);
    let durations = Durations::new(Some(&past), 0.02);
    let new = |file| durations.of_new_test(Some(file)).amount().mean;
    assert!(new("slow.py") > 20.0 * new("fast.py"));
    check_near(durations.of_new_file(1).mean, 5.0, 0.3);
    // Without any history, by the number of tests and the kind of the category.
    check_near(Durations::new(None, 0.02).of_new_file(10).mean, 0.2, 0.01);
}

#[test]
fn samples_that_were_cut_off_teach_nothing() {
    let mut past = past(&[("a.py::one", &[1.0, 1.0])]);
    let test = past.tests.get_mut("a.py::one").unwrap();
    let cut = TestSample { outcome: Outcome::TimedOut, ..sample(0, 300.0) };
    test.samples.insert(0, cut);
    check_near(expected(&past, "a.py::one"), 1.0, 0.3);
}

fn jobs(samples: &[(f64, f64, u32)]) -> Vec<JobSample> {
    let one = |&(duration, in_tests, tests): &(f64, f64, u32)| JobSample {
        runs_ago: 0,
        duration: Duration::from_secs_f64(duration),
        in_tests: Duration::from_secs_f64(in_tests),
        tests,
        peak_memory_mb: Some(tests),
        beside: 0,
    };
    samples.iter().map(one).collect()
}

#[test]
fn both_costs_of_a_job_are_learned_from_jobs_of_different_size() {
    // Half a second a job, two milliseconds a test.
    let cost = |tests: u32| 0.5 + 0.002 * f64::from(tests);
    let samples: Vec<(f64, f64, u32)> =
        [10, 100, 500, 1000].iter().map(|&tests| (3.0 + cost(tests), 3.0, tests)).collect();
    let learned = Startup::learned(RunnerKind::Pytest, &jobs(&samples));
    check_near(learned.once, 0.5, 0.15);
    check_near(learned.per_test, 0.002, 0.15);
    check_near(learned.parallel, 1.0, 1e-9);
}

#[test]
fn without_jobs_a_start_costs_what_it_usually_does() {
    for runner in [RunnerKind::Pytest, RunnerKind::Node, RunnerKind::Cargo] {
        let learned = Startup::learned(runner, &[]);
        check_near(learned.once, default_startup(runner).once, 1e-9);
        check_near(learned.per_test, default_startup(runner).per_test, 1e-9);
    }
}

#[test]
fn a_framework_that_runs_tests_at_once_is_seen() {
    let learned = Startup::learned(RunnerKind::Cargo, &jobs(&[(5.1, 20.0, 100), (2.6, 10.0, 50)]));
    check_near(learned.parallel, 4.0, 0.05);
}

#[test]
fn a_job_has_a_forecast_only_when_something_is_known() {
    let past =
        CategoryHistory { jobs: jobs(&[(1.0, 0.5, 10)]), ..past(&[("a.py::one", &[1.0; 3])]) };
    let estimate = CategoryEstimate::new(Some(&past), 0.02, RunnerKind::Pytest);
    let job = estimate.of_job(estimate.durations.total(), 1);
    assert_eq!(estimate.forecast(job, 0), None);
    let forecast = estimate.forecast(job, 3).unwrap();
    assert!(forecast.expected > Duration::from_secs(1) && forecast.high > forecast.expected);
    assert_eq!((forecast.runs, forecast.peak_memory_mb), (3, Some(10)));
}
