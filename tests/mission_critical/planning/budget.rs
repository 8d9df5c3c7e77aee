//! Budgets of a layer that chooses: whether they are kept, and how many faults are found in them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::CategoryName;
use apex_config::{Config, Document, Documents, Overlay, Surroundings, load_documents};
use apex_core::event::ProcessEnd;
use apex_core::history::{CategoryHistory, TestHistory};
use apex_core::plan::split::{Content, CutJob};
use apex_core::plan::{FoundWork, Past, Plan, build};
use apex_core::report::{JobEnd, JobReport};
use apex_core::schedule::{Command, Input, Scheduler};
use apex_core::select::{Request, Target, select};
use apex_core::test_case::{TestCase, TestReport};
use apex_core::{AttemptNumber, History, JobIx, Moment, Outcome, RunId};
use apex_tests::random::Random;

use super::suite::{Mix, Suite, at_share, normal, sample, seeds};

const SLOTS: u32 = 4;
const GRACE: f64 = 10.0;
const RUNS: u32 = 12;

/// A suite, the hidden chance of each test to show a fault, and what twelve runs taught.
struct World {
    suite: Suite,
    history: History,
    config: Config,
    budget: f64,
    chances: Vec<f64>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed * 31 + 5);
        let mix = random.pick(&[Mix::Mixed, Mix::Heavy, Mix::Pareto]);
        let suite = Suite::new(mix, 400, seed);
        // One test in twenty guards code that changes: it fails in one run of ten.
        let guards = |random: &mut Random| if random.percent(5) { 0.10 } else { 0.001 };
        let chances: Vec<f64> = suite.tests.iter().map(|_| guards(&mut random)).collect();
        let mut past = suite.taught(0.0, 0.2, &mut random);
        for (test, chance) in suite.tests.iter().zip(&chances) {
            // A choice was made in those runs, too: every test has run in most of them.
            let mut samples = Vec::new();
            for ago in 0..RUNS {
                if random.percent(70) {
                    let is_bad = random.share() < *chance;
                    let outcome = if is_bad { Outcome::Failed } else { Outcome::Passed };
                    let noise = (0.3 * normal(&mut random)).exp();
                    samples.push(sample(ago, outcome, test.seconds * noise));
                }
            }
            let file = Some(suite.files[test.file].as_str().into());
            past.tests.insert(Arc::clone(&test.id), TestHistory { file, critical: false, samples });
        }
        let total: f64 = suite.tests.iter().map(|test| test.seconds).sum();
        let budget = (total / f64::from(SLOTS) * 0.4).clamp(6.0, 3600.0);
        let config = config(budget / 60.0);
        Self { history: history(past), suite, config, budget, chances }
    }

    fn plan(&self) -> Plan {
        let request = Request::new(Target::Layers(vec!["fast_feedback".to_owned()]));
        let request = Request { jobs: Some(SLOTS), ..request };
        let selection = select(&self.config, &request).unwrap();
        let unit = CategoryName::new("unit").unwrap();
        let work = FoundWork::from([(unit, Ok(vec![self.suite.found()]))]);
        let past = Past { history: &self.history, unix_millis: 1_000_000_000 };
        build(&self.config, &selection, work, past).unwrap()
    }
}

fn history(past: CategoryHistory) -> History {
    let unit = CategoryName::new("unit").unwrap();
    History { runs: RUNS, categories: [(unit, past)].into() }
}

fn config(minutes: f64) -> Config {
    let seconds = (minutes * 60.0).floor();
    let text = format!(
        "apex: 1
layers:
  fast_feedback:
    name: Fast
    max_duration_minutes: {minutes}
    grace_seconds: {GRACE}
    resource_limits: {{max_parallel_instances: {SLOTS}, max_memory_mb: 2048}}
    categories: [{{name: unit, max_parallel_instances: {SLOTS}, timeout_seconds: {seconds}, split: {{max_shards: 64, window_minutes: 600}}}}]
"
    );
    let mut documents = Documents::default();
    documents.layer_file = Some(Document::new("apex.yaml", &text));
    let variables = BTreeMap::new();
    let flags = Overlay::flags();
    let surroundings =
        Surroundings { environment: None, variables: &variables, today: None, flags };
    match load_documents(&documents, surroundings) {
        Ok(resolved) => resolved.config,
        Err(failure) => panic!("{:#?}", failure.problems),
    }
}

