//! What happened to a subject in a run: as sentences.

use apex_core::why::{AttemptInRun, InRun, Subject, TestInRun};
use apex_monitor::history::utc;

use super::{Sentence, brief};

pub(super) fn title(run: &InRun) -> String {
    format!("run {} of {}", run.run, utc(run.unix_millis))
}

pub(super) fn sentences(run: &InRun, subject: &Subject) -> Vec<Sentence> {
    let mut all = Vec::new();
    let Some(category) = &run.category else {
        let text = format!(
            "category {} was not part of it, or it never came to its end",
            subject.category()
        );
        return vec![Sentence::new("outcome", text)];
    };
    let is_test = matches!(subject, Subject::Test(..));
    if is_test && run.tests.is_empty() {
        all.push(Sentence::new("outcome", "it did not run, or was not known then".to_owned()));
    }
    if !is_test && !run.counts.is_empty() {
        let counts = run.counts.iter().map(|(outcome, count)| format!("{count} {outcome}"));
        all.push(Sentence::new("outcome", counts.collect::<Vec<_>>().join(", ")));
    }
    for test in &run.tests {
        let text = told(test);
        let text = if is_test { text } else { format!("{}: {text}", test.id) };
        all.push(Sentence::new(if is_test { "outcome" } else { "test" }, text));
    }
    for why in &run.why {
        all.push(Sentence::new("order", why.to_string()));
    }
    all.push(Sentence::new(
        "category",
        format!(
            "{}: {}",
            subject.category(),
            with_reason(category.outcome.as_str(), &category.reason)
        ),
    ));
    if let Some((id, verdict, reason)) = &run.layer {
        all.push(Sentence::new(
            "layer",
            format!("{id}: {}", with_reason(verdict.as_str(), reason)),
        ));
    }
    if let Some(stopped) = &run.stopped {
        all.push(Sentence::new("stopped", stopped.clone()));
    }
    all
}

/// Outcome and attempts of a test.
fn told(test: &TestInRun) -> String {
    let outcome = test.outcome.map_or("not settled", |outcome| outcome.as_str()).replace('_', " ");
    match (test.attempts.as_slice(), &test.job) {
        ([], Some(job)) => with_reason(&outcome, &job.reason),
        ([], None) => outcome,
        ([only], _) => format!("{outcome}{}", details(only)),
        (attempts, _) => {
            let told = (1..).zip(attempts).map(|(number, attempt)| {
                format!("attempt {number} {}{}", attempt.outcome, details(attempt))
            });
            format!("{outcome}: {}", told.collect::<Vec<_>>().join("; "))
        }
    }
}

fn details(attempt: &AttemptInRun) -> String {
    let took = attempt.duration.map(|duration| format!(" after {}", brief(duration)));
    let message = attempt.message.as_ref().filter(|message| !message.is_empty());
    let message = message.map(|message| format!(" ({message})"));
    format!("{}{}", took.unwrap_or_default(), message.unwrap_or_default())
}

fn with_reason(outcome: &str, reason: &str) -> String {
    let outcome = outcome.replace('_', " ");
    if reason.is_empty() { outcome } else { format!("{outcome}: {reason}") }
}
