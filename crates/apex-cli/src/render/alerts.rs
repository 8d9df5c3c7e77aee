//! Alerts for people.

use std::fmt::Write as _;

use apex_config::model::Notify;
use apex_monitor::alerts::Notice;

/// `apex alerts test`: a line for each alert that would be told, and to whom.
pub(crate) fn page(notices: &[Notice], rules: usize) -> String {
    let rules = super::count(rules, "rule");
    let mut page = format!("{} of {rules} would fire\n", notices.len());
    for notice in notices {
        // Writing to a `String` cannot fail.
        let _ = writeln!(page, "{}\n  tells {}", notice.line(), whom(notice));
    }
    page
}

/// Who is told; URLs are not shown, because they may be secrets.
fn whom(notice: &Notice) -> String {
    if notice.is_muted {
        return "nobody: it is muted".to_owned();
    }
    let words = notice.rule.notify.iter().map(|notify| match notify {
        Notify::Log => "the log",
        Notify::Console => "the console",
        Notify::GitHub => "GitHub",
        Notify::Webhook { is_slack: true, .. } => "Slack",
        Notify::Webhook { is_slack: false, .. } => "a webhook",
    });
    let program = notice.rule.command.as_ref().map(|_| "a program");
    let all: Vec<&str> = words.chain(program).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}
