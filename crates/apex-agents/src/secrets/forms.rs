//! The forms in which programs write a text: as it is, escaped, and encoded.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::SHORTEST;

/// Bytes that are looked for in one piece. A longer form is looked for in several, each of which
/// is masked by itself.
pub(super) const PIECE: usize = 1024;

/// Every form of a value that is worth looking for, in pieces. Of a value with several lines,
/// every line is one of its own: programs print them with something before each.
pub(super) fn of(value: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    let lines = value.lines().map(str::trim).filter(|_| value.contains('\n'));
    for text in std::iter::once(value).chain(lines).filter(|text| is_long(text)) {
        add_forms(text, &mut forms);
    }
    forms.into_iter().flat_map(|form| pieces(&form)).collect()
}

fn is_long(text: &str) -> bool {
    text.chars().count() >= SHORTEST
}

fn add_forms(text: &str, forms: &mut BTreeSet<String>) {
    forms.insert(text.to_owned());
    forms.insert(json(text, false));
    forms.insert(json(text, true));
    forms.insert(json(text, true).replace('/', "\\/"));
    forms.insert(xml(text));
    for kept in ["-_.~", "-_.~/", "-_.!~*'()"] {
        let upper = percent(text, kept);
        forms.insert(upper.replace("%20", "+"));
        forms.insert(percent_in_lower_case(&upper));
        forms.insert(upper);
    }
    let hex = text.bytes().fold(String::new(), |mut hex, byte| {
        // Writing to a text does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    forms.insert(hex.to_uppercase());
    forms.insert(hex);
    forms.extend(base64(text).into_iter().filter(|form| form.len() >= SHORTEST));
}

/// Inside of a JSON string; with `ascii`, everything else as `\uXXXX`.
fn json(text: &str, ascii: bool) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            other if other.is_control() || (ascii && !other.is_ascii()) => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            other => escaped.push(other),
        }
    }
    escaped
}

fn xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

/// As RFC 3986 says, letters, digits and `kept` as they are.
fn percent(text: &str, kept: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric() || (byte.is_ascii() && kept.contains(character)) {
            encoded.push(character);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn percent_in_lower_case(upper: &str) -> String {
    let mut parts = upper.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        text + "%" + &digits.to_lowercase() + rest
    })
}

/// In base64, also as a part of something longer: a text that begins one or two bytes into a
/// group of three is written differently, and the characters at its ends hold bits of others.
fn base64(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let foreign = (before * 8).div_ceil(6);
        let whole = bytes.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            found.extend(encoded.get(foreign..whole).map(str::to_owned));
        }
    }
    found
}

/// Cuts a form into pieces of about the same length, between characters.
fn pieces(form: &str) -> Vec<String> {
    let count = form.len().div_ceil(PIECE).max(1);
    let mut rest = form;
    let mut pieces = Vec::with_capacity(count);
    for left in (1..=count).rev() {
        let mut end = rest.len().div_ceil(left);
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (piece, further) = rest.split_at(end);
        pieces.push(piece.to_owned());
        rest = further;
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
