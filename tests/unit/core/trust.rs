//! What earlier runs let trust: whether a suite of Python is cut by files although nobody said so,
//! and what becomes of what fails in a part.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{CategoryName, RunnerKind};
use apex_core::event::{
    CategoryEvent, Event, JobEvent, ProcessEnd, RunEvent, RunResult, TestEvent,
};
use apex_core::history::{CategoryHistory, CuttingSample, JobSample, TestHistory, TestSample};
use apex_core::plan::{
    Cutting, FoundJob, FoundWork, JobSpec, MayCut, Part, Past, Serial, Source, Work, build,
};
use apex_core::report::{JobEnd, JobReport};
use apex_core::schedule::{Command, Input, Scheduler};
use apex_core::select::{Request, Target, select};
use apex_core::test_case::{TestCase, TestReport};
use apex_core::{AttemptNumber, History, JobIx, Moment, Outcome, Plan, RunId, oracle};

use super::support::config;

const DAY: u64 = 86_400_000;
const NOW: u64 = 20_000 * DAY;
const FILES: usize = 8;

const LAYERS: &str = "
layers:
  one: {name: One, categories: [{name: unit, runner: pytest, paths: [tests], retries: 0}]}
";

fn unit() -> CategoryName {
    CategoryName::new("unit").unwrap()
}

fn whole_spec() -> JobSpec {
    JobSpec {
        runner: RunnerKind::Pytest,
        working_directory: "".into(),
        work: Work::Tests {
            paths: vec!["tests".to_owned()],
            markers: None,
            keyword: None,
            ignore: Vec::new(),
            arguments: Vec::new(),
        },
        env: Arc::new(BTreeMap::new()),
        shard: None,
        part: None,
        found_by: "".into(),
    }
}

/// A suite of files of one test each.
fn suite(may_cut: MayCut, serial: u32) -> FoundJob {
    let source = |number| Source {
        path: format!("tests/test_{number}.py").into(),
        bytes: 100,
        tests: 1,
        serial: Serial { marks: serial, plain: serial > 0, names: Vec::new() },
    };
    FoundJob { spec: whole_spec(), sources: (0..FILES).map(source).collect(), may_cut }
}

/// A history in which each test took three seconds.
fn history(cuttings: Vec<CuttingSample>) -> History {
    let sample = TestSample {
        unix_millis: NOW - DAY,
        runs_ago: 0,
        commit: None,
        attempt: 1,
        outcome: Outcome::Passed,
        duration: Some(Duration::from_secs(3)),
    };
    let past = TestHistory { file: None, critical: false, samples: vec![sample] };
    let tests = (0..FILES).map(|file| (format!("tests/test_{file}.py::test").into(), past.clone()));
    let job = JobSample {
        runs_ago: 0,
        duration: Duration::from_millis(24_200),
        in_tests: Duration::from_secs(24),
        tests: FILES as u32,
        peak_memory_mb: None,
        beside: 0,
    };
    let category = CategoryHistory {
        tests: tests.collect(),
        jobs: vec![job],
        cuttings,
        ..CategoryHistory::default()
    };
    History { runs: 7, categories: [(unit(), category)].into() }
}

fn ran(days_ago: u64, parts: u32, whole: Option<bool>) -> CuttingSample {
    let commit = Some("c0ffee".into());
    CuttingSample { unix_millis: NOW - days_ago * DAY, commit, parts, whole, depends: None }
}

fn whole(days_ago: u64) -> CuttingSample {
    ran(days_ago, 0, Some(true))
}

fn parts(days_ago: u64) -> CuttingSample {
    ran(days_ago, 4, None)
}

fn depended(days_ago: u64) -> CuttingSample {
    CuttingSample { depends: Some("tests/test_3.py::test".into()), ..ran(days_ago, 4, Some(true)) }
}

fn plan_of(found: FoundJob, cuttings: Vec<CuttingSample>) -> Plan {
    let config = config(LAYERS);
    let target = Target::Categories(vec!["unit".to_owned()]);
    let request = Request { cores: Some(4), ..Request::new(target) };
    let selection = select(&config, &request).unwrap();
    let work: FoundWork = [(unit(), Ok(vec![found]))].into();
    let history = history(cuttings);
    build(&config, &selection, work, Past { history: &history, unix_millis: NOW }).unwrap()
}

#[track_caller]
fn check(cuttings: Vec<CuttingSample>, is_cut: bool, why: &str) {
    let plan = plan_of(suite(MayCut::OnTrust, 0), cuttings);
    let cutting = &plan.categories[0].cutting;
    assert_eq!(matches!(cutting, Cutting::Parts { .. }), is_cut, "{cutting:?}");
    assert!(cutting.why().contains(why), "{}", cutting.why());
    assert_eq!(plan.jobs.len() > 1, is_cut);
    for job in &plan.jobs {
        assert_eq!(job.undivided.as_deref(), is_cut.then(whole_spec).as_ref());
    }
}

