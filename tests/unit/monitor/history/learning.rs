//! What a run leaves, and what the next one gets to know.

use std::time::Duration;

use apex_core::event::{Event, JobEvent, ProcessEnd, RunResult, StopCause, TestEvent};
use apex_core::history::{JobSample, MOST_SAMPLES, TestSample};
use apex_core::test_case::TestCase;
use apex_core::{AttemptNumber, History, JobIx, Outcome, Sink, TestIx};
use apex_monitor::history::{HistoryFile, Limits, Recorder};

use super::super::stream::{Stream, case, failure, plan};
use super::{add, everything, file, name, outcomes, past_of, run, test};

const LIMITS: Limits = Limits { days: 100_000, bytes: u64::MAX };

/// Records a stream in batches.
fn record(file: &HistoryFile, stream: &Stream) {
    let mut recorder = Recorder::new(file.clone(), LIMITS);
    for batch in stream.envelopes.chunks(3) {
        recorder.accept(batch, &stream.view).unwrap();
    }
    recorder.close(&stream.view).unwrap();
}

/// A job of a category of each layer: `unit` tries a failed test again, `api` is stopped.
fn stream() -> Stream {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 1)]), ("slow", 60, &[("api", 0)])]));
    stream.at(1.0).job_starts(0).job_starts(1);
    let first = stream.discover(0, &["a.py::one", "a.py::two"]);
    stream.runs(first, Outcome::Passed);
    stream.starts(first + 1, 1).ends(first + 1, 1, Outcome::Failed, None);
    stream.starts(first + 1, 2).ends(first + 1, 2, Outcome::Passed, None);
    stream.settles(first + 1, Outcome::Flaky);
    stream.at(5.002).job_ends(0, Outcome::Passed, "");
    stream.push(Event::Job(JobIx(1), JobEvent::Terminated { cause: StopCause::LayerBudget }));
    stream.job_ends(1, Outcome::TimedOut, "its time was over");
    stream.at(6.0).finish(RunResult::default());
    stream
}

#[test]
fn every_attempt_of_a_test_is_kept_the_latest_first() {
    let (_state, file) = file();
    record(&file, &stream());
    let history = everything(&file);
    assert_eq!(history.runs, 1);
    assert_eq!(outcomes(&history, "a.py::one"), [Outcome::Passed]);
    let sample = |attempt, outcome| TestSample {
        unix_millis: 1_790_000_000_000,
        runs_ago: 0,
        commit: Some("5e88531e5e88531e5e88531e5e88531e5e88531e".into()),
        attempt,
        outcome,
        duration: Some(Duration::from_millis(1250)),
    };
    let expected = [sample(2, Outcome::Passed), sample(1, Outcome::Failed)];
    assert_eq!(past_of(&history, "a.py::two").samples, expected);
}

#[test]
fn a_job_is_kept_with_what_it_took_and_a_stopped_one_teaches_nothing() {
    let (_state, file) = file();
    record(&file, &stream());
    let history = everything(&file);
    let expected = JobSample {
        runs_ago: 0,
        duration: Duration::from_millis(4001),
        in_tests: Duration::from_millis(3750),
        tests: 3,
        peak_memory_mb: None,
        beside: 0,
    };
    assert_eq!(history.category(&name("unit")).unwrap().jobs, [expected]);
    assert!(history.category(&name("api")).is_none(), "{history:?}");
    assert_eq!(file.summary().unwrap().job_attempts, 2, "it is kept all the same");
}

#[test]
fn jobs_that_run_at_the_same_time_are_counted_beside_each_other() {
    let (_state, file) = file();
    let mut stream = Stream::of(plan(&[("fast", 60, &[("a", 0), ("b", 0), ("c", 0)])]));
    stream.job_starts(0).job_starts(1).job_ends(0, Outcome::Passed, "").job_starts(2);
    stream.job_ends(1, Outcome::Passed, "").job_ends(2, Outcome::Passed, "");
    stream.finish(RunResult::default());
    record(&file, &stream);
    let history = everything(&file);
    for (category, beside) in [("a", 0), ("b", 1), ("c", 1)] {
        let jobs = &history.category(&name(category)).unwrap().jobs;
        assert_eq!(jobs.iter().map(|job| job.beside).collect::<Vec<_>>(), [beside], "{category}");
    }
}

