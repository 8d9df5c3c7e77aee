//! Walks a tree along its declared shape and collects every mistake.
//!
//! It knows types, ranges, words and names; it does not know what other parts of the tree say.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Field, Form, Kind, Record};
use crate::node::{Map, Meaning, Node, Value};
use crate::place::Place;
use crate::problem::{Problem, Severity, suggestion};

/// How strictly a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Unknown names and older spellings are errors.
    Native,
    /// Unknown names are warnings; `yes` and `no` are truth values.
    Older,
}

/// Checks a tree against a record.
pub(crate) fn check(
    node: &Node,
    record: &'static Record,
    start: &str,
    manners: Manners,
    problems: &mut Vec<Problem>,
) {
    let start = (!start.is_empty()).then_some(Segment::Name(start));
    let mut walk =
        Walk { manners, path: start.into_iter().collect(), noted: BTreeSet::new(), problems };
    walk.record(node, record);
}

/// A step of the path to a node.
#[derive(Clone, Copy)]
enum Segment<'t> {
    Name(&'t str),
    Index(usize),
}

struct Walk<'t, 'p> {
    manners: Manners,
    path: Vec<Segment<'t>>,
    /// Fields without effect that a note was given for.
    noted: BTreeSet<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'t> Walk<'t, '_> {
    fn kind(&mut self, node: &'t Node, kind: &'static Kind) {
        if node.is_null() {
            return; // Null takes the default back, whatever the kind.
        }
        match (kind, node.value()) {
            (Kind::Anything, _) => {}
            (Kind::Record(record), Value::Map(_)) => self.record(node, record),
            (Kind::Map(form, of), Value::Map(map)) => self.map(map, *form, of),
            (Kind::List(of), Value::List(list)) => {
                for (index, item) in list.iter().enumerate() {
                    self.path.push(Segment::Index(index));
                    self.kind(item, of);
                    self.path.pop();
                }
            }
            (Kind::OneOf(kinds), _) => self.one_of(node, kind, kinds),
            (_, Value::Scalar(_)) => self.scalar(node, kind),
            _ => self.wrong(node, kind),
        }
    }

    fn record(&mut self, node: &'t Node, record: &'static Record) {
        let Value::Map(map) = node.value() else {
            return self.wrong_sort(node, "a map of names and values");
        };
        for (key, key_place, value) in map.iter() {
            self.path.push(Segment::Name(key));
            match record.field(key) {
                Some(field) => {
                    if !field.acts {
                        self.note(field, key_place);
                    }
                    self.kind(value, &field.kind);
                }
                None => self.unknown(key, key_place, record),
            }
            self.path.pop();
        }
        for field in record.all_fields().filter(|field| field.required) {
            if map.get(field.name).is_none_or(Node::is_null) {
                let problem = Problem::error(node.place(), format!("`{}` is missing", field.name));
                self.push(problem.hint(format!("`{}`: {}", field.name, field.about)));
            }
        }
    }

    fn map(&mut self, map: &'t Map, form: Form, of: &'static Kind) {
        for (key, key_place, value) in map.iter() {
            self.path.push(Segment::Name(key));
            // `*` is how flags speak of everything that exists.
            if let Some(objection) = form.objection(key).filter(|_| key != "*") {
                self.push(Problem::error(key_place, objection).about(key));
            }
            self.kind(value, of);
            self.path.pop();
        }
    }

    /// Takes the alternative that has the sort of the node; scalars may fit any of theirs.
    fn one_of(&mut self, node: &'t Node, all: &'static Kind, kinds: &'static [Kind]) {
        let same_sort = |kind: &&Kind| match node.value() {
            Value::List(_) => matches!(kind, Kind::List(_)),
            Value::Map(_) => matches!(kind, Kind::Map(..) | Kind::Record(_)),
            Value::Scalar(_) => {
                !matches!(kind, Kind::List(_) | Kind::Map(..) | Kind::Record(_))
                    && objection(node, kind, self.manners).is_none()
            }
        };
        match kinds.iter().find(same_sort) {
            Some(kind) => self.kind(node, kind),
            None => self.wrong(node, all),
        }
    }

