//! What is known of one thing: facts, who set them, and reasons; as a page and as JSON.
//!
//! `apex.explain/1`: `explanations` holds one object for each thing that the subject names. Write
//! rule: fields may be added within version 1; none is removed or changes its meaning.

mod category;
mod exit;
mod layer;

use std::fmt::Write as _;
use std::time::Duration;

use apex_config::{Place, SourceKind};
use serde_json::{Map, Value, json};

pub(crate) use category::{category, test};
pub(crate) use exit::exit;
pub(crate) use layer::{layer, mode};

use super::duration;

/// What is known of one thing.
pub(crate) struct Explanation {
    /// `category`, `layer`, `mode`, `test` or `exit_code`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Where it is named; none for what no configuration names.
    pub(crate) origin: Option<Place>,
    pub(crate) facts: Vec<Fact>,
    /// Sentences: lower case, no full stop.
    pub(crate) reasons: Vec<String>,
    pub(crate) work: Option<WorkPart>,
}

/// One value.
pub(crate) struct Fact {
    /// For people.
    label: &'static str,
    /// For programs; the name of the field in the layer file where there is one.
    field: &'static str,
    value: Value,
    /// The value for people.
    text: String,
    /// Who set it; none for what follows from other values.
    origin: Option<Place>,
}

/// What would run.
pub(crate) struct WorkPart {
    /// `jobs`, `empty`, `unavailable` or `skipped`.
    pub(crate) state: &'static str,
    /// Why there are no jobs.
    pub(crate) reason: Option<String>,
    pub(crate) jobs: Vec<JobPart>,
}

/// One job.
pub(crate) struct JobPart {
    pub(crate) command: Vec<String>,
    /// Relative to the project; empty for its root.
    pub(crate) folder: String,
    pub(crate) runner: &'static str,
    /// The rule that found it.
    pub(crate) reason: String,
}

impl Fact {
    pub(crate) fn text(label: &'static str, field: &'static str, text: &str) -> Self {
        let said = if text.is_empty() { "-" } else { text };
        Self { label, field, value: json!(text), text: said.to_owned(), origin: None }
    }

    pub(crate) fn number(label: &'static str, field: &'static str, number: u32) -> Self {
        Self { label, field, value: json!(number), text: number.to_string(), origin: None }
    }

    pub(crate) fn time(label: &'static str, field: &'static str, time: Duration) -> Self {
        let value = json!(time.as_secs_f64());
        Self { label, field, value, text: duration(time), origin: None }
    }

    pub(crate) fn list<T: AsRef<str>>(
        label: &'static str,
        field: &'static str,
        names: impl IntoIterator<Item = T>,
    ) -> Self {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        let text = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        Self { label, field, value: json!(names), text, origin: None }
    }

    /// Says the value in other words to people.
    pub(crate) fn said(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Names who set it.
    pub(crate) fn from(mut self, place: Place) -> Self {
        self.origin = Some(place);
        self
    }
}

/// All of them as a page.
pub(crate) fn page(explanations: &[Explanation]) -> String {
    explanations.iter().map(Explanation::page).collect::<Vec<_>>().join("\n")
}

/// All of them for programs.
pub(crate) fn document(subject: &str, explanations: &[Explanation]) -> Value {
    let all: Vec<Value> = explanations.iter().map(Explanation::value).collect();
    json!({ "schema": "apex.explain/1", "subject": subject, "explanations": all })
}

impl Explanation {
    fn page(&self) -> String {
        if self.kind == exit::KIND {
            return exit::page(self);
        }
        let mut text = format!("{} {}", self.kind, self.name);
        if let Some(place) = &self.origin {
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(text, "  ({place})");
        }
        text.push('\n');
        let width = self.facts.iter().map(|fact| fact.label.len()).max().unwrap_or(0);
        for fact in &self.facts {
            let _ = write!(text, "  {:width$}  {}", fact.label, fact.text);
            // What nobody set is a default; to say so on every line would hide the rest.
            let is_default = |place: &&Place| place.source().kind == SourceKind::Default;
            if let Some(place) = fact.origin.as_ref().filter(|place| !is_default(place)) {
                let _ = write!(text, "  ({place})");
            }
            text.push('\n');
        }
        if !self.reasons.is_empty() {
            text.push_str("why\n");
        }
        for reason in &self.reasons {
            let _ = writeln!(text, "  {reason}");
        }
        if let Some(work) = &self.work {
            text.push_str(&work.page());
        }
        text
    }

    fn value(&self) -> Value {
        let facts: Map<String, Value> =
            self.facts.iter().map(|fact| (fact.field.to_owned(), fact.as_value())).collect();
        let mut value = json!({
            "kind": self.kind,
            "name": self.name,
            "facts": facts,
            "reasons": self.reasons,
        });
        if let Some(place) = &self.origin {
            value["origin"] = origin(place);
        }
        if let Some(work) = &self.work {
            value["work"] = work.value();
        }
        value
    }
}

impl Fact {
    fn as_value(&self) -> Value {
        let mut value = json!({ "value": self.value, "text": self.text });
        if let Some(place) = &self.origin {
            value["origin"] = origin(place);
        }
        value
    }
}

/// A place for programs; line and column where the source has them.
fn origin(place: &Place) -> Value {
    let source = place.source();
    let kind = match source.kind {
        SourceKind::Default => "default",
        SourceKind::BuiltIn => "built_in",
        SourceKind::File => "file",
        SourceKind::DotEnv => "dot_env",
        SourceKind::Variable => "variable",
        SourceKind::Flag => "flag",
    };
    let mut value = json!({ "kind": kind, "place": place.to_string() });
    if !source.label.is_empty() {
        value["source"] = json!(source.label);
    }
    if place.line() > 0 {
        value["line"] = json!(place.line());
        value["column"] = json!(place.column());
    }
    value
}

impl WorkPart {
    fn page(&self) -> String {
        let mut text = String::from("work\n");
        for job in &self.jobs {
            let folder = if job.folder.is_empty() { "the project root" } else { &job.folder };
            // Writing to a `String` cannot fail, here and below.
            let _ = writeln!(text, "  {}", job.command.join(" "));
            let _ = writeln!(text, "    in {folder}, found by: {}", job.reason);
        }
        let word = match self.state {
            "empty" => "no tests found",
            "unavailable" => "cannot run",
            "skipped" => "skipped",
            _ => {
                let _ = writeln!(text, "  {} in all", super::count(self.jobs.len(), "job"));
                return text;
            }
        };
        let _ = writeln!(text, "  {word}: {}", self.reason.as_deref().unwrap_or_default());
        text
    }

    fn value(&self) -> Value {
        let jobs = self.jobs.iter().map(|job| {
            json!({
                "command": job.command,
                "folder": job.folder,
                "runner": job.runner,
                "reason": job.reason,
            })
        });
        let mut value = json!({ "state": self.state, "jobs": jobs.collect::<Vec<_>>() });
        if let Some(reason) = &self.reason {
            value["reason"] = json!(reason);
        }
        value
    }
}