/// What a replay of a plan came to.
struct Replay {
    /// When the last process had ended.
    end: f64,
    /// Positions of the tests that came to their end.
    ran: HashSet<usize>,
}

/// Runs a plan through the scheduler with these durations; a program that is asked to end does
/// so at once, one in five hundred only after nearly all of its grace.
fn replay(world: &World, plan: &Arc<Plan>, seconds: &[f64], random: &mut Random) -> Replay {
    let tests: Vec<Vec<usize>> = plan
        .jobs
        .iter()
        .map(|job| {
            let cut = CutJob { spec: job.spec.clone(), holds: vec![], content: Content::default() };
            world.suite.tests_of(&cut)
        })
        .collect();
    let mut scheduler = Scheduler::new(Arc::clone(plan), RunId::new("replay"), 0);
    let mut ahead: BinaryHeap<Reverse<(Moment, u32, bool)>> = BinaryHeap::new();
    let mut replay = Replay { end: 0.0, ran: HashSet::new() };
    let mut started: Vec<Option<Moment>> = vec![None; plan.jobs.len()];
    let mut now = Moment::START;
    let start = 0.2;
    scheduler.handle(now, Input::Begin);
    loop {
        while let Some(command) = scheduler.next_command() {
            match command {
                Command::StartJob { job, .. } => {
                    started[job.position()] = Some(now);
                    let takes: f64 = tests[job.position()].iter().map(|&at| seconds[at]).sum();
                    let end = now.plus(Duration::from_secs_f64(start + takes));
                    ahead.push(Reverse((end, job.0, true)));
                }
                Command::TerminateJob(job) => {
                    let late = if random.share() < 0.002 { GRACE * 0.9 } else { 0.02 };
                    ahead.push(Reverse((now.plus(Duration::from_secs_f64(late)), job.0, false)));
                }
                Command::KillJob(job) => ahead.push(Reverse((now, job.0, false))),
                _ => {}
            }
        }
        while scheduler.next_event().is_some() {}
        if scheduler.is_finished() {
            return replay;
        }
        let deadline = scheduler.next_deadline();
        match (ahead.peek().copied(), deadline) {
            (Some(Reverse((at, job, is_whole))), limit)
                if limit.is_none_or(|limit| at <= limit) =>
            {
                ahead.pop();
                let Some(since) = started[job as usize].take() else { continue };
                now = at;
                replay.end = now.since_start().as_secs_f64();
                let spent = now.since(since).as_secs_f64() - start;
                let mut taken = 0.0;
                for &test in &tests[job as usize] {
                    taken += seconds[test];
                    if is_whole || taken <= spent {
                        replay.ran.insert(test);
                    }
                }
                finish(&mut scheduler, now, JobIx(job));
            }
            (_, Some(limit)) => {
                now = now.max(limit);
                scheduler.handle(now, Input::Tick);
            }
            (_, None) => panic!("the run does not end"),
        }
    }
}

fn finish(scheduler: &mut Scheduler, now: Moment, job: JobIx) {
    let name: Arc<str> = format!("{}", job.0).into();
    let case = TestCase {
        id: Arc::clone(&name),
        suite: Arc::clone(&name),
        name,
        file: None,
        line: None,
        critical: false,
    };
    let report = TestReport { outcome: Outcome::Passed, duration: None, failure: None };
    let end = JobEnd {
        end: ProcessEnd::Exited(0),
        problem: None,
        nothing_to_run: false,
        duration: Duration::ZERO,
        peak_memory_mb: None,
        cpu_time: None,
        out_of_memory: None,
    };
    let reports = [
        JobReport::Discovered(vec![case]),
        JobReport::TestFinished { test: 0, report },
        JobReport::Ended(end),
    ];
    for report in reports {
        let attempt = AttemptNumber::FIRST;
        scheduler.handle(now, Input::Job { job, attempt, report });
    }
}

/// Durations of one more run: a third of noise, and one test in two hundred ten times as long.
fn another_run(suite: &Suite, random: &mut Random) -> Vec<f64> {
    let one = |seconds: f64, random: &mut Random| {
        let tail = if random.share() < 0.005 { 10.0 } else { 1.0 };
        seconds * tail * (0.3 * normal(random)).exp()
    };
    suite.tests.iter().map(|test| one(test.seconds, random)).collect()
}

