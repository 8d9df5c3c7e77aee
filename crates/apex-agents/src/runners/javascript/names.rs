//! Ids of tests and the patterns that choose them: the only file that writes a regular expression
//! of JavaScript.
//!
//! An id is `file::group > group > name`. Frameworks match a pattern against the names joined by
//! spaces or by ` > `, and know nothing of the number that tells tests of one name apart; a
//! pattern allows for both and may therefore choose a few tests more, which are not reported.

use std::fmt::Write as _;

/// Separates the names of nested tests in an id.
pub(crate) const NESTED: &str = " > ";

/// Longest pattern in bytes: a program takes 128 KiB in one argument. Without a pattern all tests
/// of a file run.
const PATTERN_LIMIT: usize = 96 * 1024;

/// The file in an id.
pub(crate) fn file_of(id: &str) -> &str {
    id.split_once("::").map_or(id, |(file, _)| file)
}

/// Whether an id is the wanted one, or a test inside of it.
pub(crate) fn is_within(id: &str, wanted: &str) -> bool {
    id.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with(NESTED))
}

/// What chooses these tests and those inside of them; `None` where one of them is a whole file,
/// or where they are too many to say.
pub(crate) fn only<'a>(ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let names = alternatives(ids)?;
    Some(format!("^(?:\\[[^\\]]*\\](?: > | ))?(?:{names})(?:$| )"))
}

/// What chooses all tests but these; `None` where they are too many to say.
pub(crate) fn except<'a>(ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let names = alternatives(ids)?;
    Some(format!("^(?!(?:{names})$)"))
}

fn alternatives<'a>(ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut pattern = String::new();
    for id in ids {
        let (_, names) = id.split_once("::")?;
        if !pattern.is_empty() {
            pattern.push('|');
        }
        pattern.push_str(&alternative(names));
        if pattern.len() > PATTERN_LIMIT {
            return None;
        }
    }
    (!pattern.is_empty()).then_some(pattern)
}

/// The names of one test. The project in front of them is no name that frameworks match.
fn alternative(names: &str) -> String {
    let inside = names.strip_prefix('[').and_then(|rest| rest.split_once("] > "));
    let names = inside.map_or(names, |(_, names)| names);
    let (names, number) = match names.rsplit_once(" #") {
        Some((before, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            (before, format!("(?: #{digits})?"))
        }
        _ => (names, String::new()),
    };
    let parts: Vec<String> = names.split(NESTED).map(escaped).collect();
    parts.join("(?: > | )") + &number
}

/// Text as a regular expression of JavaScript, without braces that the executor would fill in.
pub(crate) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\\' | '^' | '$' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '|' | '/' => {
                pattern.push('\\');
                pattern.push(character);
            }
            '{' | '}' | '\0'..='\x1f' => {
                let _ = write!(pattern, "\\x{:02x}", u32::from(character));
            }
            _ => pattern.push(character),
        }
    }
    pattern
}
