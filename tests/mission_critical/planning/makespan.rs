//! How long the jobs of a plan take, against the least that any plan could take: the longest
//! test, or all of them shared evenly.

use std::collections::HashMap;
use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_core::estimate::CategoryEstimate;
use apex_core::history::CategoryHistory;
use apex_core::plan::split::{CutJob, Rules, split};
use apex_tests::random::Random;

use super::suite::{Mix, Suite, at_share, normal, seeds};

fn jobs(suite: &Suite, past: Option<&CategoryHistory>, slots: u32) -> Vec<CutJob> {
    let rules = Rules {
        width: slots,
        most: 1024,
        window: Duration::from_secs(36_000),
        guess: Duration::ZERO,
        choice: None,
        idle_slots: 0,
        trusts: true,
    };
    let estimate = CategoryEstimate::new(past, 0.1, RunnerKind::Pytest);
    let mut jobs = split(&suite.found(), &rules, &estimate);
    let expected = |job: &CutJob| estimate.of_job(job.content.tests, job.content.count).mean;
    jobs.sort_by(|one, other| expected(other).total_cmp(&expected(one)));
    jobs
}

/// The finish of units in this order, each on the slot that is free first. `set_up` is what a
/// job pays for each of its files.
fn finish(suite: &Suite, units: &[Vec<usize>], slots: u32, set_up: &HashMap<usize, f64>) -> f64 {
    let mut free = vec![0.0_f64; slots as usize];
    for unit in units {
        let mut takes: f64 = unit.iter().map(|&at| suite.tests[at].seconds).sum();
        let files: std::collections::BTreeSet<usize> =
            unit.iter().map(|&at| suite.tests[at].file).collect();
        takes += files.iter().filter_map(|file| set_up.get(file)).sum::<f64>();
        let slot = free.iter_mut().min_by(|one, other| one.total_cmp(other)).unwrap();
        *slot += takes;
    }
    free.into_iter().fold(0.0, f64::max)
}

fn bound(suite: &Suite, slots: u32, more: f64) -> f64 {
    let total: f64 = suite.tests.iter().map(|test| test.seconds).sum::<f64>() + more;
    let longest = suite.tests.iter().map(|test| test.seconds).fold(0.0, f64::max);
    longest.max(total / f64::from(slots))
}

#[test]
fn plans_with_history_finish_close_to_the_least_that_is_possible() {
    let mut all = Vec::new();
    println!("| suite | tests | 2 slots | 4 | 8 | 16 | 64 |");
    for mix in Mix::ALL {
        for count in [500, 2000, 5000] {
            let mut row = format!("| {mix:?} | {count} |");
            for slots in [2, 4, 8, 16, 64] {
                let mut ratios = Vec::new();
                for seed in 0..seeds(15) {
                    let suite = Suite::new(mix, count, seed);
                    let past = suite.taught(0.3, 0.0, &mut Random::new(seed + 1000));
                    let jobs = jobs(&suite, Some(&past), slots);
                    let units: Vec<Vec<usize>> =
                        jobs.iter().map(|job| suite.tests_of(job)).collect();
                    let took = finish(&suite, &units, slots, &HashMap::new());
                    ratios.push(took / bound(&suite, slots, 0.0));
                }
                all.extend_from_slice(&ratios);
                let (median, high) = (at_share(&mut ratios, 0.5), at_share(&mut ratios, 0.95));
                row.push_str(&format!(" {median:.3} / {high:.3} |"));
            }
            println!("{row}");
        }
    }
    let (median, high) = (at_share(&mut all, 0.5), at_share(&mut all, 0.95));
    println!("all: median {median:.3}, 95 of 100 below {high:.3}");
    assert!(median <= 1.03, "median {median}");
    assert!(high <= 1.05, "95 of 100 below {high}");
}

#[test]
fn set_up_that_every_job_pays_for_its_files_costs_little() {
    let mut ratios = Vec::new();
    for slots in [2, 4, 8, 16] {
        let mut of_slots = Vec::new();
        for seed in 0..seeds(15) {
            let mut random = Random::new(seed + 7);
            let suite = Suite::new(Mix::Mixed, 2000, seed);
            let set_up: HashMap<usize, f64> = (0..suite.files.len())
                .map(|file| (file, 0.3 * (0.5 * normal(&mut random)).exp()))
                .collect();
            let past = suite.taught(0.3, 0.0, &mut random);
            let jobs = jobs(&suite, Some(&past), slots);
            let units: Vec<Vec<usize>> = jobs.iter().map(|job| suite.tests_of(job)).collect();
            let took = finish(&suite, &units, slots, &set_up);
            let once: f64 = set_up.values().sum();
            of_slots.push(took / bound(&suite, slots, once));
        }
        println!("set-up, {slots} slots: median {:.3}", at_share(&mut of_slots, 0.5));
        ratios.extend(of_slots);
    }
    let median = at_share(&mut ratios, 0.5);
    assert!(median <= 1.03, "median {median}");
}

#[test]
fn plans_without_history_are_compared_with_a_queue_of_files() {
    let mut worse = Vec::new();
    for mix in Mix::ALL {
        for slots in [2, 4, 8] {
            let (mut plans, mut queues) = (Vec::new(), Vec::new());
            for seed in 0..seeds(15) {
                let suite = Suite::new(mix, 2000, seed);
                let units: Vec<Vec<usize>> =
                    jobs(&suite, None, slots).iter().map(|job| suite.tests_of(job)).collect();
                let mut files = vec![Vec::new(); suite.files.len()];
                for (at, test) in suite.tests.iter().enumerate() {
                    files[test.file].push(at);
                }
                let least = bound(&suite, slots, 0.0);
                plans.push(finish(&suite, &units, slots, &HashMap::new()) / least);
                queues.push(finish(&suite, &files, slots, &HashMap::new()) / least);
            }
            let (plan, queue) = (at_share(&mut plans, 0.5), at_share(&mut queues, 0.5));
            println!(
                "without history, {mix:?}, {slots} slots: plan {plan:.2}, files in order {queue:.2}"
            );
            worse.push(plan / queue);
        }
    }
    // Few seeds: the worst suite of a kind decides its median.
    assert!(at_share(&mut worse, 0.5) <= 1.15);
    assert!(at_share(&mut worse, 1.0) <= 1.5);
}