#[test]
fn a_suite_is_cut_only_after_a_whole_run_of_it_passed() {
    check(vec![], false, "no whole run of it has passed yet");
    check(vec![ran(1, 0, Some(false))], false, "no whole run of it has passed yet");
    check(vec![whole(1)], true, "by files: 1 whole run passed");
    check(vec![parts(1), whole(2), whole(3)], true, "by files: 2 whole runs passed");
}

#[test]
fn after_a_whole_run_that_failed_it_stays_whole_until_one_passes() {
    check(vec![ran(1, 0, Some(false)), whole(2)], false, "its last whole run failed");
    check(vec![ran(1, 4, Some(false)), whole(2)], false, "its last whole run failed");
    check(vec![parts(1), ran(2, 0, Some(false)), whole(3)], false, "its last whole run failed");
    check(vec![whole(1), ran(2, 0, Some(false))], true, "1 whole run passed");
}

#[test]
fn what_depended_on_its_order_keeps_the_suite_whole_for_some_runs_or_days() {
    let why = "tests/test_3.py::test depended on what runs before or beside it";
    check(vec![depended(0), depended(1), whole(2)], false, why);
    let twice = [depended(1), depended(1)];
    check([&[whole(0)], &twice[..]].concat(), false, "a day ago; 14 more whole runs");
    let runs = |count: usize| [vec![whole(0); count], twice.to_vec()].concat();
    check(runs(14), false, "1 more whole runs");
    check(runs(15), true, "17 whole runs passed");
    check(vec![whole(0), depended(14), depended(15)], true, "3 whole runs passed");
}

#[test]
fn once_may_be_chance() {
    let once = "failed in a part and not in the whole, once, a day ago";
    check(vec![depended(1), whole(2)], true, once);
    check(vec![parts(0), depended(1), whole(2)], true, once);
    check(vec![depended(0), depended(20), whole(21)], true, "once, less than a day ago");
}

#[test]
fn what_has_no_room_for_a_check_in_its_layer_is_not_cut() {
    let plan = |minutes: &str| {
        let layer = format!("name: One, max_duration_minutes: {minutes}");
        let config = config(&LAYERS.replace("name: One", &layer));
        let selection =
            select(&config, &Request::new(Target::Layers(vec!["one".to_owned()]))).unwrap();
        let work: FoundWork = [(unit(), Ok(vec![suite(MayCut::OnTrust, 0)]))].into();
        let history = history(vec![whole(1)]);
        build(&config, &selection, work, Past { history: &history, unix_millis: NOW }).unwrap()
    };
    // Its tests take 24 s.
    let tight = plan("0.7");
    assert!(tight.categories[0].cutting.why().contains("might not fit the budget"));
    assert_eq!(tight.jobs.len(), 1);
    assert!(plan("1").jobs.len() > 1);
}

#[test]
fn a_failure_that_parts_had_hidden_switches_cutting_off() {
    let hidden = vec![whole(0), ran(1, 0, Some(false)), parts(2), whole(3)];
    check(hidden.clone(), false, "on a commit on which its parts had passed");
    let mut other_commit = hidden;
    other_commit[1].commit = Some("beef".into());
    check(other_commit, true, "2 whole runs passed");
}

#[test]
fn now_and_then_it_runs_whole() {
    let mut runs = vec![parts(0); 15];
    runs.push(whole(1));
    check(runs.clone(), false, "the last 15 runs were in parts");
    runs.remove(0);
    check(runs, true, "1 whole run passed");
    let is_whole = |runs: u32| {
        let config = config(LAYERS);
        let target = Target::Categories(vec!["unit".to_owned()]);
        let selection = select(&config, &Request::new(target)).unwrap();
        let work: FoundWork = [(unit(), Ok(vec![suite(MayCut::OnTrust, 0)]))].into();
        let history = History { runs, ..history(vec![whole(1)]) };
        let past = Past { history: &history, unix_millis: NOW };
        let plan = build(&config, &selection, work, past).unwrap();
        plan.categories[0].cutting.why().contains("a sample")
    };
    let samples = (0..1_000).filter(|runs| is_whole(*runs)).count();
    assert!((20..=90).contains(&samples), "{samples} of 1,000 runs");
}

#[test]
fn trust_cuts_no_file_and_leaves_alone_what_it_is_not_asked_about() {
    let plan = plan_of(suite(MayCut::OnTrust, 0), vec![whole(1)]);
    for job in &plan.jobs {
        let part = job.spec.part.as_ref().unwrap();
        assert!(part.only.is_empty() && part.without.is_empty(), "{part:?}");
    }
    for (found, jobs) in [(MayCut::Freely, 2..99), (MayCut::No, 1..2)] {
        let plan = plan_of(suite(found, 0), vec![whole(1)]);
        assert_eq!(plan.categories[0].cutting, Cutting::AsWritten);
        assert!(jobs.contains(&plan.jobs.len()) && plan.jobs[0].undivided.is_none());
    }
}

