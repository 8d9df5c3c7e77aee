//! Tests that failed and did not decide, because the repository says so.

use apex_config::model::Quarantined;
use apex_core::view::TestView;
use apex_core::{Outcome, RunView};

use super::line::{Label, Line};
use super::{failure, words};

/// Tests in quarantine that are named in the summary.
const NAMED: usize = 10;

/// Who mends a test in quarantine and until when it may stay there.
pub(super) fn note(view: &RunView, test: &TestView) -> String {
    match entry(view, test) {
        Some(entry) => format!(": in quarantine until {}, {} mends it", entry.expires, entry.owner),
        None => ": in quarantine".to_owned(),
    }
}

/// The entry of the quarantine that is about a test.
pub(super) fn entry<'v>(view: &'v RunView, test: &TestView) -> Option<&'v Quarantined> {
    let category = view.category_of(test.job)?;
    let name = &view.plan().categories.get(category.position())?.name;
    view.plan().quarantine.iter().find(|entry| entry.matches(name, &test.case.id))
}

/// The lines of the summary.
pub(super) fn lines(view: &RunView) -> Vec<Line> {
    let all = view.counts().of(Outcome::Quarantined) as usize;
    if all == 0 {
        return Vec::new();
    }
    let title = format!("{} failed and did not decide:", words::number(all, "test"));
    let mut lines = vec![Line::new(), Line::new().with(Label::Strong, title)];
    let tests = view.tests().iter();
    let failed = tests.filter(|test| test.outcome() == Some(Outcome::Quarantined));
    for test in failed.take(NAMED) {
        let name = failure::headline(view, test, Outcome::Quarantined);
        lines.push(Line::new().text("  ").join(name).text(note(view, test)));
    }
    if all > NAMED {
        lines.push(Line::new().text(format!("  and {} more", all - NAMED)));
    }
    lines
}
