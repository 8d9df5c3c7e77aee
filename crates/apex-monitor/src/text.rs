//! Foreign text made harmless for terminals and XML.

use std::borrow::Cow;

/// The text without terminal escape sequences, control characters (tab and line feed stay) and
/// the two code points that XML forbids.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            skip_escape(&mut rest);
        } else if !is_forbidden(character) {
            clean.push(character);
        }
    }
    Cow::Owned(clean)
}

/// The harmless text in one line: names of tests may hold line feeds and tabs.
pub(crate) fn harmless_line(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

/// Whether a text is ASCII without control characters: almost every text is, and bytes are looked
/// at many at a time.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte))
}

fn is_forbidden(character: char) -> bool {
    let kept = matches!(character, '\t' | '\n');
    (character.is_control() && !kept) || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// Skips what follows an escape character: a control sequence up to its final byte, an operating
/// system command up to its end, or one character (ECMA-48, sections 5.3 to 5.6).
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('[') => {
            rest.find(|character| matches!(character, '\u{40}'..='\u{7e}'));
        }
        Some(']') => {
            let end = rest.find(|character| matches!(character, '\u{7}' | '\u{1b}' | '\n'));
            if end == Some('\u{1b}') {
                rest.next();
            }
        }
        _ => {}
    }
}
