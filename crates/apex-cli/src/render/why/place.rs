//! Whether a subject would run, when, and what is tried again: as sentences.

use apex_config::model::{RetryOn, RetryWhen};
use apex_core::plan::{Forecast, RequestSummary};
use apex_core::why::{Answer, Presence, Retries, Subject, Turn};

use super::{Sentence, brief, expectation};

pub(super) fn sentences(answer: &Answer) -> Vec<Sentence> {
    let mut all = vec![Sentence::new("plan", presence(answer))];
    if let Some((first, others)) = answer.turns.split_first() {
        all.push(Sentence::new("order", order(&answer.subject, first, others)));
        all.push(Sentence::new("job", job(first, others.len())));
    }
    if let Some(retries) = &answer.retries {
        all.push(Sentence::new("retries", retried(retries)));
    }
    if let Some(entry) = &answer.quarantine {
        let text = format!(
            "its failure does not decide until {}: {} mends it ({})",
            entry.expires, entry.owner, entry.reason
        );
        all.push(Sentence::new("quarantine", text));
    }
    all
}

fn presence(answer: &Answer) -> String {
    let category = answer.subject.category();
    match &answer.presence {
        Presence::Planned { layer, layer_reason, reason } => {
            format!(
                "it would run: {category} is {reason}; layer {layer} is in the plan: {layer_reason}"
            )
        }
        Presence::Idle { state: "empty", reason } if reason.is_empty() => {
            format!("nothing would run: no tests of {category} were found")
        }
        Presence::Idle { state: "empty", reason } => {
            format!("nothing would run: no tests of {category} were found: {reason}")
        }
        Presence::Idle { state: "unavailable", reason } => format!("it cannot run: {reason}"),
        Presence::Idle { state: "cached", reason } => {
            format!("it would not run and count as cached: {reason}")
        }
        Presence::Idle { reason, .. } => format!("it would not run: {reason}"),
        Presence::HandedOver { layer } => {
            format!("it would run behind this run: layer {layer} is handed over")
        }
        Presence::NotSelected { layer, modes, reason } => {
            let mut text =
                format!("it would not run: {} does not hold {category}", asked(&answer.request));
            if let Some(layer) = layer {
                text.push_str(&format!(" of layer {layer}"));
            }
            if let Some(reason) = reason {
                text.push_str(&format!(" ({reason})"));
            }
            let modes: Vec<&str> = modes.iter().map(|mode| mode.as_str()).collect();
            text.push_str(&match modes.as_slice() {
                [] => format!("; `--categories {category}` runs it"),
                modes => format!("; it runs in mode {}", modes.join(", ")),
            });
            text
        }
    }
}

fn asked(request: &RequestSummary) -> String {
    match &request.mode {
        Some(mode) => format!("mode {mode}"),
        None => format!("what was asked for ({})", request.selectors.join(" ")),
    }
}

fn order(subject: &Subject, first: &Turn, others: &[Turn]) -> String {
    let mut text = match (subject, others) {
        _ if first.of == 1 => "its job is the only one of its layer".to_owned(),
        (_, []) => format!("its job is number {} of {} of its layer", first.place, first.of),
        (Subject::Test(..), others) => format!(
            "one of {} jobs runs it, the first of them number {} of {} of its layer",
            others.len() + 1,
            first.place,
            first.of
        ),
        (_, others) => format!(
            "it has {} jobs, the first of them number {} of {} of its layer",
            others.len() + 1,
            first.place,
            first.of
        ),
    };
    if !first.why.is_empty() {
        text.push_str(&format!(": {}", first.why));
    } else if first.of > 1 && first.forecast.is_some() {
        text.push_str(": by its length, the longest come first");
    } else if first.of > 1 {
        text.push_str(": what no run knows yet comes before what is known");
    }
    if first.may_be_left_out {
        text.push_str("; the budget of its layer may leave it out");
    }
    text
}

fn job(first: &Turn, others: usize) -> String {
    let mut text = match first.part {
        Some((number, of)) => format!("part {number} of {of}, found by {}", first.found_by),
        None => format!("found by {}", first.found_by),
    };
    match first.forecast {
        Some(Forecast { expected, high, runs, .. }) => text.push_str(&format!(
            "; expected to take, start included, {}",
            expectation(expected, high, runs)
        )),
        None => text.push_str("; no run says how long it takes"),
    }
    if others > 0 {
        text.push_str(" (the first of them)");
    }
    text
}

fn retried(retries: &Retries) -> String {
    if retries.most == 0 {
        return "none: `retries` of its category is 0".to_owned();
    }
    let times = match retries.most {
        1 => "once".to_owned(),
        most => format!("up to {most} times"),
    };
    let when = match retries.when {
        RetryWhen::AtOnce => "as soon as there is a slot",
        RetryWhen::AtEnd => "after the first attempts of its layer, alone in its category",
    };
    let on: Vec<&str> = retries.on.iter().map(RetryOn::as_str).collect();
    let mut text =
        format!("a bad attempt is repeated {times}, {when} (retry_on: {})", on.join(", "));
    if let Some(budget) = retries.budget {
        text.push_str(&format!("; all retries of the layer together may take {}", brief(budget)));
    }
    text
}
