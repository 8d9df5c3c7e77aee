//! The table of flags for people and for programs: `apex compat list`.

use std::fmt::Write as _;

use serde_json::json;

use super::inert;
use super::table::{self, Means, REFUSED, Row};

/// What a row does, with the reason where it does nothing.
fn effect(row: &Row) -> String {
    match (row.means, inert::reason(row.means.flag())) {
        (Means::Own(_), Some(why)) => format!("no effect: {why}"),
        _ => row.about.to_owned(),
    }
}

/// The table as text.
pub(crate) fn table_page() -> String {
    let mut text = String::from("FLAG\tTAKES\tDEFAULT\tMEANING\n");
    for row in table::rows() {
        let spellings: Vec<&str> = row.all_spellings().collect();
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}",
            spellings.join(", "),
            row.takes.placeholder(),
            row.default,
            effect(row)
        );
    }
    for (spellings, hint) in REFUSED {
        let _ = writeln!(text, "{}\t\t-\trefused: {hint}", spellings.replace(' ', ", "));
    }
    text
}

/// The same for programs.
pub(crate) fn table_json() -> String {
    let rows = table::rows().map(|row| {
        json!({
            "spellings": row.all_spellings().collect::<Vec<_>>(),
            "takes": row.takes.placeholder(),
            "default": row.default,
            "meaning": effect(row),
            "kind": row.kind.as_str(),
        })
    });
    let refused = REFUSED.iter().map(|(spellings, hint)| {
        json!({
            "spellings": spellings.split(' ').collect::<Vec<_>>(),
            "takes": "",
            "default": "-",
            "meaning": hint,
            "kind": "refused",
        })
    });
    let rows: Vec<_> = rows.chain(refused).collect();
    format!("{:#}\n", json!({ "schema": "apex.flags/1", "flags": rows }))
}
