//! Exit codes, explained.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Explanation, Fact};
use crate::exit::ExitCode;

pub(super) const KIND: &str = "exit_code";

/// The order in which codes are given when several hold.
const ORDER: &str = "when several hold, the first of 6, 2, signal, 1, 3, 5, 4, 0 is given";

/// One exit code, or all of them.
pub(crate) fn exit(code: Option<ExitCode>) -> Vec<Explanation> {
    let codes: Vec<ExitCode> = match code {
        Some(code) => vec![code],
        None => ExitCode::ALL.into_iter().chain([ExitCode::Signal(2)]).collect(),
    };
    let last = codes.len() - 1;
    let explained = codes.into_iter().enumerate().map(|(position, one)| Explanation {
        kind: KIND,
        name: one.number().to_string(),
        origin: None,
        facts: vec![
            Fact::number("code", "code", u32::from(one.number())),
            Fact::text("meaning", "meaning", &one.meaning()),
            Fact::text("when", "explanation", one.explanation()),
        ],
        reasons: if code.is_none() && position == last { vec![ORDER.to_owned()] } else { vec![] },
        work: None,
    });
    explained.collect()
}

/// Number and meaning on one line, the explanation below.
pub(super) fn page(explanation: &Explanation) -> String {
    let fact = |field: &str| {
        let fact = explanation.facts.iter().find(|fact| fact.field == field);
        fact.map(|fact| &fact.value).and_then(Value::as_str).unwrap_or_default()
    };
    let mut text =
        format!("{}  {}\n   {}\n", explanation.name, fact("meaning"), fact("explanation"));
    for reason in &explanation.reasons {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{reason}");
    }
    text
}
