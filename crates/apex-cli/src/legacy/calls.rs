//! Command lines of the earlier runner in workflows, scripts and documents: found, read by the
//! grammar, and compared with what that runner did.

use std::fmt::Write as _;

use serde_json::json;

use super::asked::Asked;
use super::flag::Flag;
use super::grammar;

/// The script that is looked for.
const SCRIPT: &str = "unified_test_runner.py";

/// A call that was found.
pub(crate) struct Call {
    file: String,
    /// Of its first line, from 1.
    line: usize,
    words: Vec<String>,
    finding: Finding,
}

/// What became of a call.
enum Finding {
    /// It is refused, and what to do.
    Refused { message: String, hint: String },
    /// How it differs from before; nothing when it does not.
    Accepted(Vec<&'static str>),
}

impl Call {
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.finding, Finding::Refused { .. })
    }
}

/// The calls in a text.
pub(crate) fn calls_in(file: &str, text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, first)) = lines.next() {
        let Some((_, behind)) = first.split_once(SCRIPT) else { continue };
        let mut call = behind.to_owned();
        // A backslash at the end of a line goes on in the next one.
        while let Some(open) = call.trim_end().strip_suffix('\\').map(str::to_owned) {
            let Some((_, next)) = lines.next() else { break };
            call = format!("{open} {}", next.trim());
        }
        let words = words(&call);
        let is_call =
            words.first().is_none_or(|word| word.starts_with('-') || super::spelled::is_path(word));
        if !is_call || (words.is_empty() && !first.contains("python")) {
            continue;
        }
        let finding = match grammar::parse(&words) {
            Ok(asked) => Finding::Accepted(differences(&asked)),
            Err(refusal) => Finding::Refused { message: refusal.message, hint: refusal.hint },
        };
        calls.push(Call { file: file.to_owned(), line: at + 1, words, finding });
    }
    calls
}

/// The words of a call as a shell parts them, up to where another command begins.
fn words(call: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for sign in call.chars() {
        match (quote, sign) {
            (Some(open), sign) if open == sign => quote = None,
            (Some(_), sign) => word.get_or_insert_default().push(sign),
            (None, '"' | '\'') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None, '|' | ';' | '&' | '>' | '<' | '`' | '#' | ')') => break,
            (None, sign) if sign.is_whitespace() => words.extend(word.take()),
            (None, sign) => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    words
}

/// How a call differs from what the earlier runner did.
fn differences(asked: &Asked) -> Vec<&'static str> {
    let narrows = [Flag::File, Flag::Pattern, Flag::Keyword, Flag::Markers, Flag::Test];
    let names = [Flag::Category, Flag::Level, Flag::Service];
    let is_given = |flags: &[Flag]| flags.iter().any(|flag| asked.is_given(*flag));
    let is_production =
        asked.value(Flag::Env).is_some_and(|name| name == "prod" || name == "production");
    let is_repeated =
        |flag: Flag| asked.occurrences.iter().filter(|one| one.flag == flag).count() > 1;
    let all = [
        (
            is_given(&narrows) && !is_given(&names),
            "a filter without a category runs what it names; before, nothing ran",
        ),
        (
            is_given(&narrows) && is_given(&names) && !asked.is_on(Flag::WithDependencies),
            "a narrowed request adds no dependencies; --with-dependencies does",
        ),
        (
            names.iter().chain(&narrows).any(|flag| is_repeated(*flag)),
            "repeated selectors add up; before, the last one counted",
        ),
        (
            is_production && !asked.is_on(Flag::AllowProd),
            "production is refused without --allow-prod",
        ),
        (asked.is_given(Flag::Maxfail), "--maxfail stops; before, it did nothing"),
        (asked.is_on(Flag::FastCollection), "--fast-collection ends with 0 when files are found"),
        (asked.is_on(Flag::StagingE2e), "--staging-e2e ends with the codes of every run"),
        (
            !asked.is_given(Flag::Coverage)
                && !asked.is_given(Flag::NoCoverage)
                && !asked.is_given(Flag::MinCoverage),
            "coverage is measured only with --coverage",
        ),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
}

/// The calls for people.
pub(crate) fn calls_page(calls: &[Call]) -> String {
    let mut text = String::new();
    for call in calls {
        // Writing to a `String` cannot fail, here and below.
        let _ = write!(text, "{}:{}: ", call.file, call.line);
        match &call.finding {
            Finding::Refused { message, hint } => {
                let _ = writeln!(
                    text,
                    "refused: {message}\n  {}\n  hint: {hint}",
                    call.words.join(" ")
                );
            }
            Finding::Accepted(differences) if differences.is_empty() => {
                let _ = writeln!(text, "the same\n  {}", call.words.join(" "));
            }
            Finding::Accepted(differences) => {
                let _ = writeln!(text, "accepted\n  {}", call.words.join(" "));
                for difference in differences {
                    let _ = writeln!(text, "  differs: {difference}");
                }
            }
        }
    }
    let refused = calls.iter().filter(|call| call.is_refused()).count();
    let _ = writeln!(text, "{} calls, {refused} refused", calls.len());
    text
}

/// The same for programs.
pub(crate) fn calls_json(calls: &[Call]) -> String {
    let rows: Vec<_> = calls
        .iter()
        .map(|call| {
            let (refused, hint, differs) = match &call.finding {
                Finding::Refused { message, hint } => (Some(message), Some(hint), Vec::new()),
                Finding::Accepted(differences) => (None, None, differences.clone()),
            };
            json!({
                "file": call.file,
                "line": call.line,
                "arguments": call.words,
                "refused": refused,
                "hint": hint,
                "differs": differs,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "schema": "apex.calls/1", "calls": rows }))
}