    fn scalar(&mut self, node: &'t Node, kind: &'static Kind) {
        let Some(objection) = objection(node, kind, self.manners) else { return };
        if self.is_filled_in() && node.as_text().is_some_and(|text| text.contains("${")) {
            return; // What it will be is known only when variables are.
        }
        let text = node.summary();
        let loose = matches!(kind, Kind::Text(form) if !form.is_strict());
        let severity = if loose && self.manners == Manners::Older {
            Severity::Warning
        } else {
            Severity::Error
        };
        let mut problem = Problem::new(severity, node.place(), objection);
        if let Kind::Word(words) = kind
            && let Some(hint) = suggestion(&text, words.iter().copied())
        {
            problem = problem.hint(hint);
        }
        self.push(problem.about(text));
    }

    /// Whether `${NAME}` is filled in here.
    fn is_filled_in(&self) -> bool {
        matches!(self.path.first(), Some(Segment::Name("services" | "alerts" | "telemetry")))
    }

    fn wrong(&mut self, node: &'t Node, kind: &'static Kind) {
        self.wrong_sort(node, &kind.wanted());
    }

    fn wrong_sort(&mut self, node: &'t Node, wanted: &str) {
        let message = format!("wanted {wanted}, found {}", found(node));
        self.push(Problem::error(node.place(), message).about(node.summary()));
    }

    fn unknown(&mut self, key: &'t str, place: &Place, record: &'static Record) {
        if key.starts_with("x-") || key.starts_with("custom_") {
            return;
        }
        let severity = match self.manners {
            Manners::Native => Severity::Error,
            Manners::Older => Severity::Warning,
        };
        let message = format!("`{key}` is not known in a {}", record.name.replace('_', " "));
        let mut problem = Problem::new(severity, place, message).about(key);
        if let Some(hint) = suggestion(key, record.all_fields().map(|field| field.name)) {
            problem = problem.hint(hint);
        }
        self.push(problem);
    }

    fn note(&mut self, field: &'static Field, place: &Place) {
        if place.is_users() && self.noted.insert(field.name) {
            let message = format!("`{}` is read and has no effect in this version", field.name);
            self.push(Problem::note(place, message).about(field.name));
        }
    }

    fn push(&mut self, problem: Problem) {
        let path = rendered(&self.path);
        self.problems.push(problem.at(path));
    }
}

fn rendered(path: &[Segment<'_>]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Name(name) if text.is_empty() => text.push_str(name),
            Segment::Name(name) => {
                text.push('.');
                text.push_str(name);
            }
            Segment::Index(index) => {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

/// What is wrong with a scalar for a kind.
fn objection(node: &Node, kind: &Kind, manners: Manners) -> Option<String> {
    let scalar = node.as_scalar()?;
    let wrong = || Some(format!("wanted {}, found {}", kind.wanted(), found(node)));
    let outside = || Some(format!("{} is not {}", scalar.text(), kind.wanted()));
    match (kind, scalar.meaning()) {
        (Kind::Boolean, Meaning::Boolean(_)) => None,
        (Kind::Boolean, _) => {
            let older = scalar.older_boolean().filter(|_| manners == Manners::Older);
            if older.is_some() { None } else { wrong() }
        }
        (Kind::Integer(least, most), Meaning::Integer(value)) => {
            if (least..=most).contains(&&value) { None } else { outside() }
        }
        (Kind::Number(least, most), Meaning::Integer(_) | Meaning::Number(_)) => {
            let inside = node.as_number().is_some_and(|value| value >= *least && value <= *most);
            if inside { None } else { outside() }
        }
        (Kind::Text(form), _) => form.objection(scalar.text()),
        (Kind::Word(words), _) => {
            let fits = words.contains(&scalar.text());
            if fits {
                None
            } else {
                Some(format!("`{}` is not one of the words here", scalar.text()))
            }
        }
        _ => wrong(),
    }
}

/// What a node is, for people.
fn found(node: &Node) -> String {
    match node.value() {
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
        Value::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => "nothing".to_owned(),
            Meaning::Boolean(value) => value.to_string(),
            Meaning::Integer(_) | Meaning::Number(_) => format!("the number {}", scalar.text()),
            Meaning::Text(_) => format!("the text `{}`", node.summary()),
        },
    }
}

impl Kind {
    /// What is wanted, for people.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Integer(least, most) if least == most => format!("the number {least}"),
            Self::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Self::Number(f64::MIN, _) => "a number".to_owned(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Text(_) => "text".to_owned(),
            Self::Word(words) => {
                words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or ")
            }
            Self::List(_) => "a list".to_owned(),
            Self::Map(..) | Self::Record(_) => "a map of names and values".to_owned(),
            Self::OneOf(kinds) => kinds.iter().map(Self::wanted).collect::<Vec<_>>().join(", or "),
            Self::Anything => "anything".to_owned(),
        }
    }
}
