//! Random plans split among machines: each part runs in a world of its own, some of them break
//! off or are missing, and the join of what they told is judged by the oracle.

use std::collections::VecDeque;

use apex_core::event::{Envelope, Event, LayerEvent, RunEvent, RunResult, Setting, TestEvent};
use apex_core::join::Join;
use apex_core::{Plan, RunId, oracle};
use apex_tests::random::Random;

use super::plans::{Shape, random_plan};
use super::seeds;
use super::world::{Faults, World};

/// One in so many worlds of the scheduler is split: a split world is as much work as several.
const ONE_IN: u64 = 6;

/// The streams of the parts of a plan, each from a world of its own.
fn simulate(
    random: &mut Random,
    whole: &Plan,
    faults: Faults,
) -> Result<Vec<Vec<Envelope>>, String> {
    let of = whole.matrix.as_ref().map_or(0, |matrix| matrix.of);
    let streams = (1..=of).map(|number| {
        let stream = World::new(random, whole.part(number), faults).run()?;
        match oracle::judge(&stream).first() {
            Some(violation) => Err(format!("part {number}: {violation}")),
            None => Ok(stream),
        }
    });
    streams.collect()
}

/// Joins streams by their times.
fn join(whole: &Plan, streams: &[Vec<Envelope>]) -> Vec<Envelope> {
    let mut join = Join::new(whole, RunId::new("joined"), 0, Setting::default());
    let mut queues: Vec<VecDeque<Envelope>> =
        streams.iter().map(|stream| stream.iter().cloned().collect()).collect();
    let mut joined = Vec::new();
    while let Some(at) = (0..queues.len())
        .filter(|&at| !queues[at].is_empty())
        .min_by_key(|&at| queues[at].front().map(|envelope| envelope.at))
    {
        let number = u32::try_from(at + 1).unwrap();
        join.take(number, queues[at].pop_front().unwrap());
        joined.extend(std::iter::from_fn(|| join.next_envelope()));
    }
    for number in (1..).take(streams.len()) {
        join.end(number, &format!("part {number} broke off"));
    }
    joined.extend(std::iter::from_fn(|| join.next_envelope()));
    joined
}

fn result(stream: &[Envelope]) -> Option<&RunResult> {
    match stream.last().map(|envelope| &envelope.event) {
        Some(Event::Run(RunEvent::Finished(result))) => Some(result),
        _ => None,
    }
}

fn tests_of(stream: &[Envelope]) -> usize {
    let found = stream.iter().map(|envelope| match &envelope.event {
        Event::Test(_, TestEvent::Discovered { cases, .. }) => cases.len(),
        _ => 0,
    });
    found.sum()
}

/// Everything that a run says about ends, without times.
fn endings(stream: &[Envelope]) -> Vec<String> {
    let told = stream.iter().filter(|envelope| {
        !matches!(
            envelope.event,
            Event::Run(
                RunEvent::Started(_)
                    | RunEvent::SlotsChanged { .. }
                    | RunEvent::Paused
                    | RunEvent::Resumed
                    | RunEvent::Finished(_)
            ) | Event::Layer(_, LayerEvent::Judged(_))
        )
    });
    told.map(|envelope| format!("{:?}", envelope.event).replace("part 1 of 1: ", "")).collect()
}

fn is_green(result: &RunResult) -> bool {
    *result == RunResult::default()
}

/// What is wrong with the split run of a seed, if anything.
fn check(seed: u64) -> Option<String> {
    let mut random = Random::new(seed);
    let faults = Faults { injected: seed % 2 == 1, dependence: true };
    let plan = random_plan(&mut random, Shape { tight_limits: seed % 4 >= 2 });
    let of = random.within(1, 4) as u32;
    let whole = plan.split_among(of);
    let mut streams = match simulate(&mut random, &whole, faults) {
        Ok(streams) => streams,
        Err(trouble) => return Some(trouble),
    };
    if std::env::var_os("APEX_SIMULATION_SEED").is_some() {
        for envelope in streams.iter().flatten() {
            println!("{envelope:?}");
        }
    }
    let is_whole = !random.percent(30);
    if !is_whole {
        let hit = random.within(0, u64::from(of) - 1) as usize;
        let left = random.within(0, streams[hit].len() as u64 - 1) as usize;
        streams[hit].truncate(left);
    }
    let joined = join(&whole, &streams);
    if let Some(violation) = oracle::judge(&joined).first() {
        return Some(format!(
            "{of} parts, {}: {violation}",
            if is_whole { "whole" } else { "cut" }
        ));
    }
    let Some(result) = result(&joined) else { return Some("no result".to_owned()) };
    if tests_of(&joined) != streams.iter().map(|stream| tests_of(stream)).sum::<usize>() {
        return Some("a test was lost or told twice".to_owned());
    }
    if !is_whole && !result.environment_failed {
        return Some("a part broke off, and no environment is to blame".to_owned());
    }
    if is_whole && of == 1 {
        return same_as_alone(&streams[0], &joined);
    }
    let all_green = streams.iter().all(|stream| self::result(stream).is_some_and(is_green));
    let expected = RunResult { nothing_ran: result.nothing_ran, ..RunResult::default() };
    (is_whole && all_green && *result != expected && whole_is_strict(&whole))
        .then(|| format!("every part is green, the run is not: {result:?}"))
}

/// Whether no layer allows failures, so that what no part minds, nobody minds.
fn whole_is_strict(whole: &Plan) -> bool {
    whole.layers.iter().all(|layer| layer.success.max_failures == 0)
}

/// The one part of a plan and its join tell the same.
fn same_as_alone(part: &[Envelope], joined: &[Envelope]) -> Option<String> {
    let (alone, together) = (endings(part), endings(joined));
    if let Some((one, other)) = alone.iter().zip(&together).find(|(one, other)| one != other) {
        return Some(format!("alone: {one}\ntogether: {other}"));
    }
    if alone.len() != together.len() {
        return Some(format!("{} events alone, {} together", alone.len(), together.len()));
    }
    let (alone, together) = (result(part)?, result(joined)?);
    // Whether anything ran is for the join to say.
    let alone = RunResult { nothing_ran: together.nothing_ran, ..alone.clone() };
    (alone != *together).then(|| format!("alone: {alone:?}\ntogether: {together:?}"))
}

#[test]
fn the_join_of_parts_obeys_the_laws_of_every_run() {
    let every = if seeds().end - seeds().start == 1 { 1 } else { ONE_IN };
    let checked = seeds().filter(|seed| (seed / 4) % every == 0);
    let failures: Vec<String> =
        checked.filter_map(|seed| Some(format!("seed {seed}: {}", check(seed)?))).collect();
    let shown: Vec<&str> = failures.iter().take(10).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} runs, the first:\n{}", failures.len(), shown.join("\n"));
}