/// Tests in this order on four slots until the budget is over, one program for all of a slot.
fn in_order(world: &World, order: &[usize], seconds: &[f64]) -> HashSet<usize> {
    let mut free = vec![0.2_f64; SLOTS as usize];
    let mut ran = HashSet::new();
    for &test in order {
        let slot = free.iter_mut().min_by(|one, other| one.total_cmp(other)).unwrap();
        *slot += seconds[test];
        if *slot <= world.budget {
            ran.insert(test);
        }
    }
    ran
}

fn shuffled(count: usize, random: &mut Random) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, random.within(0, at as u64) as usize);
    }
    order
}

#[test]
fn a_budget_is_kept_in_a_thousand_replays_and_most_faults_are_found_in_it() {
    let (mut overruns, mut uncut) = (Vec::new(), 0_u32);
    let mut found = BTreeMap::new();
    let mut faults = 0;
    for seed in 0..seeds(50) {
        let world = World::new(seed);
        let plan = Arc::new(world.plan());
        for round in 0..20 {
            let mut random = Random::new(seed * 1000 + round);
            let seconds = another_run(&world.suite, &mut random);
            let run = replay(&world, &plan, &seconds, &mut random);
            uncut += u32::from(run.end <= world.budget);
            overruns.push(run.end - world.budget);
            let faulty: Vec<usize> =
                (0..seconds.len()).filter(|&at| random.share() < world.chances[at]).collect();
            faults += faulty.len();
            let mut count = |name: &'static str, ran: &HashSet<usize>| {
                let hits = faulty.iter().filter(|at| ran.contains(at)).count();
                *found.entry(name).or_insert(0) += hits;
            };
            count("select", &run.ran);
            let mut order = shuffled(seconds.len(), &mut random);
            count("random", &in_order(&world, &order, &seconds));
            let by_length = |one: &usize, other: &usize| {
                world.suite.tests[*other].seconds.total_cmp(&world.suite.tests[*one].seconds)
            };
            order.sort_by(by_length);
            count("longest first", &in_order(&world, &order, &seconds));
            let rate = |at: usize| world.chances[at] / world.suite.tests[at].seconds;
            order.sort_by(|&one, &other| rate(other).total_cmp(&rate(one)));
            count("knapsack that knows the chances", &in_order(&world, &order, &seconds));
        }
    }
    let kept = overruns.iter().filter(|over| **over <= 0.1).count();
    let worst = at_share(&mut overruns, 0.99);
    println!(
        "{} replays: {uncut} ended before the budget, {kept} by 0.1 s after it; overrun p99 {worst:.2} s, grace {GRACE} s",
        overruns.len()
    );
    for (name, count) in &found {
        println!("| {name} | {:.0} % of {faults} faults |", 100.0 * *count as f64 / faults as f64);
    }
    let share = kept as f64 / overruns.len() as f64;
    assert!(share >= 0.99, "{kept} of {} replays kept the budget", overruns.len());
    assert!(worst <= GRACE, "99 of 100 end within a grace: {worst}");
    assert!(10 * found["select"] >= 13 * found["random"]);
    assert!(found["select"] > found["longest first"]);
}

#[test]
fn every_test_runs_at_least_once_in_ten_runs() {
    let mut world = World::new(3);
    let mut last_run = vec![0_u32; world.suite.tests.len()];
    for run in 0..40 {
        let plan = Arc::new(world.plan());
        let mut random = Random::new(run);
        let seconds: Vec<f64> = world.suite.tests.iter().map(|test| test.seconds).collect();
        let ran = replay(&world, &plan, &seconds, &mut random).ran;
        let unit = CategoryName::new("unit").unwrap();
        let past = world.history.categories.get_mut(&unit).unwrap();
        for test in past.tests.values_mut() {
            test.samples.iter_mut().for_each(|sample| sample.runs_ago += 1);
        }
        for (at, test) in world.suite.tests.iter().enumerate() {
            last_run[at] = if ran.contains(&at) { 0 } else { last_run[at] + 1 };
            if ran.contains(&at) {
                let samples = &mut past.tests.get_mut(&test.id).unwrap().samples;
                samples.insert(0, sample(0, Outcome::Passed, test.seconds));
                samples.truncate(20);
            }
        }
        if run >= 15 {
            // A test that takes most of the budget cannot always come to its end.
            let fits = |at: usize| world.suite.tests[at].seconds < world.budget / 3.0;
            let starved = (0..last_run.len()).filter(|&at| fits(at) && last_run[at] >= 11).count();
            let share = starved as f64 / last_run.len() as f64;
            assert!(share <= 0.02, "run {run}: {starved} tests did not run for 11 runs");
        }
    }
}