#[test]
fn a_command_without_a_list_of_tests_is_a_test_by_itself_and_costs_one_row() {
    let (_state, file) = file();
    let mut stream = Stream::of(plan(&[("fast", 60, &[("lint", 0), ("slow", 0)])]));
    stream.job_starts(0).job_starts(1);
    let lint = stream.discover(0, &["lint"]);
    let slow = stream.discover(1, &["slow"]);
    stream.fails(lint, failure("exit code 1", "")).job_ends(0, Outcome::Failed, "");
    stream.push(Event::Job(JobIx(1), JobEvent::Killed)).runs(slow, Outcome::TimedOut);
    stream.job_ends(1, Outcome::TimedOut, "").finish(RunResult::default());
    record(&file, &stream);
    let history = everything(&file);
    for (id, outcome, jobs) in [("lint", Outcome::Failed, 1), ("slow", Outcome::TimedOut, 0)] {
        let category = history.category(&name(id)).unwrap();
        let samples = category.tests[id].samples.iter();
        assert_eq!(samples.map(|sample| sample.outcome).collect::<Vec<_>>(), [outcome], "{id}");
        assert_eq!(category.jobs.len(), jobs, "{id}");
    }
    let summary = file.summary().unwrap();
    assert_eq!((summary.tests, summary.test_attempts, summary.job_attempts), (2, 2, 2));
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    let rows = "SELECT (SELECT count(*) FROM tests) + (SELECT count(*) FROM test_attempts)";
    assert_eq!(connection.query_row(rows, [], |row| row.get::<_, u32>(0)), Ok(0));
}

#[test]
fn a_job_that_never_started_teaches_nothing() {
    let (_state, file) = file();
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.job_starts(0);
    let end = ProcessEnd::NotStarted("`make` was not found".to_owned());
    let attempt = AttemptNumber::FIRST;
    stream.push(Event::Job(
        JobIx(0),
        JobEvent::AttemptFinished { attempt, end, peak_memory_mb: None, cpu_time: None },
    ));
    stream.finish(RunResult { environment_failed: true, ..RunResult::default() });
    record(&file, &stream);
    assert_eq!(everything(&file), History { runs: 1, ..History::default() });
}

#[test]
fn a_test_that_did_not_run_adds_no_time_and_no_duration_where_none_is_known() {
    let (_state, file) = file();
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.at(1.0).job_starts(0);
    let first = stream.discover(0, &["a.py::skipped"]);
    let skipped = TestEvent::Finished {
        test: TestIx(first),
        attempt: AttemptNumber::FIRST,
        outcome: Outcome::Skipped,
        duration: None,
        failure: None,
    };
    stream.push(Event::Test(JobIx(0), skipped));
    stream.job_ends(0, Outcome::Passed, "").finish(RunResult::default());
    record(&file, &stream);
    let history = everything(&file);
    let job = history.category(&name("unit")).unwrap().jobs[0].clone();
    assert_eq!((job.tests, job.in_tests), (0, Duration::ZERO));
    assert_eq!(past_of(&history, "a.py::skipped").samples[0].duration, None);
}

#[test]
fn the_file_of_a_test_is_kept_unless_it_is_a_path_of_this_machine_alone() {
    let (_state, file) = file();
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.job_starts(0);
    let cases = vec![
        TestCase { file: Some("tests/a.py".into()), critical: true, ..case("one") },
        TestCase { file: Some("/home/me/tests/a.py".into()), ..case("two") },
    ];
    stream.push(Event::Test(JobIx(0), TestEvent::Discovered { first: TestIx(0), cases }));
    stream.runs(0, Outcome::Passed).runs(1, Outcome::Passed);
    stream.job_ends(0, Outcome::Passed, "").finish(RunResult::default());
    record(&file, &stream);
    let history = everything(&file);
    assert_eq!(past_of(&history, "one").file.as_deref(), Some("tests/a.py"));
    assert!(past_of(&history, "one").critical);
    assert_eq!(past_of(&history, "two").file, None);
}

#[test]
fn a_run_is_added_once_and_the_same_id_at_another_time_is_another_run() {
    let (_state, file) = file();
    assert!(add(&file, &run("1", 0), &[("a", Outcome::Passed)]));
    assert!(!add(&file, &run("1", 0), &[("a", Outcome::Failed)]));
    assert!(add(&file, &run("1", 1), &[("a", Outcome::Failed)]));
    assert!(add(&file, &run("2", 1), &[("a", Outcome::Skipped)]), "in the same millisecond");
    let history = everything(&file);
    assert_eq!(history.runs, 3);
    assert_eq!(outcomes(&history, "a").last(), Some(&Outcome::Passed));
}

