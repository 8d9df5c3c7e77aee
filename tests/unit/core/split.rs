//! Work cut into jobs: every test exactly once, jobs worth their start, serial tests apart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::estimate::CategoryEstimate;
use apex_core::history::{CategoryHistory, JobSample, TestHistory, TestSample};
use apex_core::plan::split::{CutJob, Rules, sizes, split};
use apex_core::plan::{FoundJob, JobSpec, MayCut, Serial, Source, Work};
use apex_tests::random::Random;

/// A test file of a made-up repository: its tests with their seconds, and which are serial.
struct File {
    path: String,
    tests: Vec<(String, f64, bool)>,
}

const RULES: Rules = Rules {
    width: 4,
    most: 64,
    window: Duration::from_secs(900),
    guess: Duration::from_secs(60),
    choice: None,
    idle_slots: 0,
    trusts: true,
};

fn file(path: &str, tests: &[(&str, f64)]) -> File {
    let tests = tests.iter().map(|(name, seconds)| ((*name).to_owned(), *seconds, false));
    File { path: path.to_owned(), tests: tests.collect() }
}

/// `count` files of ten tests that take `seconds` each.
fn suite(count: usize, seconds: f64) -> Vec<File> {
    let names: Vec<String> = (0..10).map(|test| format!("test_{test}")).collect();
    let tests: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), seconds)).collect();
    (0..count).map(|number| file(&format!("tests/test_{number:03}.py"), &tests)).collect()
}

fn found(runner: RunnerKind, files: &[File]) -> FoundJob {
    let paths = match runner {
        RunnerKind::Node => files.iter().map(|file| file.path.clone()).collect(),
        _ => vec!["tests".to_owned()],
    };
    let work =
        Work::Tests { paths, markers: None, keyword: None, ignore: vec![], arguments: vec![] };
    let spec = JobSpec {
        runner,
        working_directory: "".into(),
        work,
        env: Arc::default(),
        shard: None,
        part: None,
        found_by: "the test".into(),
    };
    let source = |file: &File| {
        let marks = file.tests.iter().filter(|(_, _, serial)| *serial).count() as u32;
        Source {
            path: file.path.as_str().into(),
            bytes: 100,
            tests: file.tests.len() as u32,
            serial: Serial { marks, plain: marks > 0, names: vec![] },
        }
    };
    FoundJob { spec, sources: files.iter().map(source).collect(), may_cut: MayCut::Freely }
}

/// One run of all tests of these files, in one job that took `start` seconds beyond them.
fn past(files: &[File], start: f64) -> CategoryHistory {
    let mut past = CategoryHistory::default();
    let mut total = 0.0;
    for file in files {
        for (name, seconds, _) in &file.tests {
            total += seconds;
            let sample = TestSample {
                unix_millis: 0,
                runs_ago: 0,
                commit: None,
                attempt: 1,
                outcome: Outcome::Passed,
                duration: Some(Duration::from_secs_f64(*seconds)),
            };
            let test = TestHistory {
                file: Some(file.path.as_str().into()),
                critical: false,
                samples: vec![sample],
            };
            past.tests.insert(format!("{}::{name}", file.path).into(), test);
        }
    }
    past.jobs = vec![JobSample {
        runs_ago: 0,
        duration: Duration::from_secs_f64(total + start),
        in_tests: Duration::from_secs_f64(total),
        tests: past.tests.len() as u32,
        peak_memory_mb: None,
        beside: 0,
    }];
    past
}

fn cut(found: &FoundJob, past: Option<&CategoryHistory>, rules: &Rules) -> Vec<CutJob> {
    split(found, rules, &CategoryEstimate::new(past, 0.02, found.spec.runner))
}

