//! How the runs of a project stand: those that go on, the latest ones, what each layer came to last:
//! `apex.status/1`.
//!
//! It relies on the run directories alone, so any process can ask during a run, and nothing is asked
//! of the run. What only the machine knows (its resources, the container engine) is put in by whoever
//! looked. Write rule: fields may be added within version 1; none is removed or changes its meaning.

mod active;
mod surroundings;
mod used;

use std::io;

use apex_config::model::Alert;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alerts::of_live;
use crate::run_dir::{JournalReader, ListedRun, Listing, Runs, read_view};
use crate::summary::Summary;

pub use active::{ActiveAgent, ActiveAlert, ActiveLayer, ActiveRun, ActiveService};
pub use surroundings::{Container, EngineState, Resources};
pub use used::{ActiveUse, NamedUse, UseRow};

/// Name and version of the form.
pub const SCHEMA: &str = "apex.status/1";

/// Runs in which the latest verdict of each layer is looked for.
const LOOKED_AT: usize = 50;

/// How a project stands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Name and version of this form.
    pub schema: String,
    /// The version of Apex that looked.
    pub version: String,
    /// The runs that go on, the newest first.
    pub active: Vec<ActiveRun>,
    /// The latest runs that do not go on, the newest first.
    pub recent: Vec<ListedRun>,
    /// What each layer came to in the latest run that had it.
    pub layers: Vec<LastVerdict>,
    /// Background tasks: those that have not ended and the latest that have, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<BackgroundTask>,
    /// The machine, where it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The container engine, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineState>,
}

/// What a layer came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LastVerdict {
    /// The layer.
    pub layer: String,
    /// A word of the verdicts.
    pub verdict: String,
    /// Why, for people; empty when it passed.
    pub reason: String,
    /// What it took.
    pub spent_seconds: f64,
    /// In which run.
    pub run: String,
    /// When that run began, milliseconds since 1970-01-01 UTC.
    pub started_unix_millis: u64,
}

/// A background task, as whoever has the queue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackgroundTask {
    /// Its id.
    pub task: String,
    /// What it is, for people.
    pub title: String,
    /// The word for its state.
    pub state: String,
    /// Since when it is in that state, milliseconds since 1970-01-01 UTC.
    pub since_unix_millis: u64,
    /// How it ended, as the exit code of a run; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// The run that it began last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

impl Status {
    /// How the runs stand at that time of the wall clock, with at most so many of those that are
    /// over. A live run whose journal cannot be read is shown by its name alone.
    ///
    /// # Errors
    /// Those of the file system at the folder of the runs.
    pub fn of(
        runs: &Runs,
        rules: &[Alert],
        most_recent: usize,
        now_unix_millis: u64,
    ) -> io::Result<Self> {
        let listing = Listing::of(runs, LOOKED_AT.max(most_recent))?;
        let (live, mut over): (Vec<_>, Vec<_>) =
            listing.runs.into_iter().partition(|run| run.verdict == "running");
        let layers = last_verdicts(runs, &over);
        over.truncate(most_recent);
        let active =
            live.iter().map(|run| active(runs, rules, &run.run, now_unix_millis)).collect();
        Ok(Self {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            active,
            recent: over,
            layers,
            tasks: Vec::new(),
            resources: None,
            engine: None,
        })
    }
}

fn active(runs: &Runs, rules: &[Alert], run: &str, now_unix_millis: u64) -> ActiveRun {
    let Ok(directory) = runs.open(&apex_core::RunId::new(run)) else {
        return ActiveRun::named(run);
    };
    let Ok(view) = read_view(&directory) else { return ActiveRun::named(run) };
    let events = JournalReader::open(&directory.events());
    let now = active::now_of(&view, now_unix_millis);
    let alerts = events.and_then(|events| of_live(rules, events, now)).unwrap_or_default();
    ActiveRun { alerts: active::firing(&alerts), ..ActiveRun::of(run, &view, now_unix_millis) }
}

/// The first word about each layer, from the newest run to older ones.
fn last_verdicts(runs: &Runs, over: &[ListedRun]) -> Vec<LastVerdict> {
    let mut found: Vec<LastVerdict> = Vec::new();
    for run in over {
        let directory = runs.open(&apex_core::RunId::new(&run.run));
        let document = directory.and_then(|directory| std::fs::read(directory.summary()));
        let summary = document.ok().and_then(|text| serde_json::from_slice::<Summary>(&text).ok());
        for layer in summary.iter().flat_map(|summary| &summary.layers) {
            if found.iter().all(|known| known.layer != layer.id) {
                found.push(LastVerdict {
                    layer: layer.id.clone(),
                    verdict: layer.verdict.clone(),
                    reason: layer.reason.clone(),
                    spent_seconds: layer.spent_seconds,
                    run: run.run.clone(),
                    started_unix_millis: run.started_unix_millis.unwrap_or_default(),
                });
            }
        }
    }
    found
}
