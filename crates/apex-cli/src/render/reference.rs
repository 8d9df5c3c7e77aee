//! Pages of the reference, made from the program itself so that they cannot go stale.

use std::fmt::Write as _;

use crate::args;
use crate::exit::ExitCode;

/// `docs/reference/exit-codes.md`.
pub(crate) fn exit_reference() -> String {
    let mut text = String::from(
        "# Exit codes\n\n<!-- Made by `apex reference exit-codes`; a test compares. -->\n\n\
         | code | meaning | when, and what to do |\n|---|---|---|\n",
    );
    for code in ExitCode::ALL {
        // Writing to a `String` cannot fail, here and below.
        let _ =
            writeln!(text, "| {} | {} | {} |", code.number(), code.meaning(), code.explanation());
    }
    let signal = ExitCode::Signal(0);
    let _ = writeln!(text, "| 128 + n | stopped by signal n | {} |", signal.explanation());
    text.push_str("\nWhen several hold, the first of 6, 2, signal, 1, 3, 5, 4, 0 is given.\n");
    text
}

/// `docs/reference/cli.md`.
pub(crate) fn cli_reference() -> String {
    let mut text =
        String::from("# Command line\n\n<!-- Made by `apex reference cli`; a test compares. -->\n");
    for page in args::help_pages() {
        let _ = write!(text, "\n## {}\n\n```text\n{}\n```\n", page.name, page.text);
    }
    text
}
