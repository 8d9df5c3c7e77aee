//! Answers of `apex why`: as a page and as JSON; and what is said when there is none.
//!
//! `apex.why/1`: `answers` holds one object for each category that the subject belongs to; each
//! has the facts as fields and the sentences of the page. Write rule: fields may be added within
//! version 1; none is removed or changes its meaning.

mod facts;
mod past;
mod place;
mod run;

use std::fmt::Write as _;
use std::time::Duration;

use apex_core::why::{Answer, Subject};
use serde_json::{Value, json};

use crate::failure::Failure;

/// Most names that are listed when a part of a name has several.
const LISTED: usize = 20;

/// A sentence, lower case and without a full stop, and what it is about.
struct Sentence {
    about: &'static str,
    text: String,
}

impl Sentence {
    const fn new(about: &'static str, text: String) -> Self {
        Self { about, text }
    }
}

/// All answers as a page.
pub(crate) fn page(answers: &[Answer]) -> String {
    answers.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(answer: &Answer) -> String {
    let mut text = title(&answer.subject);
    text.push('\n');
    lines(&mut text, &sentences(answer));
    if let Some(run) = &answer.run {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}", run::title(run));
        lines(&mut text, &run::sentences(run, &answer.subject));
    }
    text
}

fn title(subject: &Subject) -> String {
    match subject {
        Subject::Category(name) => format!("category {name}"),
        subject => {
            format!("{} {}  (category {})", subject.kind(), subject.name(), subject.category())
        }
    }
}

fn sentences(answer: &Answer) -> Vec<Sentence> {
    let mut all = place::sentences(answer);
    all.extend(past::sentences(answer));
    all
}

fn lines(text: &mut String, sentences: &[Sentence]) {
    let width = sentences.iter().map(|sentence| sentence.about.len()).max().unwrap_or(0);
    for Sentence { about, text: said } in sentences {
        let _ = writeln!(text, "  {about:width$}  {said}");
    }
}

/// All answers for programs.
pub(crate) fn document(answers: &[Answer]) -> Value {
    let answers = answers.iter().map(|answer| {
        let mut value = facts::value(answer);
        let said = sentences(answer);
        let run = answer.run.iter().flat_map(|run| run::sentences(run, &answer.subject));
        value["sentences"] = said
            .into_iter()
            .chain(run)
            .map(|sentence| json!({ "about": sentence.about, "text": sentence.text }))
            .collect();
        value
    });
    json!({ "schema": "apex.why/1", "answers": answers.collect::<Vec<_>>() })
}

/// A part of a name has several.
pub(crate) fn several(word: &str, subjects: &[Subject]) -> Failure {
    let mut hint = String::from("say more of the name of one of these:");
    for subject in subjects.iter().take(LISTED) {
        let _ = write!(hint, "\n  {}", title(subject));
    }
    if subjects.len() > LISTED {
        let _ = write!(hint, "\n  and {} more", subjects.len() - LISTED);
    }
    Failure::usage(format!("`{word}` means {} things", subjects.len()), hint)
}

/// Nothing bears a name.
pub(crate) fn nothing(word: &str, near: &[String]) -> Failure {
    let hint = if near.is_empty() {
        "`apex list tests` shows the tests, `apex list categories` the categories; tests are known \
         here once they ran"
            .to_owned()
    } else {
        let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        format!("did you mean {}?", names.join(" or "))
    };
    Failure::usage(format!("no test, file or category has `{word}` in its name"), hint)
}

/// A duration as people read it, short ones in milliseconds.
fn brief(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "less than 1 ms".to_owned(),
        millis if millis < 100 => format!("{millis} ms"),
        _ => super::duration(duration),
    }
}

/// What something is expected to take, and from how many runs that is known.
fn expectation(expected: Duration, high: Duration, runs: u32) -> String {
    let runs = super::count(runs as usize, "run");
    if high.as_millis() == 0 {
        return format!("{}, from {runs}", brief(expected));
    }
    format!("{}, in 9 of 10 runs at most {}, from {runs}", brief(expected), brief(high))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
