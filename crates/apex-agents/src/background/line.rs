//! The lines of the queue on disk: `apex.background/1`, one JSON object a fact.
//!
//! A reader passes over lines that it does not know and over fields that are new to it. A field is
//! never taken away; one that older lines do not have has a default.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use apex_core::RunId;
use apex_core::background::{End, Fact, Identity, Order, TaskId, UnixMillis, Weight};
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    /// When, milliseconds since 1970-01-01 UTC.
    at: u64,
    /// The task.
    task: Cow<'a, str>,
    /// What happened to it.
    fact: FactLine<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FactLine<'a> {
    Queued(Box<OrderLine<'a>>),
    Started { run: Cow<'a, str> },
    Spawned { pid: i32, start: u64, boot: Cow<'a, str> },
    CancelAsked,
    Finished { exit_code: u8 },
    Interrupted { why: Cow<'a, str> },
    Cancelled,
    Expired,
    TimedOut,
    Requeued,
}

#[derive(Debug, Serialize, Deserialize)]
struct OrderLine<'a> {
    title: Cow<'a, str>,
    selection: Cow<'a, str>,
    arguments: Cow<'a, [String]>,
    #[serde(default)]
    env: Cow<'a, BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<Cow<'a, str>>,
    is_changed: bool,
    is_light: bool,
    priority: u8,
    retries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_limit_seconds: Option<u64>,
    patience_seconds: u64,
}

/// A fact as its line, with the end of the line.
pub(super) fn encode(at: UnixMillis, fact: &Fact) -> serde_json::Result<Vec<u8>> {
    let line = Line { at: at.0, task: fact.task().as_str().into(), fact: FactLine::of(fact) };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a line; none when it is of a kind that this version does not know, or broken.
pub(super) fn decode(line: &[u8]) -> Option<(UnixMillis, Fact)> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    Some((UnixMillis(line.at), line.fact.meaning(TaskId::new(&line.task))))
}

impl<'a> FactLine<'a> {
    fn of(fact: &'a Fact) -> Self {
        match fact {
            Fact::Queued(order) => Self::Queued(Box::new(OrderLine::of(order))),
            Fact::Started { run, .. } => Self::Started { run: run.as_str().into() },
            Fact::Spawned { process: Identity { id, start, boot }, .. } => {
                Self::Spawned { pid: *id, start: *start, boot: boot.into() }
            }
            Fact::CancelAsked(_) => Self::CancelAsked,
            Fact::Ended { end: End::Finished(exit_code), .. } => {
                Self::Finished { exit_code: *exit_code }
            }
            Fact::Ended { end: End::Interrupted(why), .. } => Self::Interrupted { why: why.into() },
            Fact::Ended { end: End::Cancelled, .. } => Self::Cancelled,
            Fact::Ended { end: End::Expired, .. } => Self::Expired,
            Fact::Ended { end: End::TimedOut, .. } => Self::TimedOut,
            Fact::Requeued(_) => Self::Requeued,
        }
    }

    fn meaning(self, task: TaskId) -> Fact {
        let end = match self {
            Self::Queued(order) => return Fact::Queued(Box::new(order.meaning(task))),
            Self::Started { run } => return Fact::Started { task, run: RunId::new(&run) },
            Self::Spawned { pid, start, boot } => {
                let process = Identity { id: pid, start, boot: boot.into_owned() };
                return Fact::Spawned { task, process };
            }
            Self::CancelAsked => return Fact::CancelAsked(task),
            Self::Requeued => return Fact::Requeued(task),
            Self::Finished { exit_code } => End::Finished(exit_code),
            Self::Interrupted { why } => End::Interrupted(why.into_owned()),
            Self::Cancelled => End::Cancelled,
            Self::Expired => End::Expired,
            Self::TimedOut => End::TimedOut,
        };
        Fact::Ended { task, end }
    }
}

impl<'a> OrderLine<'a> {
    fn of(order: &'a Order) -> Self {
        Self {
            title: (&order.title).into(),
            selection: (&order.selection).into(),
            arguments: Cow::Borrowed(&order.arguments),
            env: Cow::Borrowed(&order.env),
            commit: order.commit.as_ref().map(Into::into),
            is_changed: order.is_changed,
            is_light: order.weight == Weight::Light,
            priority: order.priority,
            retries: order.retries,
            time_limit_seconds: order.time_limit.map(|limit| limit.as_secs()),
            patience_seconds: order.patience.as_secs(),
        }
    }

    fn meaning(self, task: TaskId) -> Order {
        Order {
            task,
            title: self.title.into_owned(),
            selection: self.selection.into_owned(),
            arguments: self.arguments.into_owned(),
            env: self.env.into_owned(),
            commit: self.commit.map(Cow::into_owned),
            is_changed: self.is_changed,
            weight: if self.is_light { Weight::Light } else { Weight::Heavy },
            priority: self.priority,
            retries: self.retries,
            time_limit: self.time_limit_seconds.map(Duration::from_secs),
            patience: Duration::from_secs(self.patience_seconds),
        }
    }
}
