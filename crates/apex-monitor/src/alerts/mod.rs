//! Alerts: conditions on what is measured of a run, and what is said of those that held.
//!
//! What fires is decided by a pure machine over figures of the run, once a second of the run and at
//! its end; so a recorded run fires what the live one did ([`of_record`]). Every change is in the log
//! at once; everybody else is told when the verdict stands, once for each alert, however often it
//! fired. Nothing here changes a verdict.
//!
//! | part | what it does |
//! |---|---|
//! | `figures.rs` | the value of a metric at a moment |
//! | `machine.rs` | waiting, firing, resolving |
//! | `watch.rs` | both, in the rhythm of the run |
//! | `sink.rs` | a live run, and its log |
//! | `notice.rs` | what is said, for people and for programs |
//! | `webhook.rs` | brings it to whoever answers at a URL |

mod figures;
mod machine;
mod notice;
mod sink;
mod watch;
mod webhook;

use apex_config::model::Alert;
use apex_core::{Envelope, Moment, RunView};

pub use machine::{Change, Fired, Machine};
pub use notice::{Notice, SCHEMA};
pub use sink::{Alerts, Book};
pub use webhook::tell;

use watch::Watch;

/// What would have been told of a recorded run.
///
/// # Errors
/// The first event that cannot be read.
pub fn of_record<E>(
    alerts: &[Alert],
    events: impl IntoIterator<Item = Result<Envelope, E>>,
) -> Result<Vec<Notice>, E> {
    let (mut watch, view) = watched(alerts, events)?;
    watch.end(&view);
    Ok(watch.notices(&view))
}

/// What would be told of a run that goes on, at a moment of it after the last event that is known.
///
/// # Errors
/// The first event that cannot be read.
pub fn of_live<E>(
    alerts: &[Alert],
    events: impl IntoIterator<Item = Result<Envelope, E>>,
    now: Moment,
) -> Result<Vec<Notice>, E> {
    let (mut watch, view) = watched(alerts, events)?;
    watch.until(now, &view);
    Ok(watch.notices(&view))
}

fn watched<E>(
    alerts: &[Alert],
    events: impl IntoIterator<Item = Result<Envelope, E>>,
) -> Result<(Watch, RunView), E> {
    let mut watch = Watch::new(alerts.to_vec());
    let mut view = RunView::new();
    for envelope in events {
        let envelope = envelope?;
        watch.until(envelope.at, &view);
        view.apply(&envelope);
        watch.take(&envelope);
    }
    Ok((watch, view))
}