/// The tests that a job runs of files as they are now, by the rules that frameworks follow.
fn runs(job: &CutJob, files: &[File]) -> Vec<String> {
    let Work::Tests { paths, .. } = &job.spec.work else { unreachable!("a job of tests") };
    let part = job.spec.part.as_deref();
    let named = |list: Option<&Vec<Arc<str>>>, text: &str| {
        list.is_some_and(|list| list.iter().any(|one| **one == *text))
    };
    let mut ids = Vec::new();
    for file in files {
        let inside = paths
            .iter()
            .any(|path| file.path == *path || file.path.starts_with(&format!("{path}/")));
        if !inside || named(part.map(|part| &part.leave), &file.path) {
            continue;
        }
        let prefix = format!("{}::", file.path);
        let is_restricted =
            part.is_some_and(|part| part.only.iter().any(|id| id.starts_with(&prefix)));
        let serial = part.and_then(|part| part.serial.as_ref());
        let serial = serial.filter(|serial| serial.files.iter().any(|one| **one == *file.path));
        for (name, _, is_serial) in &file.tests {
            let id = format!("{prefix}{name}");
            let chosen = !is_restricted || named(part.map(|part| &part.only), &id);
            let left = named(part.map(|part| &part.without), &id);
            if chosen && !left && serial.is_none_or(|serial| serial.marked == *is_serial) {
                ids.push(id);
            }
        }
    }
    ids
}

#[track_caller]
fn check_exactly_once(jobs: &[CutJob], files: &[File], what: &str) {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for job in jobs {
        for id in runs(job, files) {
            *counts.entry(id).or_default() += 1;
        }
    }
    for file in files {
        for (name, _, _) in &file.tests {
            let id = format!("{}::{name}", file.path);
            let count = counts.get(&id).copied().unwrap_or(0);
            assert_eq!(count, 1, "{what}: {id} runs {count} times");
        }
    }
}

/// The seconds that each job's tests really take.
fn loads(jobs: &[CutJob], files: &[File]) -> Vec<f64> {
    let seconds: BTreeMap<String, f64> = files
        .iter()
        .flat_map(|file| {
            file.tests.iter().map(|(name, seconds, _)| (format!("{}::{name}", file.path), *seconds))
        })
        .collect();
    jobs.iter().map(|job| runs(job, files).iter().map(|id| seconds[id]).sum()).collect()
}

#[test]
fn every_test_runs_exactly_once_whatever_was_known_and_whatever_is_new() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let count = random.within(1, 30);
        let mut files = Vec::new();
        for number in 0..count {
            let has_serial = random.percent(20);
            let tests = (0..random.within(1, 25)).map(|test| {
                let seconds = (random.share() * 9.0 - 6.0).exp();
                (format!("test_{test}"), seconds, has_serial && random.percent(30))
            });
            let tests = tests.collect();
            files.push(File { path: format!("tests/test_{number:03}.py"), tests });
        }
        let mut found = found(RunnerKind::Pytest, &files);
        // History may know files that are gone, and some files may be unknown to it.
        let mut past = past(&files, 0.2);
        past.tests.retain(|_, _| !random.percent(10));
        if random.percent(10) {
            found.spec.shard = None;
            found.may_cut = MayCut::No;
        }
        let rules = Rules {
            width: random.within(1, 16) as u32,
            most: random.within(1, 64) as u32,
            ..RULES
        };
        let known = random.percent(80).then_some(&past);
        let jobs = cut(&found, known, &rules);
        check_exactly_once(&jobs, &files, &format!("seed {seed}"));
        // Tests that were added since the plan was made run, too, and once.
        for file in &mut files {
            let is_serial = random.percent(50) && file.tests.iter().any(|test| test.2);
            file.tests.push(("test_added".to_owned(), 1.0, is_serial));
        }
        files.push(file("tests/test_added.py", &[("test_one", 1.0)]));
        check_exactly_once(&jobs, &files, &format!("seed {seed}, with new tests"));
        let serial = jobs.iter().filter(|job| !job.holds.is_empty()).count();
        assert!(serial <= 1, "seed {seed}: {serial} jobs hold the resource of one category");
        for job in jobs.iter().filter(|job| job.holds.is_empty()) {
            let ids = runs(job, &files);
            let has_serial = files.iter().any(|file| {
                file.tests.iter().any(|(name, _, serial)| {
                    *serial && ids.contains(&format!("{}::{name}", file.path))
                })
            });
            assert!(!has_serial, "seed {seed}: a serial test runs in a job that holds nothing");
        }
    }
}

#[test]
fn a_small_suite_stays_one_job_just_as_it_was_found() {
    for runner in [RunnerKind::Pytest, RunnerKind::Unittest, RunnerKind::Node] {
        let files = suite(3, 0.01);
        let found = found(runner, &files);
        let past = past(&files, 0.2);
        for known in [None, Some(&past)] {
            let jobs = cut(&found, known, &RULES);
            assert_eq!(jobs.len(), 1, "{runner:?}");
            assert_eq!(jobs[0].spec, found.spec, "{runner:?}");
        }
    }
}

