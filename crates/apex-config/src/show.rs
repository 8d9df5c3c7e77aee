//! A merged tree as YAML or JSON for people, with the source of every value when asked.
//!
//! Secrets are masked. It writes; it does not read or judge.

use std::fmt::Write as _;

use serde_json::json;

use crate::node::{Meaning, Node, Replaced, Value};
use crate::resolve::secrets::is_secret;
use crate::shape;

/// What a secret is shown as.
const MASK: &str = "********";

/// How a tree is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Display {
    /// Every value with its source and with what it replaced.
    pub origin: bool,
    /// Fields that nobody set, with their defaults.
    pub defaults: bool,
}

/// The tree as YAML that can be read back.
#[must_use]
pub fn to_yaml(tree: &Node, display: Display) -> String {
    let mut writer = Writer { text: String::new(), origin: display.origin };
    writer.entries(&prepared(tree, display), 0);
    writer.text
}

/// The tree as JSON. With origins, each value is `{"value", "source", "replaced"}`.
#[must_use]
pub fn to_json_text(tree: &Node, display: Display) -> String {
    let tree = prepared(tree, display);
    let value = if display.origin { with_origin("", &tree) } else { masked("", &tree) };
    format!("{value:#}")
}

/// The plain JSON value of a tree, nothing masked.
pub(crate) fn to_json(node: &Node) -> serde_json::Value {
    match node.value() {
        Value::List(list) => list.iter().map(to_json).collect(),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, _, node)| (key.to_owned(), to_json(node)));
            serde_json::Value::Object(entries.collect())
        }
        Value::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => serde_json::Value::Null,
            Meaning::Boolean(value) => json!(value),
            Meaning::Integer(value) => json!(value),
            Meaning::Number(value) => json!(value),
            Meaning::Text(text) => json!(text),
        },
    }
}

fn prepared(tree: &Node, display: Display) -> Node {
    let mut tree = tree.clone();
    if display.defaults {
        tree = shape::complete(tree, &shape::FILE);
    }
    // In the order of the reference, whichever source came first.
    if let Some(map) = tree.as_map_mut() {
        let position = |key: &str| shape::FILE.all_fields().position(|field| field.name == key);
        map.entries.sort_by_key(|entry| position(&entry.key).unwrap_or(usize::MAX));
    }
    tree
}

fn masked(key: &str, node: &Node) -> serde_json::Value {
    match node.value() {
        Value::List(list) => list.iter().map(|item| masked(key, item)).collect(),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, _, node)| (key.to_owned(), masked(key, node)));
            serde_json::Value::Object(entries.collect())
        }
        Value::Scalar(_) if hides(key, node) => json!(MASK),
        Value::Scalar(_) => to_json(node),
    }
}

fn with_origin(key: &str, node: &Node) -> serde_json::Value {
    if let Value::Map(map) = node.value() {
        let entries = map.iter().map(|(key, _, node)| (key.to_owned(), with_origin(key, node)));
        return serde_json::Value::Object(entries.collect());
    }
    let mut value = json!({"value": masked(key, node), "source": node.place().to_string()});
    if node.replaced().is_some() {
        let text = |earlier: &Replaced| {
            if is_secret(key) { MASK.to_owned() } else { earlier.text.to_string() }
        };
        let chain = std::iter::successors(node.replaced(), |earlier| earlier.before.as_deref());
        value["replaced"] = chain
            .map(|earlier| json!({"value": text(earlier), "source": earlier.place.to_string()}))
            .collect();
    }
    value
}

/// A text under a secret's name, unless it only says where the secret comes from.
fn hides(key: &str, node: &Node) -> bool {
    let Some(scalar) = node.as_scalar() else { return false };
    let text = scalar.text();
    let is_reference = text.starts_with("${") && !text.contains(":-");
    let is_word = !matches!(scalar.meaning(), Meaning::Null | Meaning::Boolean(_));
    (is_secret(key) && is_word && !is_reference) || has_password(text)
}

/// `scheme://name:password@host`, with a password that is no variable.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let Some((user, _)) = rest.split('/').next().unwrap_or(rest).rsplit_once('@') else {
        return false;
    };
    user.split_once(':')
        .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
}

struct Writer {
    text: String,
    origin: bool,
}

impl Writer {
    fn entries(&mut self, node: &Node, depth: usize) {
        let Value::Map(map) = node.value() else { return };
        for (key, _, value) in map.iter() {
            self.indent(depth);
            self.text.push_str(&word(key));
            self.text.push(':');
            self.value(key, value, depth);
        }
    }

    /// What stands behind a `:` or a `-`, with its line end.
    fn value(&mut self, key: &str, node: &Node, depth: usize) {
        match node.value() {
            Value::Map(map) if !map.is_empty() => {
                self.text.push('\n');
                self.entries(node, depth + 1);
            }
            Value::List(list) if list.iter().any(|item| item.as_scalar().is_none()) => {
                self.text.push('\n');
                list.iter().for_each(|item| self.item(key, item, depth + 1));
            }
            _ => {
                self.text.push(' ');
                self.text.push_str(&flow(key, node));
                self.comment(key, node);
                self.text.push('\n');
            }
        }
    }

    fn item(&mut self, key: &str, node: &Node, depth: usize) {
        self.indent(depth);
        self.text.push('-');
        match node.value() {
            // The first entry may stand behind the dash, so that a list of maps reads well.
            Value::Map(map) if !map.is_empty() => {
                let start = self.text.len();
                self.entries(node, depth + 1);
                self.text.replace_range(start..start + 2 * (depth + 1), " ");
            }
            _ => self.value(key, node, depth),
        }
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n("  ", depth));
    }

    fn comment(&mut self, key: &str, node: &Node) {
        if !self.origin {
            return;
        }
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "  # {}", node.place());
        for earlier in std::iter::successors(node.replaced(), |earlier| earlier.before.as_deref()) {
            let text = if is_secret(key) { MASK } else { &earlier.text };
            let _ = write!(self.text, ", replaced {} from {}", one_line(text), earlier.place);
        }
    }
}

fn one_line(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text.replace('\n', " ") }
}

/// A scalar, a list of scalars or an empty map on one line.
fn flow(key: &str, node: &Node) -> String {
    match node.value() {
        Value::Map(_) => "{}".to_owned(),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(|item| flow(key, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Scalar(_) if hides(key, node) => format!("\"{MASK}\""),
        Value::Scalar(scalar) if scalar.meaning() == Meaning::Null => "null".to_owned(),
        Value::Scalar(scalar) => match scalar.meaning() {
            // An older truth value stays one only without quotes.
            Meaning::Text(text) if scalar.older_boolean().is_none() => word(text),
            Meaning::Text(text) if scalar.quoted => word(text),
            _ => scalar.text().to_owned(),
        },
    }
}

/// A text, in quotes where YAML would read something else.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ' ');
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/'))
        && text.chars().all(is_plain)
        && !text.ends_with(' ')
        && !text.ends_with('-')
        && matches!(crate::node::Scalar::plain(text).meaning(), Meaning::Text(_))
        && crate::node::Scalar::plain(text).older_boolean().is_none();
    // A JSON string is a YAML string.
    if plain { text.to_owned() } else { json!(text).to_string() }
}
