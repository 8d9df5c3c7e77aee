//! The recorded runs of a project, a row each: `apex.runs/1`.

use std::fs;

use apex_core::RunId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Runs;
use crate::summary::{CountsRow, Summary};

/// Name and version of the form.
pub const SCHEMA: &str = "apex.runs/1";

/// Recorded runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Listing {
    /// Name and version of this form.
    pub schema: String,
    /// The runs, the newest first.
    pub runs: Vec<ListedRun>,
    /// Older runs that are not listed.
    pub left_out: usize,
}

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListedRun {
    /// Its name.
    pub run: String,
    /// `running`, `unfinished` when Apex was ended before it, else `passed` or `failed`.
    pub verdict: String,
    /// Its exit code, when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// When it began, milliseconds since 1970-01-01 UTC; none when it left no summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_unix_millis: Option<u64>,
    /// What it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// What was asked for: its mode, else its layers.
    pub what: String,
    /// Its tests by outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsRow>,
}

impl Listing {
    /// The newest runs, at most so many. Their summaries are read, not their journals.
    ///
    /// # Errors
    /// Those of the file system; a run without a summary that can be read is listed without.
    pub fn of(runs: &Runs, most: usize) -> std::io::Result<Self> {
        let ids = runs.list()?;
        let listed = ids.iter().take(most).map(|id| listed(runs, id)).collect();
        let left_out = ids.len().saturating_sub(most);
        Ok(Self { schema: SCHEMA.to_owned(), runs: listed, left_out })
    }
}

fn listed(runs: &Runs, id: &RunId) -> ListedRun {
    let directory = runs.open(id).ok();
    let summary = directory.as_ref().and_then(|directory| {
        serde_json::from_slice::<Summary>(&fs::read(directory.summary()).ok()?).ok()
    });
    let Some(summary) = summary else {
        let is_running = directory.is_some_and(|directory| directory.is_running().unwrap_or(false));
        return ListedRun {
            run: id.to_string(),
            verdict: if is_running { "running" } else { "unfinished" }.to_owned(),
            exit_code: None,
            started_unix_millis: None,
            duration_seconds: None,
            what: String::new(),
            counts: None,
        };
    };
    let layers: Vec<&str> = summary.layers.iter().map(|layer| layer.id.as_str()).collect();
    ListedRun {
        run: id.to_string(),
        exit_code: Some(summary.exit_code),
        started_unix_millis: Some(summary.started_unix_millis),
        duration_seconds: Some(summary.duration_seconds),
        what: summary.mode.clone().unwrap_or_else(|| layers.join(", ")),
        counts: Some(summary.counts),
        verdict: summary.verdict,
    }
}
