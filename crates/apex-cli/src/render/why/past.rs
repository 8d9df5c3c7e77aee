//! What earlier runs taught about a subject: as sentences.

use apex_core::flakiness::Flakiness;
use apex_core::why::{Answer, Past, Sighting, Subject};
use apex_monitor::history::utc;

use super::{Sentence, expectation, percent};

pub(super) fn sentences(answer: &Answer) -> Vec<Sentence> {
    let Some(past) = &answer.past else {
        let text = "no run knows it yet".to_owned();
        return vec![Sentence::new("history", text)];
    };
    let is_test = matches!(answer.subject, Subject::Test(..));
    let mut all = vec![
        Sentence::new("time", time(past, is_test)),
        Sentence::new("history", history(past, is_test)),
    ];
    if let Some((id, flakiness)) = &past.flakiness {
        let text = match (steadiness(flakiness), is_test) {
            (Some(text), true) => text,
            (Some(text), false) => format!("the flakiest test is {id}: {text}"),
            (None, true) => {
                let attempts = super::super::count(flakiness.attempts as usize, "attempt");
                format!("none is known: in {attempts} it never failed and passed on one commit")
            }
            (None, false) => "none is known: no test failed and passed on one commit".to_owned(),
        };
        all.push(Sentence::new("flakiness", text));
    }
    let value = format!("a chance of {} to show a fault when it runs now", percent(past.chance));
    all.push(Sentence::new("value", value));
    all
}

fn time(past: &Past, is_test: bool) -> String {
    let what = if is_test {
        "expected to take".to_owned()
    } else {
        let tests = super::super::count(past.tests as usize, "known test");
        format!("{tests}, expected to take together")
    };
    format!("{what} {}", expectation(past.expected, past.high, past.runs))
}

fn history(past: &Past, is_test: bool) -> String {
    let mut said = Vec::new();
    if let Some(latest) = past.latest.filter(|_| is_test) {
        said.push(format!("{} {}", latest.outcome, when(latest)));
    } else if let Some(latest) = past.latest {
        said.push(format!("last ran {}", when(latest)));
        said.push(match past.failed_last {
            0 => "no test failed in its last run".to_owned(),
            1 => "1 test failed in its last run".to_owned(),
            count => format!("{count} tests failed in their last run"),
        });
    }
    match past.latest_bad {
        None => said.push("no failure is known".to_owned()),
        Some(bad) if Some(bad) != past.latest => {
            said.push(format!("the latest failure was {}", when(bad)));
        }
        Some(_) => {}
    }
    said.join("; ")
}

fn when(sighting: Sighting) -> String {
    let time = utc(sighting.unix_millis);
    match sighting.runs_ago {
        0 => format!("in the latest run ({time})"),
        1 => format!("in the run before the latest ({time})"),
        runs => format!("{runs} runs before the latest ({time})"),
    }
}

/// How flaky a test is, if it may be.
fn steadiness(flakiness: &Flakiness) -> Option<String> {
    let Flakiness { rate, low, high, mixed_commits, .. } = *flakiness;
    let word = if flakiness.is_flaky() {
        "flaky"
    } else if flakiness.is_suspect() {
        "perhaps flaky"
    } else {
        return None;
    };
    Some(format!(
        "{word}: about {} of its attempts fail although nothing is wrong, likely between {} and \
         {}; it failed and passed on {}",
        percent(rate),
        percent(low),
        percent(high),
        super::super::count(mixed_commits as usize, "commit")
    ))
}
