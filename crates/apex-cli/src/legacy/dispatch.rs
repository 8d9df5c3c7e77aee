//! Which of the two grammars a command line is read by.

use std::ffi::OsString;
use std::path::Path;

use crate::args;

/// The script whose name this program may be called by.
const SCRIPT: &str = "unified_test_runner";

/// Global options of the native grammar that may stand before a subcommand; whether a value
/// follows.
const GLOBAL: [(&str, bool); 7] = [
    ("--project", true),
    ("--config", true),
    ("--color", true),
    ("--verbose", false),
    ("-v", false),
    ("--quiet", false),
    ("-q", false),
];

/// Whether the earlier grammar reads this command line: that of the script's name, and every one
/// in which no subcommand stands first, behind nothing but global options.
pub(crate) fn is_meant(program: Option<&OsString>, words: &[OsString]) -> bool {
    let called = program.and_then(|program| Path::new(program).file_stem()?.to_str());
    if called == Some(SCRIPT) {
        return true;
    }
    let commands = args::command_names();
    let mut words = words.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if commands.iter().any(|name| *name == word) {
            return false;
        }
        let name = word.split('=').next().unwrap_or_default();
        match GLOBAL.iter().find(|(global, _)| *global == name) {
            Some((_, true)) if !word.contains('=') => drop(words.next()),
            Some(_) => {}
            None => return true,
        }
    }
    true
}
