//! The order of jobs: what failed last, then what is new, then the longest; and why.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{CategoryName, CommandLine, RunnerKind};
use apex_core::history::{CategoryHistory, TestHistory, TestSample};
use apex_core::plan::{FoundWork, JobSpec, Past, Work, build};
use apex_core::select::{Request, Target, select};
use apex_core::{History, Outcome, Plan};

use super::support::config;

/// A category that is one command, and how its one test ended in each run, the latest first, with
/// what it took in seconds; no run knows it when there is none.
type Given<'a> = (&'a str, &'a [Outcome], u64);

fn past_of(outcomes: &[Outcome], seconds: u64) -> CategoryHistory {
    let sample = |(runs_ago, &outcome): (u32, &Outcome)| TestSample {
        unix_millis: 0,
        runs_ago,
        commit: None,
        attempt: 1,
        outcome,
        duration: Some(Duration::from_secs(seconds)),
    };
    let samples = (0..).zip(outcomes).map(sample).collect();
    let test = TestHistory { file: None, critical: false, samples };
    CategoryHistory { tests: BTreeMap::from([("test".into(), test)]), ..Default::default() }
}

fn plan_of(entries: &str, given: &[Given<'_>]) -> Plan {
    let config = config(&format!("categories: {{{entries}}}\n"));
    let name = |name: &str| CategoryName::new(name).unwrap();
    let known = given.iter().filter(|(_, outcomes, _)| !outcomes.is_empty());
    let categories: HashMap<_, _> =
        known.map(|(of, outcomes, seconds)| (name(of), past_of(outcomes, *seconds))).collect();
    let history = History { runs: 3, categories };
    let spec = JobSpec {
        runner: RunnerKind::Command,
        working_directory: "".into(),
        work: Work::Command {
            command: CommandLine::Shell("true".to_owned()),
            discover: None,
            report: None,
        },
        env: Arc::default(),
        shard: None,
        part: None,
        found_by: "".into(),
    };
    let work: FoundWork =
        given.iter().map(|(of, ..)| (name(of), Ok(vec![spec.clone().into()]))).collect();
    let names = given.iter().map(|(of, ..)| (*of).to_owned()).collect();
    let selection = select(&config, &Request::new(Target::Categories(names))).unwrap();
    build(&config, &selection, work, Past { history: &history, unix_millis: 0 }).unwrap()
}

/// The categories in the order of their turns.
fn order(plan: &Plan) -> Vec<&str> {
    let mut jobs: Vec<_> = plan.jobs.iter().collect();
    jobs.sort_by_key(|job| job.turn);
    jobs.into_iter().map(|job| plan.category(job.category).name.as_str()).collect()
}

const KNOWN: [Given<'static>; 4] = [
    ("quick", &[Outcome::Passed, Outcome::Failed], 1),
    ("long", &[Outcome::Passed, Outcome::Passed], 60),
    ("failed", &[Outcome::Failed, Outcome::Passed], 5),
    ("fresh", &[], 0),
];

#[test]
fn failed_tests_come_first_then_new_ones_then_the_longest() {
    let plan = plan_of("quick: {}, long: {}, failed: {}, fresh: {}", &KNOWN);
    assert_eq!(order(&plan), ["failed", "fresh", "long", "quick"]);
    let first = plan.jobs.iter().find(|job| job.turn == 0).unwrap();
    assert_eq!(&*first.why, "first because test failed in its last run");
}

#[test]
fn critical_categories_come_before_longer_ones_and_after_failed_ones() {
    let plan = plan_of("quick: {priority: critical}, long: {}, failed: {}, fresh: {}", &KNOWN);
    assert_eq!(order(&plan), ["failed", "fresh", "quick", "long"]);
}

#[test]
fn jobs_that_hold_one_name_come_as_early_as_all_of_them_deserve() {
    let given: [Given<'_>; 3] = [
        ("alone", &[Outcome::Passed], 50),
        ("one", &[Outcome::Passed], 40),
        ("other", &[Outcome::Passed], 30),
    ];
    let plan = plan_of("alone: {}, one: {serial: port}, other: {serial: port}", &given);
    assert_eq!(order(&plan), ["one", "other", "alone"]);
}
