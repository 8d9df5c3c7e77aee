//! The part of its paths that a program runs, on its way into the environment.
//!
//! A list of lists, because the executor would read braces as placeholders:
//! `[leave, only, without, [files with serial tests], whether only those]`. It is cut like ids
//! are, and put together again on the other side.

use std::collections::BTreeMap;
use std::sync::Arc;

use apex_core::plan::Part;

use super::batch::{VARIABLE_LIMIT, encoded};
use super::session::within;

/// The variables that carry a part; none for work that is not cut.
pub(super) fn variables(part: Option<&Part>, folder: &str) -> BTreeMap<String, String> {
    let Some(part) = part else { return BTreeMap::new() };
    let mut text = String::from("[");
    for list in [&part.leave, &part.only, &part.without] {
        push_list(&mut text, list, folder);
        text.push(',');
    }
    let none = Vec::new();
    push_list(&mut text, part.serial.as_ref().map_or(&none, |serial| &serial.files), "");
    let marked = part.serial.as_ref().is_some_and(|serial| serial.marked);
    text.push_str(if marked { ",true]" } else { ",false]" });
    let name = |number: usize| format!("APEX_PART_{number}");
    pieces(&text).enumerate().map(|(number, piece)| (name(number), piece.to_owned())).collect()
}

fn push_list(text: &mut String, list: &[Arc<str>], folder: &str) {
    text.push('[');
    for (index, one) in list.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&encoded(within(folder, one)));
    }
    text.push(']');
}

/// A text in pieces that each fit one variable.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(VARIABLE_LIMIT);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}
