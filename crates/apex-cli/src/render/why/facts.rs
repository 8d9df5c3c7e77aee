//! An answer as fields for programs.

use apex_config::model::{RetryOn, RetryWhen};
use apex_core::why::{Answer, InRun, Past, Presence, Sighting, TestInRun, Turn};
use serde_json::{Value, json};

/// All of it but the sentences. What is not known is null.
pub(super) fn value(answer: &Answer) -> Value {
    let subject = &answer.subject;
    json!({
        "kind": subject.kind(),
        "name": subject.name(),
        "category": subject.category().as_str(),
        "plan": presence(&answer.presence),
        "jobs": answer.turns.iter().map(turn).collect::<Vec<_>>(),
        "retries": answer.retries.map(|retries| json!({
            "most": retries.most,
            "when": match retries.when {
                RetryWhen::AtOnce => "at_once",
                RetryWhen::AtEnd => "at_end",
            },
            "on": retries.on.iter().map(RetryOn::as_str).collect::<Vec<_>>(),
            "budget_seconds": retries.budget.map(|budget| budget.as_secs_f64()),
        })),
        "quarantine": answer.quarantine.as_ref().map(|entry| json!({
            "owner": entry.owner,
            "reason": entry.reason,
            "expires": entry.expires,
        })),
        "history": answer.past.as_ref().map(past),
        "run": answer.run.as_ref().map(run),
    })
}

fn presence(presence: &Presence) -> Value {
    match presence {
        Presence::Planned { layer, layer_reason, reason } => json!({
            "state": "planned",
            "layer": layer.as_str(),
            "layer_reason": layer_reason,
            "reason": &**reason,
        }),
        Presence::Idle { state, reason } => json!({ "state": state, "reason": reason }),
        Presence::HandedOver { layer } => {
            json!({ "state": "handed_over", "layer": layer.as_str() })
        }
        Presence::NotSelected { layer, modes, reason } => json!({
            "state": "not_selected",
            "layer": layer.as_ref().map(|layer| layer.as_str()),
            "modes": modes.iter().map(|mode| mode.as_str()).collect::<Vec<_>>(),
            "reason": reason,
        }),
    }
}

fn turn(turn: &Turn) -> Value {
    json!({
        "job": turn.job.0,
        "place": turn.place,
        "of": turn.of,
        "part": turn.part.map(|(number, of)| json!({ "number": number, "of": of })),
        "found_by": &*turn.found_by,
        "why": &*turn.why,
        "may_be_left_out": turn.may_be_left_out,
        "forecast": turn.forecast.map(|forecast| json!({
            "expected_seconds": forecast.expected.as_secs_f64(),
            "high_seconds": forecast.high.as_secs_f64(),
            "runs": forecast.runs,
        })),
    })
}

fn past(past: &Past) -> Value {
    json!({
        "tests": past.tests,
        "runs": past.runs,
        "expected_seconds": past.expected.as_secs_f64(),
        "high_seconds": past.high.as_secs_f64(),
        "latest": past.latest.map(sighting),
        "latest_bad": past.latest_bad.map(sighting),
        "failed_last": past.failed_last,
        "chance": past.chance,
        "flakiness": past.flakiness.as_ref().map(|(id, flakiness)| json!({
            "test": &**id,
            "is_flaky": flakiness.is_flaky(),
            "rate": flakiness.rate,
            "low": flakiness.low,
            "high": flakiness.high,
            "attempts": flakiness.attempts,
            "mixed_commits": flakiness.mixed_commits,
        })),
    })
}

fn sighting(sighting: Sighting) -> Value {
    json!({
        "outcome": sighting.outcome.as_str(),
        "runs_ago": sighting.runs_ago,
        "unix_millis": sighting.unix_millis,
    })
}

fn run(run: &InRun) -> Value {
    json!({
        "run": run.run.as_str(),
        "unix_millis": run.unix_millis,
        "category": run.category.as_ref().map(|ending| json!({
            "outcome": ending.outcome.as_str(),
            "reason": ending.reason,
        })),
        "layer": run.layer.as_ref().map(|(id, verdict, reason)| json!({
            "id": id.as_str(),
            "verdict": verdict.as_str(),
            "reason": reason,
        })),
        "stopped": run.stopped,
        "why": run.why.iter().map(|why| &**why).collect::<Vec<_>>(),
        "counts": run.counts.iter()
            .map(|(outcome, count)| (outcome.as_str().to_owned(), json!(count)))
            .collect::<serde_json::Map<_, _>>(),
        "tests": run.tests.iter().map(test).collect::<Vec<_>>(),
    })
}

fn test(test: &TestInRun) -> Value {
    json!({
        "id": &*test.id,
        "outcome": test.outcome.map(|outcome| outcome.as_str()),
        "attempts": test.attempts.iter().map(|attempt| json!({
            "outcome": attempt.outcome.as_str(),
            "seconds": attempt.duration.map(|duration| duration.as_secs_f64()),
            "message": attempt.message,
        })).collect::<Vec<_>>(),
        "job_reason": test.job.as_ref().map(|job| &job.reason),
    })
}
