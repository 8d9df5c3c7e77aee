//! Pages of the reference, made from the program itself so that they cannot go stale.

use std::fmt::Write as _;

use crate::args;
use crate::exit::ExitCode;

/// `docs/reference/exit-codes.md`.
pub(crate) fn exit_reference() -> String {
    let mut text =
        String::from("# Exit codes\n\n| code | meaning | when, and what to do |\n|---|---|---|\n");
    for code in ExitCode::ALL {
        // Writing to a `String` cannot fail, here and below.
        let _ =
            writeln!(text, "| {} | {} | {} |", code.number(), code.meaning(), code.explanation());
    }
    let signal = ExitCode::Signal(0);
    let _ = writeln!(text, "| 128 + n | stopped by signal n | {} |", signal.explanation());
    text.push_str("\nWhen several hold, the first of 6, 2, signal, 1, 3, 5, 4, 0 is given.\n");
    made_by("exit-codes", &text)
}

/// `docs/reference/cli.md`.
pub(crate) fn cli_reference() -> String {
    let mut text = String::from("# Command line\n");
    for page in args::help_pages() {
        let _ = write!(text, "\n## {}\n\n```text\n{}\n```\n", page.name, page.text);
    }
    made_by("cli", &text)
}

/// A page with a note, below its title, of what made it.
pub(crate) fn made_by(word: &str, page: &str) -> String {
    let (title, rest) = page.split_once('\n').unwrap_or((page, ""));
    format!("{title}\n\n<!-- Made by `apex reference {word}`; a test compares. -->\n{rest}")
}
