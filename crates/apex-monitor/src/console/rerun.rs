//! The commands that run what did not pass once more.

use apex_core::RunView;

use super::line::{Label, Line};
use crate::report::again;

/// A line for each command; none when nothing failed.
pub(super) fn lines(view: &RunView) -> Vec<Line> {
    let commands = again::commands(view);
    let line = |command: String| {
        let command = crate::text::harmless_line(&command);
        Line::new().text("Run these again: ").with(Label::Strong, command)
    };
    commands.into_iter().map(line).collect()
}
