//! Recorded runs for people.

use std::fmt::Write as _;
use std::time::Duration;

use apex_core::oracle::Violation;
use apex_monitor::compare::{Change, Difference};
use apex_monitor::history::utc;
use apex_monitor::run_dir::{ListedRun, Listing};

use super::count;
use super::table::aligned;

/// Tests of a list that are shown; the others are counted.
const SHOWN: usize = 20;

/// Broken laws that are shown.
const LAWS: usize = 50;

/// `apex runs list`.
pub(crate) fn listing(listing: &Listing) -> String {
    if listing.runs.is_empty() {
        return "no run was recorded here; `apex run` makes one\n".to_owned();
    }
    let titles = ["run", "began", "verdict", "took", "tests", "failed", "flaky", "what"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(listing.runs.iter().map(row));
    let mut text = aligned(&rows);
    if listing.left_out > 0 {
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "and {} (`--limit`)", count(listing.left_out, "older run"));
    }
    text
}

fn row(run: &ListedRun) -> Vec<String> {
    let counts = run.counts.unwrap_or_default();
    let number =
        |number: u32| if run.counts.is_some() { number.to_string() } else { "-".to_owned() };
    let took = run.duration_seconds.map(|seconds| {
        let took = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        super::duration(Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(0)))
    });
    vec![
        run.run.clone(),
        run.started_unix_millis.map_or_else(|| "-".to_owned(), utc),
        run.verdict.clone(),
        took.unwrap_or_else(|| "-".to_owned()),
        number(counts.selected),
        number(counts.failed + counts.errored + counts.timed_out),
        number(counts.flaky),
        run.what.clone(),
    ]
}

/// `apex runs diff`.
pub(crate) fn difference(difference: &Difference) -> String {
    let mut text = format!("from {}\nto   {}\n", difference.earlier, difference.later);
    let lists = [
        ("newly failing", &difference.newly_failing),
        ("still failing", &difference.still_failing),
        ("fixed", &difference.fixed),
        ("slower", &difference.slower),
        ("new", &difference.new),
        ("gone", &difference.removed),
    ];
    for (title, changes) in lists.into_iter().filter(|(_, changes)| !changes.is_empty()) {
        let _ = writeln!(text, "\n{title}: {}", changes.len());
        let rows: Vec<Vec<String>> = changes.iter().take(SHOWN).map(change).collect();
        text.push_str(&aligned(&rows));
        if changes.len() > SHOWN {
            let _ = writeln!(text, "  and {} more (`--json` has all)", changes.len() - SHOWN);
        }
    }
    if lists.iter().all(|(_, changes)| changes.is_empty()) {
        text.push_str("\nno test differs\n");
    }
    text
}

fn change(change: &Change) -> Vec<String> {
    let words = match (&change.before, &change.after) {
        (Some(before), Some(after)) if before != after => format!("{before} -> {after}"),
        (_, Some(word)) | (Some(word), None) => word.clone(),
        (None, None) => String::new(),
    };
    let seconds = |seconds: f64| format!("{seconds:.2} s");
    let times = match (change.before_seconds, change.after_seconds) {
        (Some(before), Some(after)) => format!("{} -> {}", seconds(before), seconds(after)),
        (Some(one), None) | (None, Some(one)) => seconds(one),
        (None, None) => String::new(),
    };
    let id = change.id.replace(|character: char| character.is_control(), " ");
    vec![format!("  {words}"), times, change.category.clone(), id]
}

/// `apex runs check`.
pub(crate) fn checked(run: &str, events: usize, has_end: bool, broken: &[Violation]) -> String {
    if broken.is_empty() {
        return format!("{run}: {}, every law holds\n", count(events, "event"));
    }
    let mut text =
        format!("{run}: {}, {}\n", count(events, "event"), count(broken.len(), "broken law"));
    if !has_end {
        text.push_str("the record has no end: the run goes on, or Apex was ended before it\n");
    }
    for violation in broken.iter().take(LAWS) {
        let _ = writeln!(text, "  {violation}");
    }
    if broken.len() > LAWS {
        let _ = writeln!(text, "  and {} more", broken.len() - LAWS);
    }
    text
}