#[test]
fn tests_that_must_not_overlap_are_one_part_and_a_check_of_the_whole_holds_what_they_hold() {
    let marked = |found: &mut FoundJob| {
        found.sources[0].serial = Serial { marks: 1, plain: true, names: Vec::new() };
    };
    let mut found = suite(MayCut::OnTrust, 0);
    marked(&mut found);
    let plan = plan_of(found.clone(), vec![]);
    assert_eq!((plan.jobs.len(), plan.jobs[0].holds.len()), (1, 1), "whole, it holds its name");
    let plan = plan_of(found, vec![whole(1)]);
    let holders = plan.jobs.iter().filter(|job| !job.holds.is_empty()).count();
    assert!(plan.jobs.len() > 2, "{}", plan.jobs.len());
    assert_eq!(holders, 1, "one part has the tests that must not overlap");
    let together = plan.split_among(2);
    let machines = &together.matrix.as_ref().unwrap().parts;
    assert!(machines.iter().all(|part| *part == machines[0]), "a machine checks for itself only");
}

/// A plan of one category in so many parts on trust.
fn in_parts(count: u32, retries: u32) -> Plan {
    let mut plan = plan_of(suite(MayCut::No, 0), vec![]);
    let mut job = plan.jobs.remove(0);
    job.undivided = Some(Arc::new(whole_spec()));
    for number in 1..=count {
        job.spec.part = Some(Arc::new(Part { number, of: count, ..Part::default() }));
        plan.jobs.push(job.clone());
    }
    plan.categories[0].work = apex_core::plan::CategoryWork::Jobs { first: JobIx(0), count };
    plan.categories[0].retries = retries;
    plan
}

