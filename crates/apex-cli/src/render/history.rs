//! How much a history holds.

use std::path::Path;

use apex_monitor::history::{Limits, Summary, utc};
use serde_json::{Value, json};

use super::count;
use super::table::aligned;

/// Bytes of a mebibyte.
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// For people.
pub(crate) fn history_page(path: &Path, summary: &Summary, limits: &Limits) -> String {
    let mut rows: Vec<Vec<String>> = vec![
        vec!["file".to_owned(), format!("{}, {}", path.display(), size(summary.bytes))],
        vec!["runs".to_owned(), runs(summary)],
        vec!["tests".to_owned(), summary.tests.to_string()],
        vec![
            "attempts".to_owned(),
            format!("{} of tests, {} of jobs", summary.test_attempts, summary.job_attempts),
        ],
        vec![
            "kept".to_owned(),
            format!("{}, at most {}", count(limits.days as usize, "day"), size(limits.bytes)),
        ],
    ];
    if summary.runs == 0 {
        let next = "apex run begins it, apex history rebuild reads the records of earlier runs";
        rows.push(vec!["next".to_owned(), next.to_owned()]);
    }
    aligned(&rows)
}

/// For programs.
pub(crate) fn history_json(path: &Path, summary: &Summary) -> Value {
    json!({
        "schema": "apex.history_summary/1",
        "file": path.display().to_string(),
        "bytes": summary.bytes,
        "runs": summary.runs,
        "tests": summary.tests,
        "test_attempts": summary.test_attempts,
        "job_attempts": summary.job_attempts,
        "oldest_unix_millis": summary.oldest_unix_millis,
        "newest_unix_millis": summary.newest_unix_millis,
    })
}

fn runs(summary: &Summary) -> String {
    match (summary.oldest_unix_millis, summary.newest_unix_millis) {
        (Some(oldest), Some(newest)) => {
            format!("{}, from {} to {}", summary.runs, utc(oldest), utc(newest))
        }
        _ => "0".to_owned(),
    }
}

/// A size as people read it.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / MEBIBYTE)
}
