//! The help page of the earlier command line, made from its table.

use std::fmt::Write as _;

use super::table::{self, Group, Kind, Row};
use crate::args;

/// Columns before the text of a flag.
const INDENT: usize = 34;

/// The whole page.
pub(crate) fn page() -> String {
    let mut text = String::from(
        "usage: apex SUBCOMMAND ...\n       apex [FLAGS] [PATH ...] [-- WORDS FOR THE FRAMEWORK]\n\n\
         Subcommands (`apex SUBCOMMAND --help` says more):\n",
    );
    for (name, about) in args::commands_for_people() {
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  {name:<14} {about}");
    }
    text.push_str("\nFlags, by category; without any of them smoke, unit and integration run:\n");
    for (group, title) in Group::ALL {
        let _ = writeln!(text, "\n{title}:");
        for row in table::rows().filter(|row| row.group == group && row.kind != Kind::Alias) {
            entry(&mut text, row);
        }
    }
    text.push_str("\nOther spellings that mean one of these:\n");
    for row in table::rows().filter(|row| row.kind == Kind::Alias) {
        entry(&mut text, row);
    }
    text.push_str(
        "\nLong spellings of the earlier runner may be abbreviated. Exit codes: 0 passed, 1 not, \
         2 not understood;\n`--exit-codes fine` tells more apart. `apex compat list` shows this as \
         a table.\n",
    );
    text
}

fn entry(text: &mut String, row: &Row) {
    let spellings: Vec<&str> = row.all_spellings().collect();
    let head = format!("  {} {}", spellings.join(", "), row.takes.placeholder());
    let head = head.trim_end();
    let about = row.about;
    if head.len() + 2 > INDENT {
        let _ = writeln!(text, "{head}\n{:INDENT$}{about}", "");
    } else {
        let _ = writeln!(text, "{head:<INDENT$}{about}");
    }
}
