//! What the doctor found, for people.

use std::fmt::Write as _;

use apex_agents::checkup::{Check, CheckState};

/// A line for each check, and below what is not fine how to mend it.
pub(crate) fn page(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or(0);
    let mut page = String::new();
    for check in checks {
        let word = check.state.as_str();
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(page, "{word:<6}  {:<width$}  {}", check.what, check.found);
        if let Some(mend) = &check.mend {
            let _ = writeln!(page, "{:6}  {:width$}  next: {mend}", "", "");
        }
    }
    page.push_str(&verdict(checks));
    page
}

fn verdict(checks: &[Check]) -> String {
    let number = |state| checks.iter().filter(|check| check.state == state).count();
    match (number(CheckState::Broken), number(CheckState::Poor)) {
        (0, 0) => "everything is there\n".to_owned(),
        (0, poor) => {
            format!("runs are possible; {} could be better\n", super::count(poor, "thing"))
        }
        (broken, _) => {
            format!("{} of what this project needs is broken\n", super::count(broken, "thing"))
        }
    }
}