/// Runs tests to these outcomes in the attempt of a job, in the order of the list.
type Attempt<'a> = (&'a [(&'a str, Outcome)], ProcessEnd, Option<&'a str>);

/// What a scheduler made of a run.
#[derive(Debug, Default)]
struct Ran {
    /// Attempts that ran the whole, as job and number.
    wholes: Vec<(u32, u32)>,
    dependent: Vec<String>,
    settled: BTreeMap<String, Vec<Outcome>>,
    jobs: Vec<(u32, Outcome)>,
    result: RunResult,
}

/// Feeds a scheduler with the attempts that `act` makes of jobs.
fn run(plan: Plan, act: impl Fn(JobIx, AttemptNumber, bool) -> Attempt<'static>) -> Ran {
    let mut scheduler = Scheduler::new(Arc::new(plan), RunId::new("run"), 0);
    let mut ran = Ran::default();
    let mut stream = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    let mut inputs = std::collections::VecDeque::from([Input::Begin]);
    let mut now = Moment::START;
    while let Some(input) = inputs.pop_front() {
        now = now.plus(Duration::from_millis(10));
        scheduler.handle(now, input);
        while let Some(event) = scheduler.next_event() {
            now = now.plus(Duration::from_nanos(1));
            match &event {
                Event::Category(_, CategoryEvent::DependsOnOrder { what }) => {
                    ran.dependent.push(what.to_string());
                }
                Event::Test(_, TestEvent::Discovered { cases, .. }) => {
                    ids.extend(cases.iter().map(|case| case.id.to_string()));
                }
                Event::Test(_, TestEvent::Settled { test, outcome }) => {
                    ran.settled.entry(ids[test.position()].clone()).or_default().push(*outcome);
                }
                Event::Job(job, JobEvent::Finished { outcome, .. }) => {
                    ran.jobs.push((job.0, *outcome));
                }
                Event::Run(RunEvent::Finished(result)) => ran.result = result.clone(),
                _ => {}
            }
            let seq = stream.len() as u64;
            stream.push(apex_core::Envelope { seq, at: now, event });
        }
        while let Some(command) = scheduler.next_command() {
            let Command::StartJob { job, attempt, whole, .. } = command else { continue };
            if whole {
                ran.wholes.push((job.0, attempt.0));
            }
            inputs.extend(reports(act(job, attempt, whole)).map(|report| Input::Job {
                job,
                attempt,
                report,
            }));
        }
    }
    assert!(scheduler.is_finished());
    assert_eq!(oracle::judge(&stream), []);
    ran
}

fn reports((tests, end, problem): Attempt<'static>) -> impl Iterator<Item = JobReport> {
    let case = |id: &str| TestCase {
        id: id.into(),
        suite: id.into(),
        name: id.into(),
        file: None,
        line: None,
        critical: false,
    };
    let cases: Vec<TestCase> = tests.iter().map(|(id, _)| case(id)).collect();
    let finished = tests.iter().enumerate().map(|(number, (_, outcome))| {
        let report = TestReport { outcome: *outcome, duration: None, failure: None };
        JobReport::TestFinished { test: u32::try_from(number).unwrap(), report }
    });
    let problem = problem.map(str::to_owned);
    let duration = Duration::ZERO;
    let end = JobEnd {
        end,
        problem,
        nothing_to_run: false,
        duration,
        peak_memory_mb: None,
        cpu_time: None,
        out_of_memory: None,
    };
    let begin = std::iter::once(JobReport::Discovered(cases));
    begin.chain(finished.collect::<Vec<_>>()).chain([JobReport::Ended(end)])
}

use Outcome::{Failed, Flaky, Passed};

const GOOD: ProcessEnd = ProcessEnd::Exited(0);
const BAD: ProcessEnd = ProcessEnd::Exited(1);

#[test]
fn what_fails_in_parts_and_passes_whole_is_green_and_named() {
    let ran = run(in_parts(3, 0), |job, _, whole| match (job.0, whole) {
        (_, true) => (&[("a", Passed), ("b", Passed), ("c", Passed), ("d", Passed)], GOOD, None),
        (0, _) => (&[("a", Passed)], GOOD, None),
        (1, _) => (&[("b", Failed), ("d", Passed)], BAD, None),
        _ => (&[("c", Failed)], BAD, None),
    });
    assert_eq!(ran.wholes, [(1, 2)], "the whole runs once, whatever the number of parts");
    assert_eq!(ran.dependent, ["b", "c"]);
    assert_eq!(ran.result, RunResult::default());
    assert!(ran.settled.values().all(|outcomes| *outcomes == [Passed]), "{ran:?}");
    assert!(ran.jobs.iter().all(|(_, outcome)| *outcome == Passed), "{ran:?}");
}

#[test]
fn what_fails_in_a_part_and_in_the_whole_is_a_failure() {
    let ran = run(in_parts(2, 0), |job, _, whole| match (job.0, whole) {
        (_, true) => (&[("a", Passed), ("b", Failed)], BAD, None),
        (0, _) => (&[("a", Passed)], GOOD, None),
        _ => (&[("b", Failed)], BAD, None),
    });
    assert!(ran.result.tests_failed && ran.dependent.is_empty(), "{ran:?}");
    assert_eq!(ran.settled["b"], [Failed]);
}

#[test]
fn what_passes_in_its_part_and_fails_in_the_whole_is_a_failure_too() {
    let ran = run(in_parts(2, 0), |job, _, whole| match (job.0, whole) {
        (_, true) => (&[("a", Failed), ("b", Passed)], BAD, None),
        (0, _) => (&[("a", Passed)], GOOD, None),
        _ => (&[("b", Failed)], BAD, None),
    });
    assert!(ran.result.tests_failed, "{ran:?}");
    assert_eq!(
        (&ran.settled["a"][..], &ran.settled["b"][..]),
        (&[Passed, Failed][..], &[Passed][..])
    );
}

#[test]
fn retries_come_after_the_whole_run_for_whatever_still_fails() {
    let ran = run(in_parts(2, 1), |job, attempt, whole| match (job.0, attempt.0, whole) {
        (_, 3, _) => (&[("b", Passed)], GOOD, None),
        (_, _, true) => (&[("a", Passed), ("b", Failed)], BAD, None),
        (0, ..) => (&[("a", Failed)], BAD, None),
        _ => (&[("b", Failed)], BAD, None),
    });
    assert_eq!(ran.wholes, [(0, 2), (0, 3)]);
    assert_eq!(ran.dependent, ["a"]);
    assert_eq!((&ran.settled["a"][..], &ran.settled["b"][..]), (&[Passed][..], &[Flaky][..]));
    assert!(!ran.result.tests_failed, "{ran:?}");
}

#[test]
fn a_part_that_breaks_without_a_failed_test_is_checked_as_well() {
    let broken = |whole_breaks: bool| {
        run(in_parts(2, 0), move |job, _, whole| match (job.0, whole) {
            (_, true) if whole_breaks => {
                (&[("a", Passed)], ProcessEnd::Exited(2), Some("no import"))
            }
            (_, true) => (&[("a", Passed), ("b", Passed)], GOOD, None),
            (0, _) => (&[("a", Passed)], GOOD, None),
            _ => (&[], ProcessEnd::Exited(2), Some("1 file could not be collected")),
        })
    };
    let fine = broken(false);
    assert_eq!(fine.result, RunResult::default());
    assert_eq!(fine.dependent, ["part 2 of 2"]);
    let bad = broken(true);
    assert!(bad.result.tests_failed || bad.result.environment_failed, "{bad:?}");
}
