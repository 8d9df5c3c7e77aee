//! The block that shows one failed test.

use apex_core::test_case::Failure;
use apex_core::view::TestView;
use apex_core::{AttemptNumber, Outcome, RunView};

use super::line::{Label, Line, Style};
use super::{excerpt, words};
use crate::run_dir::output_log_name;
use crate::text::{harmless, harmless_line};

/// Lines of details that a block shows from their beginning and, as the cause often stands last,
/// from their end.
const FIRST_LINES: usize = 6;
const LAST_LINES: usize = 14;

/// Columns of a line of details; longer ones are cut, because a test can print anything.
const DETAIL_COLUMNS: usize = 400;

/// How blocks look and where the reader finds more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub style: Style,
    /// The run directory as people should read it.
    pub run_directory: Option<&'a str>,
    /// Whether failures are shown with all that is known of them.
    pub is_whole: bool,
}

/// The headline of a failed test.
pub(super) fn headline(view: &RunView, test: &TestView, outcome: Outcome) -> Line {
    let word = words::word(outcome).to_uppercase();
    let category = words::category_of(view, test.job);
    let time =
        test.duration.map_or_else(String::new, |time| format!(" ({})", words::duration(time)));
    Line::new()
        .with(words::label_of(outcome), word)
        .text(format!(" {category}: "))
        .with(Label::Strong, harmless_line(&test.case.id))
        .with(Label::Faint, time)
}

/// A line about a test that goes on: a word of caution, its name, and more.
pub(super) fn caution(view: &RunView, test: &TestView, word: &str, more: String) -> Line {
    Line::new()
        .with(Label::Caution, word.to_owned())
        .text(format!(" {}: ", words::category_of(view, test.job)))
        .with(Label::Strong, harmless_line(&test.case.id))
        .text(more)
}

/// The whole block: headline, message, details within bounds, and the place of the full output.
pub(super) fn block(
    view: &RunView,
    test: &TestView,
    outcome: Outcome,
    place: Place<'_>,
) -> Vec<Line> {
    let mut lines = vec![headline(view, test, outcome)];
    if let Some(message) = message(view, test) {
        let line = Line::new().with(Label::Bad, format!("    {message}"));
        lines.push(line.cut(DETAIL_COLUMNS, place.style));
    }
    if let Some(failure) = test.said() {
        lines.extend(detail_lines(shown_details(failure), place));
    }
    lines.extend(
        output_path(view, test, place.run_directory)
            .map(|path| Line::new().with(Label::Faint, format!("    full output: {path}"))),
    );
    lines
}

/// Where the full output of a test is, as people should read it; nothing where its job wrote
/// nothing.
pub(crate) fn output_path(
    view: &RunView,
    test: &TestView,
    run_directory: Option<&str>,
) -> Option<String> {
    let job = view.jobs().get(test.job.position()).filter(|job| job.has_output);
    let latest = job?.attempt;
    let attempt = if test.attempts == 0 { latest? } else { AttemptNumber(test.attempts) };
    let log = output_log_name(words::category_of(view, test.job), test.job, attempt);
    run_directory.map(|directory| format!("{directory}/{log}"))
}

/// What the test said in one line, or what ended it from outside.
pub(crate) fn message(view: &RunView, test: &TestView) -> Option<String> {
    let said = test.said().map(|failure| harmless(&failure.message));
    let said = said.as_deref().map_or("", words::first_line);
    if !said.is_empty() {
        return Some(said.to_owned());
    }
    let job = view.jobs().get(test.job.position())?;
    if let Some(cause) = job.stopped_by.filter(|_| test.outcome() != Some(Outcome::Failed)) {
        return Some(format!("ended from outside: {}", cause.describe()));
    }
    let reason = job.progress.ending().map_or("", |end| words::first_line(&end.reason));
    (!reason.is_empty()).then(|| reason.to_owned())
}

/// The details; the captured output when there are none. Frameworks often begin the details with
/// the message: it is not shown twice.
fn shown_details(failure: &Failure) -> &str {
    let is_bare = failure.details.trim().is_empty();
    let text = if is_bare { &failure.output } else { &failure.details };
    let message = failure.message.trim();
    let has_message = !message.is_empty() && !message.contains('\n');
    match text.trim_start().strip_prefix(message) {
        Some(rest) if has_message && rest.starts_with('\n') => rest,
        Some("") if has_message => "",
        _ => text,
    }
}

/// The details that help, or with `is_whole` all of them; in the middle, what is too much is left
/// out and counted.
fn detail_lines(details: &str, place: Place<'_>) -> Vec<Line> {
    let Place { style, is_whole, .. } = place;
    let clean = harmless(details);
    let useful = excerpt::useful(&clean);
    let all: Vec<&str> = match useful.is_empty() || is_whole {
        true => clean.trim_matches('\n').lines().collect(),
        false => useful,
    };
    let show = |line: &&str| {
        Line::new().text(format!("    {}", line.trim_end())).cut(DETAIL_COLUMNS, style)
    };
    let left = all.len().saturating_sub(FIRST_LINES + LAST_LINES);
    if left == 0 || is_whole {
        return all.iter().map(show).collect();
    }
    let gap = format!("    {} {}", style.ellipsis(), words::number(left, "more line"));
    let mut lines: Vec<Line> = all[..FIRST_LINES].iter().map(show).collect();
    lines.push(Line::new().with(Label::Faint, gap));
    lines.extend(all[all.len() - LAST_LINES..].iter().map(show));
    lines
}
