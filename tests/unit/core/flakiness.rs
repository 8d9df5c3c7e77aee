//! How well the past of tests tells the unsteady ones from the sound and the broken ones.

use std::sync::Arc;

use apex_core::flakiness::Flakiness;
use apex_core::history::TestSample;
use apex_core::outcome::Outcome::{self, Cancelled, Failed, Passed, Skipped};
use apex_tests::random::Random;

fn sample(run: u64, commit: &str, attempt: u32, outcome: Outcome) -> TestSample {
    TestSample {
        unix_millis: 1_000_000 - run,
        runs_ago: run as u32,
        commit: (!commit.is_empty()).then(|| Arc::from(commit)),
        attempt,
        outcome,
        duration: None,
    }
}

/// One letter an attempt: `p`assed, `f`ailed, `s`kipped, `c`ancelled; a blank parts runs, `|`
/// parts commits.
fn past(text: &str) -> Vec<TestSample> {
    let mut samples = Vec::new();
    for (commit, runs) in text.split('|').enumerate() {
        for run in runs.split_whitespace() {
            let number = samples.len() as u64;
            for (attempt, letter) in run.chars().enumerate() {
                let outcome = match letter {
                    'p' => Passed,
                    'f' => Failed,
                    's' => Skipped,
                    _ => Cancelled,
                };
                samples.push(sample(number, &format!("c{commit}"), attempt as u32 + 1, outcome));
            }
        }
    }
    samples
}

#[test]
fn nothing_is_said_of_a_test_that_never_passed_or_failed() {
    assert_eq!(Flakiness::of(&[]), None);
    assert_eq!(Flakiness::of(&past("s c|s")), None);
}

#[test]
fn what_makes_a_test_flaky_and_what_does_not() {
    for (text, is_flaky, is_suspect, why) in [
        ("p p p p p|p p p p p|p p p p p", false, false, "it always passed"),
        ("p p p|fff fff|p p p", false, false, "one commit broke it, on every attempt"),
        ("f|f|f|f", false, false, "it is simply broken"),
        ("p|f|p|p|p|p|p|p|p", false, false, "one failure on a commit of its own"),
        ("p fp p fp|p p fp p", true, false, "three times both outcomes on one commit"),
        ("f p f p p p", true, false, "half of the runs of one commit failed"),
        ("p p p p|p p p p|p p p p|p p p p|p p fp", false, true, "once in twenty"),
    ] {
        let found = Flakiness::of(&past(text)).unwrap();
        assert_eq!(
            (found.is_flaky(), found.is_suspect()),
            (is_flaky, is_suspect),
            "{why}: {found:?}"
        );
        assert!(found.low <= found.rate && found.rate <= found.high, "{why}: {found:?}");
    }
}

#[test]
fn runs_without_a_commit_do_not_explain_each_other() {
    let alone = [sample(1, "", 1, Failed), sample(2, "", 1, Passed), sample(3, "", 1, Passed)];
    assert_eq!(Flakiness::of(&alone).unwrap().mixed_commits, 0);
    let retried = [sample(1, "", 1, Failed), sample(1, "", 2, Passed)];
    let found = Flakiness::of(&retried).unwrap();
    assert_eq!((found.mixed_commits, found.last_flake_millis), (1, Some(999_999)));
}

/// A test of a made-up population.
struct Member {
    /// How often it fails on sound code.
    rate: f64,
    /// The commit that breaks it, if one does.
    broken_on: Option<u64>,
}

const COMMITS: u64 = 9;
const RUNS_OF_A_COMMIT: u64 = 2;

fn population(random: &mut Random) -> Vec<Member> {
    let member = |number: u64| Member {
        rate: if number.is_multiple_of(5) {
            [0.02, 0.05, 0.1, 0.2, 0.4][(number / 5 % 5) as usize]
        } else {
            0.0
        },
        broken_on: random.percent(15).then(|| random.within(0, COMMITS - 1)),
    };
    (0..1000).map(member).collect()
}

fn fails(member: &Member, commit: u64, random: &mut Random) -> bool {
    member.broken_on == Some(commit) || random.share() < member.rate
}

/// Its runs, the latest first; a failure is tried again once.
fn lived(member: &Member, random: &mut Random) -> Vec<TestSample> {
    let mut samples = Vec::new();
    for run in 0..COMMITS * RUNS_OF_A_COMMIT {
        let commit = run / RUNS_OF_A_COMMIT;
        let name = format!("c{commit}");
        for attempt in 1..=2 {
            let failed = fails(member, commit, random);
            samples.push(sample(run, &name, attempt, if failed { Failed } else { Passed }));
            if !failed {
                break;
            }
        }
    }
    samples.truncate(apex_core::history::MOST_SAMPLES);
    samples
}

/// Right calls among all calls, and called ones among the flaky.
fn quality(calls: &[bool], members: &[Member]) -> (f64, f64) {
    let both = calls.iter().zip(members).filter(|(call, member)| **call && member.rate > 0.0);
    let (both, called) = (both.count() as f64, calls.iter().filter(|call| **call).count() as f64);
    let flaky = members.iter().filter(|member| member.rate > 0.0).count() as f64;
    (both / called, both / flaky)
}

#[test]
fn the_past_finds_more_flaky_tests_than_retries_and_calls_no_broken_one_flaky() {
    let mut random = Random::new(7);
    let members = population(&mut random);
    let by_past: Vec<bool> = members
        .iter()
        .map(|member| Flakiness::of(&lived(member, &mut random)).unwrap().is_flaky())
        .collect();
    let mut latest = |attempts: u32| -> Vec<bool> {
        let mut both = |member: &Member| {
            let failed: Vec<bool> = (0..attempts).map(|_| fails(member, 0, &mut random)).collect();
            failed.contains(&true) && failed.contains(&false)
        };
        members.iter().map(&mut both).collect()
    };
    let (on_retry, ten_times) = (latest(2), latest(10));
    let (past, retry, ten) =
        (quality(&by_past, &members), quality(&on_retry, &members), quality(&ten_times, &members));
    println!("precision and recall: past {past:.2?}, retry {retry:.2?}, ten times {ten:.2?}");
    assert!(past.0 >= 0.97, "precision {past:?}");
    assert!(past.1 > 2.0 * retry.1, "recall {past:?} against {retry:?}");
    assert!(past.1 >= ten.1 - 0.1, "recall {past:?} against ten runs of everything {ten:?}");
}
