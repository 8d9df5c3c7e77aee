//! A second opinion on a run: does its event stream obey the laws?
//!
//! The oracle knows the plan and the events, and nothing of how the scheduler works. It judges
//! simulated runs in the tests and can judge a recorded run of a user.

mod criteria;
mod fail_fast;
mod fitting;
mod lifecycle;
mod limits;
mod losses;
mod order;
mod retries;
mod scene;
mod services;
mod trust;
mod turns;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::event::{Envelope, Event, RunEvent};
use crate::plan::Plan;
use crate::time::Moment;

/// A law that a run broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Number of the envelope at which it shows.
    pub seq: u64,
    /// Which law, and how it was broken.
    pub law: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: {}", self.seq, self.law)
    }
}

/// Judges a complete run; an empty answer means that every law holds.
#[must_use]
pub fn judge(stream: &[Envelope]) -> Vec<Violation> {
    let Some(Envelope { event: Event::Run(RunEvent::Started(started)), .. }) = stream.first()
    else {
        return vec![Violation { seq: 0, law: "a run begins with its start".to_owned() }];
    };
    let mut findings = Findings::default();
    stream_is_dense(stream, &mut findings);
    let plan: &Plan = &started.plan;
    lifecycle::judge(plan, stream, &mut findings);
    if plan.is_joined() {
        // Order, limits and room are the business of each machine; its own stream is judged by them.
        limits::judge_end(plan, stream, &mut findings);
        return findings.0;
    }
    let stream = &*counted(stream, &mut findings);
    order::judge(plan, stream, &mut findings);
    limits::judge(plan, stream, &mut findings);
    turns::judge(plan, stream, &mut findings);
    fitting::judge(plan, stream, &mut findings);
    trust::judge(plan, stream, &mut findings);
    fail_fast::judge(plan, stream, &mut findings);
    retries::judge(plan, stream, &mut findings);
    criteria::judge(plan, stream, &mut findings);
    services::judge(plan, stream, &mut findings);
    findings.0
}

/// The stream in time that counts, which stands still while the run is paused: no law has to know
/// of pauses. An event of a pause comes at its beginning.
fn counted<'s>(stream: &'s [Envelope], findings: &mut Findings) -> Cow<'s, [Envelope]> {
    let is_pause =
        |one: &Envelope| matches!(one.event, Event::Run(RunEvent::Paused | RunEvent::Resumed));
    if !stream.iter().any(is_pause) {
        return Cow::Borrowed(stream);
    }
    let mut since: Option<Moment> = None;
    let mut paused_for = Duration::ZERO;
    let mut counted = stream.to_vec();
    for envelope in &mut counted {
        let at = envelope.at;
        match envelope.event {
            Event::Run(RunEvent::Paused) => {
                findings.require(since.is_none(), envelope.seq, "a run pauses when it goes on");
                since = Some(at);
            }
            Event::Run(RunEvent::Resumed) => {
                findings.require(since.is_some(), envelope.seq, "a run resumes after a pause");
                paused_for += at.since(since.take().unwrap_or(at));
            }
            _ => {}
        }
        let until = since.map_or(at, |since| since.min(at));
        envelope.at = Moment::after_start(until.since_start().saturating_sub(paused_for));
    }
    Cow::Owned(counted)
}

/// Collects violations.
#[derive(Debug, Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, seq: u64, law: impl Into<String>) {
        self.0.push(Violation { seq, law: law.into() });
    }

    fn require(&mut self, holds: bool, seq: u64, law: &str) {
        if !holds {
            self.add(seq, law);
        }
    }
}

fn stream_is_dense(stream: &[Envelope], findings: &mut Findings) {
    let mut previous: Option<Moment> = None;
    for (position, envelope) in stream.iter().enumerate() {
        findings.require(envelope.seq == position as u64, envelope.seq, "numbers are dense");
        if let Some(previous) = previous {
            findings.require(envelope.at > previous, envelope.seq, "time grows");
        }
        previous = Some(envelope.at);
    }
    let finished =
        stream.iter().filter(|one| matches!(one.event, Event::Run(RunEvent::Finished(_))));
    findings.require(finished.count() == 1, 0, "a run finishes once");
    let last = stream.last().map(|one| &one.event);
    let ends = matches!(last, Some(Event::Run(RunEvent::Finished(_))));
    findings.require(ends, stream.len() as u64, "its end is the last event of a run");
}