#[test]
fn without_history_there_are_at_most_four_jobs_for_each_that_can_run() {
    let files = suite(400, 1.0);
    let jobs = cut(&found(RunnerKind::Pytest, &files), None, &RULES);
    assert_eq!(jobs.len(), 16);
    let most = loads(&jobs, &files).into_iter().fold(0.0, f64::max);
    assert!(most < 1.1 * 4000.0 / 8.0, "{most}");
}

#[test]
fn jobs_are_worth_the_start_of_their_program() {
    // What a job costs after the first of its slot, as a share of a start: pytest goes on.
    for (runner, next) in [(RunnerKind::Unittest, 1.0), (RunnerKind::Pytest, 0.1)] {
        for (start, seconds) in [(0.1, 0.02), (0.3, 0.06), (1.0, 0.2), (5.0, 1.0)] {
            let files = suite(60, seconds);
            let past = past(&files, start);
            let jobs = cut(&found(runner, &files), Some(&past), &RULES);
            let total = 600.0 * seconds;
            let learned = CategoryEstimate::new(Some(&past), 0.02, runner).startup.once;
            let first = jobs.len().min(RULES.width as usize);
            let bought = ((first - 1) as f64 + next * (jobs.len() - first) as f64) * learned;
            assert!(bought <= 0.1 * total, "{start} s a start: {} jobs buy {bought} s", jobs.len());
            // A job may miss its size by a file, which takes ten times as long as a test.
            let least = 9.0 * next * learned - 10.0 * seconds;
            for load in loads(&jobs, &files).into_iter().filter(|_| jobs.len() > 1) {
                assert!(load >= 0.75 * least, "{start} s a start for {load} s of tests");
            }
        }
    }
}

#[test]
fn processes_that_go_on_with_the_next_job_let_work_be_cut_finer() {
    let files = suite(60, 0.02);
    let past = past(&files, 0.3);
    let jobs = |runner| cut(&found(runner, &files), Some(&past), &RULES).len();
    let (fresh, kept) = (jobs(RunnerKind::Unittest), jobs(RunnerKind::Pytest));
    assert!(fresh < kept, "{fresh} jobs of fresh processes, {kept} of processes that stay");
}

#[test]
fn a_file_that_is_longer_than_its_share_is_cut_by_its_tests() {
    let names: Vec<String> = (0..40).map(|test| format!("test_{test}")).collect();
    let long: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 2.0)).collect();
    let mut files = suite(10, 0.1);
    files.push(file("tests/test_long.py", &long));
    let past = past(&files, 0.2);
    let found_work = found(RunnerKind::Pytest, &files);
    let jobs = cut(&found_work, Some(&past), &RULES);
    check_exactly_once(&jobs, &files, "cut");
    let parts = jobs
        .iter()
        .filter(|job| runs(job, &files).iter().any(|id| id.starts_with("tests/test_long.py::")));
    assert!(parts.count() >= 4);
    let most = loads(&jobs, &files).into_iter().fold(0.0, f64::max);
    assert!(most <= 90.0 / 4.0, "the longest job takes {most} s of 90");
    // unittest is not told single tests of a module.
    let jobs = cut(&found(RunnerKind::Unittest, &files), Some(&past), &RULES);
    assert!(jobs.iter().all(|job| job.spec.part.as_ref().is_none_or(|part| part.only.is_empty())));
}

#[test]
fn few_serial_tests_keep_their_files_and_many_get_a_job_of_their_own() {
    let mut files = suite(40, 0.2);
    files[7].tests[2].2 = true;
    let found_work = found(RunnerKind::Pytest, &files);
    let past = past(&files, 0.2);
    let jobs = cut(&found_work, Some(&past), &RULES);
    let serial: Vec<&CutJob> = jobs.iter().filter(|job| !job.holds.is_empty()).collect();
    assert_eq!(serial.len(), 1);
    assert_eq!(runs(serial[0], &files).len(), 10, "the file with the mark, and nothing else");
    for file in files.iter_mut().step_by(2) {
        file.tests[0].2 = true;
    }
    let jobs = cut(&found(RunnerKind::Pytest, &files), Some(&past), &RULES);
    check_exactly_once(&jobs, &files, "many marks");
    let serial: Vec<&CutJob> = jobs.iter().filter(|job| !job.holds.is_empty()).collect();
    assert_eq!(serial.len(), 1);
    assert_eq!(runs(serial[0], &files).len(), 21);
}

