//! Tells webhooks of alerts, when the verdict stands: only URLs of the layer file, a few tries with
//! pauses that differ, and a limit for all of it together.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use apex_config::model::Notify;
use futures_util::future::join_all;
use serde_json::Value;

use super::notice::Notice;
use crate::otlp::{Posted, Poster};

/// Tries of a message.
const TRIES: u32 = 3;
/// The first pause between two tries; each next one is twice as long, and up to half as long again,
/// so that many runs that fail at once do not ask at once.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(3);

/// Tells everybody at once, and gives up after this long; what could not be told, for people.
///
/// # Panics
/// Outside a tokio runtime with I/O and time.
pub async fn tell(notices: &[Notice], limit: Duration) -> Vec<String> {
    let told = notices.iter().filter(|notice| !notice.is_muted).flat_map(|notice| {
        notice.rule.notify.iter().filter_map(move |notify| match notify {
            Notify::Webhook { url, is_slack } => {
                let message = if *is_slack { notice.slack() } else { notice.document() };
                Some(tell_one(&notice.alert, url, message, limit))
            }
            Notify::Log | Notify::Console | Notify::GitHub => None,
        })
    });
    join_all(told).await.into_iter().flatten().collect()
}

/// Why one could not be told, if so. The URL is not shown: it may be the secret.
async fn tell_one(alert: &str, url: &str, message: Value, limit: Duration) -> Option<String> {
    let problem = |reason: &str| {
        Some(format!("nobody was told of alert {alert} by its webhook at {}: {reason}", host(url)))
    };
    match tokio::time::timeout(limit, try_often(url, &message)).await {
        Ok(Ok(())) => None,
        Ok(Err(reason)) => problem(&reason),
        Err(_) => problem(&format!("no answer within {} s", limit.as_secs_f64())),
    }
}

async fn try_often(url: &str, message: &Value) -> Result<(), String> {
    let poster = Poster::to(url, ONE_TRY)?;
    let bytes = message.to_string();
    let mut pause = PAUSE;
    let mut last = String::new();
    for attempt in 1..=TRIES {
        match poster.post(bytes.as_bytes()).await {
            Posted::Taken => return Ok(()),
            Posted::Never(reason) => return Err(reason),
            Posted::Later(reason) => last = reason,
        }
        if attempt < TRIES {
            tokio::time::sleep(pause + jitter(pause / 2)).await;
            pause *= 2;
        }
    }
    Err(format!("{last}, {TRIES} times"))
}

/// Up to this long, different for every call.
fn jitter(most: Duration) -> Duration {
    // The keys of a new hasher are random; nothing here has to be hard to guess.
    let share = RandomState::new().hash_one(0) % 1_000;
    most.mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 1_000.0)
}

/// The host of a URL, without what may be secret in it.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}
