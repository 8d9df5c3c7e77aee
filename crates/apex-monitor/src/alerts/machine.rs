//! When alerts fire and resolve: a value without clock or I/O.

use apex_config::model::{Alert, AlertCondition, AlertMetric};
use apex_core::Moment;

/// The alerts of a run, and how each stands.
#[derive(Debug)]
pub struct Machine {
    alerts: Vec<Alert>,
    books: Vec<Book>,
}

/// What is remembered of an alert.
#[derive(Clone, Debug, Default)]
struct Book {
    state: State,
    fired: Option<Fired>,
}

/// How an alert stands.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Quiet,
    /// Its condition holds, and has to hold longer.
    Waiting {
        since: Moment,
    },
    Firing,
}

/// An alert that fired at some time.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// When it did for the first time.
    pub first: Moment,
    /// How often it did.
    pub times: u32,
    /// When it resolved for the last time; none while it fires.
    pub resolved: Option<Moment>,
    /// What was measured when it fired for the first time, for people.
    pub why: String,
}

/// A change of an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which one, by its place in the list.
    pub alert: usize,
    /// When.
    pub at: Moment,
    /// What was measured, for people; none when it resolved.
    pub fired: Option<String>,
}

impl Machine {
    /// Every alert is quiet.
    #[must_use]
    pub fn new(alerts: Vec<Alert>) -> Self {
        let books = vec![Book::default(); alerts.len()];
        Self { alerts, books }
    }

    /// The alerts.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// Looks at the values at a moment, which must not go backwards; what changed.
    pub fn look(
        &mut self,
        now: Moment,
        value: impl Fn(&Alert, AlertMetric) -> Option<f64>,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for (position, (alert, book)) in self.alerts.iter().zip(&mut self.books).enumerate() {
            let why = why(&alert.condition, &|metric| value(alert, metric));
            let is_changed = book.turn(alert, now, why.as_deref());
            if is_changed {
                changes.push(Change { alert: position, at: now, fired: why });
            }
        }
        changes
    }

    /// Those that fired, with how often, in the order of the list.
    pub fn fired(&self) -> impl Iterator<Item = (&Alert, &Fired)> {
        let all = self.alerts.iter().zip(&self.books);
        all.filter_map(|(alert, book)| Some((alert, book.fired.as_ref()?)))
    }
}

impl Book {
    /// Goes on to the next state; answers whether it fired or resolved just now.
    fn turn(&mut self, alert: &Alert, now: Moment, why: Option<&str>) -> bool {
        match (self.state, why) {
            (State::Quiet, None) | (State::Firing, Some(_)) => false,
            (State::Waiting { .. }, None) => {
                self.state = State::Quiet;
                false
            }
            (State::Quiet, Some(why)) if alert.hold.is_zero() => self.fire(now, why),
            (State::Quiet, Some(_)) => {
                self.state = State::Waiting { since: now };
                false
            }
            (State::Waiting { since }, Some(why)) => {
                now.since(since) >= alert.hold && self.fire(now, why)
            }
            (State::Firing, None) => {
                self.state = State::Quiet;
                if let Some(fired) = &mut self.fired {
                    fired.resolved = Some(now);
                }
                true
            }
        }
    }

    fn fire(&mut self, now: Moment, why: &str) -> bool {
        self.state = State::Firing;
        let first = || Fired { first: now, times: 0, resolved: None, why: why.to_owned() };
        let fired = self.fired.get_or_insert_with(first);
        fired.times += 1;
        fired.resolved = None;
        true
    }
}

/// Why a condition holds, as `metric value sign bound`; none when it does not.
fn why(condition: &AlertCondition, value: &impl Fn(AlertMetric) -> Option<f64>) -> Option<String> {
    match condition {
        AlertCondition::Compare { metric, comparison, bound } => {
            let value = value(*metric).filter(|value| comparison.holds(*value, *bound))?;
            let rounded = (value * 1000.0).round() / 1000.0;
            Some(format!("{} {rounded} {} {bound}", metric.as_str(), comparison.sign()))
        }
        AlertCondition::All(parts) => {
            let all: Option<Vec<String>> = parts.iter().map(|part| why(part, value)).collect();
            all.map(|words| words.join(" and "))
        }
        AlertCondition::Any(parts) => parts.iter().find_map(|part| why(part, value)),
    }
}
