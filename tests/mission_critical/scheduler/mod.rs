//! The scheduler against random worlds, judged by the oracle, which knows only plan and events.
//!
//! Half of the runs have no injected faults: there, a run that does not pass is a mistake of the
//! scheduler. A failure prints its seed; `APEX_SIMULATION_SEED=n` repeats that run alone, and
//! `APEX_SIMULATION_RUNS=n` changes how many are made.

mod crowds;
mod parts;
mod plans;
mod reports;
mod world;

use apex_core::Outcome;
use apex_core::event::{Envelope, Event, JobEvent, RunEvent, RunResult};
use apex_core::oracle;

use apex_tests::random::Random;
use plans::{Shape, random_plan};
use world::{Faults, World};

const RUNS: u64 = 24_000;

/// Simulates the run of one seed.
fn simulate(seed: u64) -> (bool, bool, Result<Vec<Envelope>, String>) {
    let mut random = Random::new(seed);
    let injected = seed % 2 == 1;
    let tight_limits = seed % 4 >= 2 || injected;
    let plan = random_plan(&mut random, Shape { tight_limits });
    let stream = World::new(&mut random, plan, Faults { injected, dependence: true }).run();
    (injected, tight_limits, stream)
}

/// What is wrong with the run of a seed, if anything.
fn check(seed: u64) -> Option<String> {
    let (injected, tight_limits, stream) = simulate(seed);
    let stream = match stream {
        Ok(stream) => stream,
        Err(trouble) => return Some(trouble),
    };
    if std::env::var_os("APEX_SIMULATION_SEED").is_some() {
        for envelope in &stream {
            println!("{envelope:?}");
        }
    }
    if let Some(violation) = oracle::judge(&stream).first() {
        return Some(violation.to_string());
    }
    let may_fail = injected || tight_limits || lacks_time_to_check(&stream);
    if may_fail { None } else { must_pass(&stream) }
}

/// Whether something failed in a part and its budget had no time for a whole run to check it:
/// forecasts of some plans are longer than any budget. It counts then, as its job says.
fn lacks_time_to_check(stream: &[Envelope]) -> bool {
    stream.iter().any(|envelope| {
        matches!(&envelope.event, Event::Job(_, JobEvent::Finished { reason, .. })
            if reason.contains("no whole run checked it"))
    })
}

/// Without faults and with time enough, everything that can run passes.
fn must_pass(stream: &[Envelope]) -> Option<String> {
    let Some(Event::Run(RunEvent::Finished(result))) = stream.last().map(|one| &one.event) else {
        return Some("no result".to_owned());
    };
    let expected = RunResult { nothing_ran: result.nothing_ran, ..RunResult::default() };
    if *result != expected {
        return Some(format!("without faults: {result:?}"));
    }
    stream.iter().find_map(|envelope| match &envelope.event {
        Event::Job(_, JobEvent::Finished { outcome, reason })
            if !matches!(
                outcome,
                Outcome::Passed
                    | Outcome::Quarantined
                    | Outcome::Skipped
                    | Outcome::Empty
                    | Outcome::Deferred
            ) =>
        {
            Some(format!("without faults: a job is {outcome}: {reason}"))
        }
        _ => None,
    })
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("APEX_SIMULATION_SEED") {
        return seed..seed + 1;
    }
    0..number("APEX_SIMULATION_RUNS").unwrap_or(RUNS)
}

fn check_part(part: u64) {
    let failures: Vec<String> = seeds()
        .filter(|seed| seed % 4 == part)
        .filter_map(|seed| Some(format!("seed {seed}: {}", check(seed)?)))
        .collect();
    let shown: Vec<&str> = failures.iter().take(10).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} runs, the first:\n{}", failures.len(), shown.join("\n"));
}

#[test]
fn laws_hold_without_faults_and_with_time_enough() {
    check_part(0);
}

#[test]
fn laws_hold_with_faults() {
    check_part(1);
}

#[test]
fn laws_hold_with_tight_limits() {
    check_part(2);
}

#[test]
fn laws_hold_with_faults_and_other_seeds() {
    check_part(3);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..50 {
        assert_eq!(simulate(seed).2, simulate(seed).2, "seed {seed}");
    }
}
