//! Values as text for people or for programs. Nothing here prints or decides.

pub(crate) mod alerts;
pub(crate) mod background;
mod cleaned;
pub(crate) mod doctor;
pub(crate) mod explain;
mod first;
mod flaky;
mod graph;
mod history;
mod lists;
mod plan;
mod plan_services;
mod problem;
mod reference;
pub(crate) mod runs;
mod standing;
pub(crate) mod status;
mod table;
pub(crate) mod why;

pub(crate) use cleaned::cleaned;
pub(crate) use first::{init_page, nothing_found};
pub(crate) use flaky::{flaky_json, flaky_page, unsteady};
pub(crate) use graph::{dot, mermaid};
pub(crate) use history::{history_json, history_page};
pub(crate) use lists::{TestRow, categories, layers, modes, tests};
pub(crate) use plan::plan_page;
pub(crate) use problem::{failure, problems, problems_json};
pub(crate) use reference::{cli_reference, exit_reference, made_by};
pub(crate) use standing::{standing_json, standing_page, variables};

use std::time::Duration;

/// A duration as people read it: `45 s`, `2 min`, `1 h 35 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        return if seconds.fract() == 0.0 {
            format!("{seconds:.0} s")
        } else {
            format!("{seconds:.1} s")
        };
    }
    let minutes = duration.as_secs() / 60;
    let rest = duration.as_secs() % 60;
    match (minutes / 60, minutes % 60, rest) {
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A count with its noun: `1 job`, `2 jobs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A count of categories.
pub(crate) fn count_categories(number: usize) -> String {
    if number == 1 { "1 category".to_owned() } else { format!("{number} categories") }
}
