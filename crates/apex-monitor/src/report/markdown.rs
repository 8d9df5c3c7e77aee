//! A summary of a run as Markdown (GitHub's): verdict, layers, failures with their output, flaky
//! and slow tests. Also the summary of a step of GitHub Actions, which has a limit.
//!
//! Text of tests stands in code spans and fences that nothing in it can end, or with its special
//! characters escaped.

use std::fmt::Write as _;

use apex_core::view::TestView;
use apex_core::{Outcome, Verdict};

use super::Recorded;
use super::again::commands;
use super::shown::{
    broken_categories, category_of, failures, log, message, outcome_of, place_text, slowest,
    tests_of,
};
use crate::console::words;
use crate::text::{harmless, harmless_line};

/// Failed tests that are shown with their details; the others are counted.
const FAILURES: usize = 50;

/// Lines of details of a test; the log has the rest.
const DETAIL_LINES: usize = 40;

/// Rows of the lists of flaky and of slow tests.
const ROWS: usize = 10;

/// The whole page.
pub(super) fn page(run: &Recorded) -> String {
    page_within(run, usize::MAX)
}

/// The page in at most so many bytes: failures that do not fit are left out and counted.
pub(super) fn page_within(run: &Recorded, limit: usize) -> String {
    let mut text = head(run);
    text.push_str(&layers(run));
    text.push_str(&broken(run));
    let tail = [flaky(run), slow(run), again(run)].concat();
    let room = limit.saturating_sub(text.len() + tail.len() + NOTE);
    text.push_str(&failed(run, room));
    text.push_str(&tail);
    // Only a plan of thousands of layers gets here.
    text.truncate(text.floor_char_boundary(limit));
    text
}

/// Bytes that are kept for the line that counts what is left out.
const NOTE: usize = 200;

fn head(run: &Recorded) -> String {
    let view = &run.view;
    let mark = match run.end.verdict() {
        "passed" => "✅",
        "failed" => "❌",
        _ => "⚠️",
    };
    let spent = words::duration(view.spent(view.last()));
    let counts = words::counts(view.counts());
    let mut text = format!(
        "## {mark} {}: {counts}, {spent}\n\n",
        if run.end.verdict() == "passed" { "Passed" } else { heading(run.end.verdict()) }
    );
    let mut facts = vec![plain(run.end.meaning())];
    if let Some(checkout) = &run.setting.checkout {
        let short = checkout.commit.get(..10).unwrap_or(&checkout.commit);
        let branch = checkout.branch.as_deref().map(|name| format!(" on {}", code(name)));
        facts.push(format!("{}{}", code(short), branch.unwrap_or_default()));
    }
    if let Some(directory) = &run.directory {
        facts.push(format!("record {}", code(directory)));
    }
    let _ = writeln!(text, "{}\n", facts.join(" · "));
    text
}

fn heading(verdict: &str) -> &str {
    if verdict == "failed" { "Failed" } else { "Unfinished" }
}

fn layers(run: &Recorded) -> String {
    let view = &run.view;
    let mut text =
        String::from("| layer | verdict | tests | time | budget |\n|---|---|---|--:|--:|\n");
    for (planned, layer) in view.plan().layers.iter().zip(view.layers()) {
        let verdict = layer.progress.ending().map(|end| end.verdict);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            plain(planned.id.as_str()),
            verdict.map_or("unfinished", words::verdict),
            words::counts(&layer.counts),
            words::duration(layer.progress.spent(view.last())),
            planned.budget.map_or_else(String::new, words::duration),
        );
    }
    for (planned, layer) in view.plan().layers.iter().zip(view.layers()) {
        if let Some(end) = layer.progress.ending().filter(|end| end.verdict != Verdict::Passed) {
            let _ = write!(text, "\n**{}**: {}\n", plain(planned.id.as_str()), plain(&end.reason));
        }
    }
    text
}

fn broken(run: &Recorded) -> String {
    let mut text = String::new();
    for (planned, end) in broken_categories(&run.view) {
        let name = plain(planned.name.as_str());
        let _ = write!(text, "\n**{name}** {}: {}\n", words::word(end.outcome), plain(&end.reason));
    }
    text
}

fn failed(run: &Recorded, room: usize) -> String {
    let failures = failures(run);
    if failures.is_empty() {
        return String::new();
    }
    let mut text = format!("\n### {}\n\n", words::number(failures.len(), "failed test"));
    let mut shown = 0;
    for (_, test) in failures.iter().take(FAILURES) {
        let block = failure(run, test);
        if text.len() + block.len() > room {
            break;
        }
        text.push_str(&block);
        shown += 1;
    }
    if shown < failures.len() {
        let more = words::number(failures.len() - shown, "more failed test");
        let _ = writeln!(text, "\n… and {more}\n");
    }
    text
}

fn failure(run: &Recorded, test: &TestView) -> String {
    let view = &run.view;
    let mut text = format!(
        "<details><summary><b>{}</b> <code>{}</code> ({})</summary>\n\n",
        words::word(outcome_of(test)),
        escaped(&harmless_line(&test.case.id)),
        escaped(category_of(view, test.job)),
    );
    let said = message(view, test);
    if !said.is_empty() {
        let _ = writeln!(text, "{}\n", code(&said));
    }
    if let Some(details) = test.said().map(|said| harmless(&said.details)) {
        text.push_str(&fenced(details.trim_matches('\n')));
    }
    let places = [place_text(test).map(|at| code(&at)), log(run, test).map(|path| code(&path))];
    let places: Vec<String> = places.into_iter().flatten().collect();
    let _ = writeln!(text, "{}\n\n</details>\n", places.join(" · "));
    text
}

fn flaky(run: &Recorded) -> String {
    let flaky: Vec<&TestView> = tests_of(&run.view, Outcome::Flaky).collect();
    list(
        &words::number(flaky.len(), "flaky test"),
        flaky.iter().map(|test| {
            format!(
                "{} ({})",
                code(&harmless_line(&test.case.id)),
                words::number(test.attempts as usize, "attempt")
            )
        }),
    )
}

fn slow(run: &Recorded) -> String {
    let slow = slowest(&run.view, ROWS);
    list(
        "Slowest tests",
        slow.iter().map(|(time, test)| {
            format!("{} {}", words::duration(*time), code(&harmless_line(&test.case.id)))
        }),
    )
}

fn list(title: &str, rows: impl ExactSizeIterator<Item = String>) -> String {
    let all = rows.len();
    if all == 0 {
        return String::new();
    }
    let mut text = format!("\n### {title}\n\n");
    for row in rows.take(ROWS) {
        let _ = writeln!(text, "- {row}");
    }
    if all > ROWS {
        let _ = writeln!(text, "- … and {} more", all - ROWS);
    }
    text
}

fn again(run: &Recorded) -> String {
    let commands = commands(&run.view);
    if commands.is_empty() {
        return String::new();
    }
    format!("\n### Run it again\n\n{}", fenced(&commands.join("\n")))
}

/// A code span that its text cannot end.
fn code(text: &str) -> String {
    let text = harmless_line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A code block that its text cannot end, at most so long.
fn fenced(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let left = lines.len().saturating_sub(DETAIL_LINES);
    // The cause often stands last.
    let kept = lines[left..].join("\n");
    let gap =
        if left > 0 { format!("… {}\n", words::number(left, "line")) } else { String::new() };
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}\n{gap}{kept}\n{fence}\n")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

/// Text of a paragraph or a cell: nothing in it is markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in harmless_line(text).chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!') {
            plain.push('\\');
        }
        plain.push(character);
    }
    escaped(&plain)
}

/// Text inside of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