#[test]
fn a_named_resource_is_held_by_its_name() {
    let mut files = suite(2, 0.01);
    files[0].tests[0].2 = true;
    let mut work = found(RunnerKind::Pytest, &files);
    work.sources[0].serial = Serial { marks: 1, plain: false, names: vec!["port".into()] };
    let jobs = cut(&work, None, &RULES);
    assert_eq!(jobs.len(), 1, "a small job holds what it needs as a whole");
    assert_eq!(jobs[0].holds, ["port".into()]);
    work.sources[1].serial = Serial { marks: 1, plain: true, names: vec![] };
    assert_eq!(cut(&work, None, &RULES)[0].holds, ["port".into(), "serial".into()]);
}

#[test]
fn shards_of_the_user_stay_and_serial_tests_leave_them() {
    let mut files = suite(9, 1.0);
    files[0].tests[0].2 = true;
    let past = past(&files, 0.2);
    let mut jobs = Vec::new();
    for number in 1..=3 {
        let mut work = found(RunnerKind::Pytest, &files);
        work.may_cut = MayCut::No;
        work.spec.shard = Some((number, 3));
        jobs.extend(cut(&work, Some(&past), &RULES));
    }
    let shards: Vec<_> = jobs.iter().map(|job| job.spec.shard).collect();
    assert_eq!(shards, [Some((1, 3)), None, Some((2, 3)), Some((3, 3))]);
    let holders: Vec<bool> = jobs.iter().map(|job| !job.holds.is_empty()).collect();
    assert_eq!(holders, [false, true, false, false]);
    assert_eq!(runs(&jobs[1], &files), ["tests/test_000.py::test_0"]);
}

#[test]
fn a_command_that_cuts_itself_is_cut_by_the_window() {
    let work = Work::Command {
        command: apex_config::model::CommandLine::Shell("run {shard}".to_owned()),
        discover: None,
        report: None,
    };
    let mut job = found(RunnerKind::Command, &[]);
    job.spec.work = work;
    let count = |guess: u64, window: u64| {
        let rules = Rules {
            guess: Duration::from_secs(guess),
            window: Duration::from_secs(window),
            most: 5,
            ..RULES
        };
        let jobs = cut(&job, None, &rules);
        assert!(jobs.len() == 1 || jobs[1].spec.shard == Some((2, jobs.len() as u32)));
        jobs.len()
    };
    assert_eq!([count(60, 900), count(1800, 900), count(36_000, 900)], [1, 2, 5]);
}

#[test]
fn large_jobs_come_first_and_small_ones_even_the_end_out() {
    let rules = Rules { width: 4, most: 64, ..RULES };
    let jobs = sizes(400.0, 0.2, &rules, true);
    assert!(jobs.len() > 8, "{jobs:?}");
    assert!(jobs.is_sorted_by(|one, other| one >= other), "{jobs:?}");
    assert!((jobs.iter().sum::<f64>() - 400.0).abs() < 1e-6);
    assert!(jobs[0] > 4.0 * jobs[jobs.len() - 1], "{jobs:?}");
    // The window bounds the longest.
    let windowed = Rules { window: Duration::from_secs(20), ..rules };
    assert!(sizes(400.0, 0.2, &windowed, true)[0] <= 22.0);
    // Nothing is gained where jobs run one after the other.
    assert_eq!(sizes(400.0, 0.2, &Rules { width: 1, ..rules }, true), [400.0]);
}

#[test]
fn small_work_is_cut_for_slots_that_nothing_else_uses() {
    let jobs = |total: f64, start: f64, idle_slots: u32| {
        sizes(total, start, &Rules { idle_slots, ..RULES }, true)
    };
    assert_eq!(jobs(1.0, 0.2, 0), [1.0], "its start is too large a share");
    assert_eq!(jobs(1.0, 0.2, 2), [0.5, 0.5]);
    assert_eq!(jobs(1.0, 0.2, 8), [0.5, 0.5], "a third start would cost over a quarter");
    assert_eq!(jobs(5.6, 1.0, 2), [2.8, 2.8]);
    assert_eq!(jobs(0.3, 0.2, 8), [0.3], "a second start would cost over a quarter");
}
