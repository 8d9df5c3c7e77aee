//! Reads fields out of a merged tree, with the declared defaults.
//!
//! The checker has reported wrong types and ranges before; what does not fit here counts as not
//! written.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::CommandLine;
use crate::node::{Map, Node, Value};
use crate::shape::{Fallback, Kind, Record};

/// A record in the tree, or one that is not written at all.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    node: Option<&'t Node>,
    record: &'static Record,
}

impl<'t> View<'t> {
    pub(super) fn new(node: Option<&'t Node>, record: &'static Record) -> Self {
        Self { node, record }
    }

    /// The node of a field, when it is written and not null.
    pub(super) fn node(self, name: &str) -> Option<&'t Node> {
        debug_assert!(self.record.field(name).is_some(), "{} lacks {name}", self.record.name);
        self.node?.get(name)
    }

    /// Whether nothing of it is written.
    pub(super) fn is_empty(self) -> bool {
        self.node.is_none()
    }

    /// `skip_performance_tests`, which only a block for an environment may write.
    pub(super) fn skips_performance(self) -> bool {
        let node = self.node.and_then(|node| node.get("skip_performance_tests"));
        node.and_then(Node::as_boolean).unwrap_or_default()
    }

    /// A record inside this one.
    pub(super) fn inner(self, name: &str) -> Self {
        let record = match self.record.field(name).map(|field| &field.kind) {
            Some(Kind::Record(record)) => record,
            Some(Kind::OneOf(kinds)) => kinds
                .iter()
                .find_map(|kind| if let Kind::Record(record) = kind { Some(*record) } else { None })
                .unwrap_or(self.record),
            _ => self.record,
        };
        Self { node: self.node(name), record }
    }

    pub(super) fn optional_number(self, name: &str) -> Option<f64> {
        self.node(name).and_then(Node::as_number).filter(|value| value.is_finite())
    }

    /// The number, or the declared default; 0 when there is neither.
    pub(super) fn number(self, name: &str) -> f64 {
        self.optional_number(name).unwrap_or_else(|| match self.record.fallback(name) {
            Fallback::Number(value) => value,
            _ => 0.0,
        })
    }

    /// The number as a whole one.
    pub(super) fn whole(self, name: &str) -> u32 {
        whole(self.number(name))
    }

    pub(super) fn optional_whole(self, name: &str) -> Option<u32> {
        self.optional_number(name).map(whole)
    }

    pub(super) fn minutes(self, name: &str) -> Duration {
        seconds(self.number(name) * 60.0)
    }

    pub(super) fn seconds(self, name: &str) -> Duration {
        seconds(self.number(name))
    }

    pub(super) fn flag(self, name: &str) -> bool {
        self.node(name)
            .and_then(Node::as_boolean)
            .unwrap_or_else(|| self.record.fallback(name) == Fallback::Flag(true))
    }

    pub(super) fn optional_text(self, name: &str) -> Option<&'t str> {
        self.node(name).and_then(Node::as_text)
    }

    /// The text, or the declared default; empty when there is neither.
    pub(super) fn text(self, name: &str) -> &'t str {
        self.optional_text(name).unwrap_or_else(|| match self.record.fallback(name) {
            Fallback::Word(text) => text,
            _ => "",
        })
    }

    /// The items of a list.
    pub(super) fn items(self, name: &str) -> &'t [Node] {
        self.node(name).and_then(Node::as_list).unwrap_or_default()
    }

    /// The texts of a list.
    pub(super) fn texts(self, name: &str) -> Vec<String> {
        self.items(name).iter().filter_map(Node::as_text).map(str::to_owned).collect()
    }

    /// The entries of a map.
    pub(super) fn entries(self, name: &str) -> impl Iterator<Item = (&'t str, &'t Node)> {
        let map = self.node(name).and_then(Node::as_map);
        map.into_iter().flat_map(Map::iter).map(|(key, _, node)| (key, node))
    }

    /// A map from names to texts.
    pub(super) fn text_map(self, name: &str) -> BTreeMap<String, String> {
        let text = |node: &Node| node.as_text().unwrap_or_default().to_owned();
        self.entries(name).map(|(name, node)| (name.to_owned(), text(node))).collect()
    }

    /// A map from labels to ports.
    pub(super) fn ports(self, name: &str) -> BTreeMap<String, u16> {
        let port = |node: &Node| node.as_number().and_then(|n| u16::try_from(whole(n)).ok());
        self.entries(name)
            .filter_map(|(label, node)| Some((label.to_owned(), port(node)?)))
            .collect()
    }

    /// A program.
    pub(super) fn command(self, name: &str) -> Option<CommandLine> {
        command(self.node(name)?)
    }
}

/// A program: a list is an argument vector, a text is for the shell.
pub(super) fn command(node: &Node) -> Option<CommandLine> {
    match node.value() {
        Value::List(list) if list.is_empty() => None,
        Value::List(list) => {
            let argument = |node: &Node| node.as_text().unwrap_or_default().to_owned();
            Some(CommandLine::Arguments(list.iter().map(argument).collect()))
        }
        _ => node.as_text().map(|text| CommandLine::Shell(text.to_owned())),
    }
}

/// A duration of so many seconds; none for what is no duration.
pub(super) fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion to an integer saturates, and ranges were checked before"
)]
fn whole(number: f64) -> u32 {
    number as u32
}