#[test]
fn runs_are_ordered_by_their_beginning_whenever_they_are_added() {
    let (_state, file) = file();
    for (id, hours, outcome) in
        [("3", 3, Outcome::Failed), ("1", 1, Outcome::Passed), ("2", 2, Outcome::Errored)]
    {
        add(&file, &run(id, hours), &[("a", outcome)]);
    }
    let history = everything(&file);
    assert_eq!(outcomes(&history, "a"), [Outcome::Failed, Outcome::Errored, Outcome::Passed]);
    let ago: Vec<u32> = past_of(&history, "a").samples.iter().map(|one| one.runs_ago).collect();
    assert_eq!(ago, [0, 1, 2]);
}

#[test]
fn at_most_so_many_samples_are_read_and_a_test_that_seldom_runs_is_still_found() {
    let (_state, file) = file();
    add(&file, &run("seldom", 0), &[("seldom", Outcome::Failed)]);
    let ids: Vec<String> = (1..=60).map(|number| format!("{number}")).collect();
    for (hours, id) in ids.iter().enumerate() {
        let outcome = if hours < 60 - MOST_SAMPLES { Outcome::Failed } else { Outcome::Passed };
        add(&file, &run(id, hours as u64 + 1), &[("often", outcome)]);
    }
    let history = everything(&file);
    assert_eq!(outcomes(&history, "often"), [Outcome::Passed; MOST_SAMPLES]);
    assert_eq!(past_of(&history, "seldom").samples[0].runs_ago, 60);
    assert_eq!(history.category(&name("unit")).unwrap().jobs.len(), MOST_SAMPLES);
}

#[test]
fn a_commit_is_told_only_where_its_files_were_tested() {
    let (_state, file) = file();
    for (id, hours, is_changed) in [("1", 1, Some(true)), ("2", 2, None), ("3", 3, Some(false))] {
        let run = super::RunRow { is_changed, ..run(id, hours) };
        add(&file, &run, &[("a", Outcome::Passed)]);
    }
    let samples = past_of(&everything(&file), "a").samples;
    let commits: Vec<Option<&str>> = samples.iter().map(|one| one.commit.as_deref()).collect();
    assert_eq!(commits, [Some("c0ffee"), None, None]);
}

#[test]
fn only_the_categories_that_are_wanted_are_read() {
    let (_state, file) = file();
    let tests = ["unit", "api"].map(|category| test(category, "a", Outcome::Passed));
    file.add(&run("1", 0), std::iter::empty(), tests.into_iter()).unwrap();
    let history = file.read(Some(&[name("api"), name("never_run")])).unwrap();
    let names: Vec<&str> = history.categories.keys().map(|name| name.as_str()).collect();
    assert_eq!((history.runs, names), (1, vec!["api"]));
}

#[test]
fn several_tests_of_one_id_are_one_test() {
    let (_state, file) = file();
    let run = run("1", 0);
    assert!(add(&file, &run, &[("a", Outcome::Failed), ("a", Outcome::Passed)]));
    assert_eq!(outcomes(&everything(&file), "a"), [Outcome::Failed]);
}

#[test]
fn what_is_known_of_a_test_is_what_was_said_last() {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    let moved = super::TestRow {
        file: Some("tests/moved.py"),
        critical: true,
        ..test("unit", "a", Outcome::Passed)
    };
    file.add(&run("2", 1), std::iter::empty(), std::iter::once(moved)).unwrap();
    let past = past_of(&everything(&file), "a");
    assert_eq!((past.file.as_deref(), past.critical), (Some("tests/moved.py"), true));
    assert_eq!(past.samples.len(), 2);
}

#[test]
fn inputs_that_passed_and_samples_that_failed_are_remembered() {
    let (_state, file) = file();
    for (id, hours, fingerprint, is_sample, passed) in [
        ("1", 1, "d1-c1", false, true),
        ("2", 2, "d1-c2", false, false),
        ("3", 3, "d1-c3", true, true),
        ("4", 4, "d1-c4", true, false),
    ] {
        let inputs = vec![super::inputs("unit", fingerprint, is_sample, passed)];
        let run = super::RunRow { inputs, ..run(id, hours) };
        file.add(&run, [super::job("unit")].into_iter(), std::iter::empty()).unwrap();
    }
    let history = everything(&file);
    let unit = history.category(&name("unit")).unwrap();
    let seen = |seen: &[apex_core::history::InputsSeen]| -> Vec<String> {
        seen.iter().map(|one| format!("{} {}", one.run, one.fingerprint)).collect()
    };
    assert_eq!(seen(&unit.passes), ["3 d1-c3", "1 d1-c1"]);
    assert_eq!(seen(&unit.misses), ["4 d1-c4"], "a failure that a change explains is none");
}
