//! What several formats show of a run: failures in the order of interest, categories that no test
//! shows, tests with their place.

use std::time::Duration;

use apex_core::plan::PlannedCategory;
use apex_core::view::{CategoryView, Ending, TestView};
use apex_core::{CategoryIx, JobIx, Outcome, RunView, TestIx};
use jiff::Timestamp;

use super::Recorded;
use crate::console::failure;
use crate::text::harmless_line;

/// A test that nobody settled, as in the record of a killed run, did not run to an end.
pub(super) fn outcome_of(test: &TestView) -> Outcome {
    test.outcome().unwrap_or(Outcome::NotRun)
}

/// A category whose end none of its tests shows, so that a reader of tests alone took it for
/// green.
pub(super) fn unshown(category: &CategoryView) -> Option<&Ending> {
    let counts = &category.counts;
    category.progress.ending().filter(|end| {
        if end.outcome.is_bad() {
            counts.bad() == 0
        } else {
            counts.discovered() == 0 && !matches!(end.outcome, Outcome::Passed | Outcome::Flaky)
        }
    })
}

/// Every category that no test shows, with its end.
pub(super) fn unshown_categories(
    view: &RunView,
) -> impl Iterator<Item = (&PlannedCategory, &Ending)> {
    let planned = view.plan().categories.iter();
    planned
        .zip(view.categories())
        .filter_map(|(planned, category)| unshown(category).map(|end| (planned, end)))
}

/// The categories that went wrong without a test that says so.
pub(super) fn broken_categories(
    view: &RunView,
) -> impl Iterator<Item = (&PlannedCategory, &Ending)> {
    unshown_categories(view).filter(|(_, end)| end.outcome.is_bad())
}

/// The failed tests, those of files that the change touches first, else in the order of discovery.
pub(super) fn failures(run: &Recorded) -> Vec<(TestIx, &TestView)> {
    let mut failed: Vec<_> = run.view.failed_tests().collect();
    failed.sort_by_key(|(_, test)| !is_changed(run, test));
    failed
}

/// The tests of an outcome, in the order of discovery.
pub(super) fn tests_of(view: &RunView, outcome: Outcome) -> impl Iterator<Item = &TestView> {
    view.tests().iter().filter(move |test| test.outcome() == Some(outcome))
}

/// Whether the change under test touches the file of a test.
pub(super) fn is_changed(run: &Recorded, test: &TestView) -> bool {
    test.case.file.as_deref().is_some_and(|file| run.changed.contains(file))
}

/// The slowest tests that took at least a hundredth of a second, the slowest first.
pub(super) fn slowest(view: &RunView, most: usize) -> Vec<(Duration, &TestView)> {
    let timed = view.tests().iter().filter_map(|test| Some((test.duration?, test)));
    let mut timed: Vec<_> = timed.filter(|(time, _)| *time >= Duration::from_millis(10)).collect();
    timed.sort_by(|(one, _), (other, _)| other.cmp(one));
    timed.truncate(most);
    timed
}

/// The name of the category of a job.
pub(super) fn category_of(view: &RunView, job: JobIx) -> &str {
    view.category_of(job).map_or("", |category| category_name(view, category))
}

/// The name of a category.
pub(super) fn category_name(view: &RunView, category: CategoryIx) -> &str {
    view.plan().categories.get(category.position()).map_or("", |planned| planned.name.as_str())
}

/// The line of a failure that says most, on one line; empty when nothing was said.
pub(super) fn message(view: &RunView, test: &TestView) -> String {
    failure::message(view, test).map_or_else(String::new, |text| harmless_line(&text))
}

/// Where the output of the job of a test is, as people should read it.
pub(super) fn log(run: &Recorded, test: &TestView) -> Option<String> {
    failure::output_path(&run.view, test, run.directory.as_deref())
}

/// Where a failure shows: the last line of the test's own file that its details name, else the
/// line of the test.
pub(super) fn place(test: &TestView) -> Option<(&str, Option<u32>)> {
    let file = test.case.file.as_deref()?;
    let details = test.said().map_or("", |said| said.details.as_str());
    let named = details.rmatch_indices(file).find_map(|(at, _)| {
        let rest = details[at + file.len()..].strip_prefix(':')?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        rest[..digits].parse().ok().filter(|line| *line > 0)
    });
    Some((file, named.or(test.case.line)))
}

/// The place as `file:line`.
pub(super) fn place_text(test: &TestView) -> Option<String> {
    place(test).map(|(file, line)| match line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    })
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as people and programs read it, to the second: `2026-11-23T20:10:16Z`.
pub(super) fn timestamp(unix_millis: u64) -> String {
    let moment =
        i64::try_from(unix_millis).ok().and_then(|at| Timestamp::from_second(at / 1000).ok());
    moment.map_or_else(String::new, |moment| moment.to_string())
}
