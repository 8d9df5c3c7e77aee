//! The forms in which compose files write values, each read in one place.
//!
//! A value of the wrong form is a problem with its place, and reading goes on.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{ComposeSource, units};
use crate::node::{Node, Value};
use crate::problem::Problem;
use crate::variables::Variables;

/// Reads values and keeps what is wrong with them.
pub(super) struct Reader<'r> {
    pub(super) source: &'r ComposeSource<'r>,
    pub(super) variables: &'r Variables,
    pub(super) problems: &'r mut Vec<Problem>,
}

/// A value with its path, which is that of its service and its key.
#[derive(Clone, Copy)]
pub(super) struct Part<'n> {
    pub(super) node: &'n Node,
    pub(super) path: &'n str,
}

impl<'r> Reader<'r> {
    pub(super) fn new(
        source: &'r ComposeSource<'r>,
        variables: &'r Variables,
        problems: &'r mut Vec<Problem>,
    ) -> Self {
        Self { source, variables, problems }
    }

    /// Says that a value is not what it has to be.
    pub(super) fn refuse(&mut self, part: Part<'_>, wanted: impl Display) {
        let found = part.node.summary();
        self.problems.push(
            Problem::error(part.node.place(), format!("not {wanted}: `{found}`"))
                .at(part.path)
                .about(found),
        );
    }

    /// A word, number or text, as it was written.
    pub(super) fn text(&mut self, part: Part<'_>) -> Option<String> {
        let text = part.node.as_scalar().map(|scalar| scalar.text().to_owned());
        if text.is_none() {
            self.refuse(part, "a single value");
        }
        text
    }

    /// What a reading makes of a single value.
    pub(super) fn parsed<T>(
        &mut self,
        part: Part<'_>,
        wanted: &str,
        reading: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = part.node.as_scalar().and_then(|scalar| reading(scalar.text()));
        if value.is_none() {
            self.refuse(part, wanted);
        }
        value
    }

    pub(super) fn boolean(&mut self, part: Part<'_>) -> Option<bool> {
        let value = part.node.as_boolean().or(match part.node.as_text() {
            // Quoted or filled in from a variable.
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        });
        if value.is_none() {
            self.refuse(part, "true or false");
        }
        value
    }

    pub(super) fn whole<T: std::str::FromStr>(&mut self, part: Part<'_>) -> Option<T> {
        self.parsed(part, "a whole number that fits here", |text| text.parse().ok())
    }

    pub(super) fn duration(&mut self, part: Part<'_>) -> Option<std::time::Duration> {
        self.parsed(part, "a duration such as `1m30s`", units::duration)
    }

    pub(super) fn bytes(&mut self, part: Part<'_>) -> Option<u64> {
        self.parsed(part, "a size such as `64m`", units::bytes)
    }

    /// One value, or a list of them.
    pub(super) fn texts(&mut self, part: Part<'_>) -> Vec<String> {
        match part.node.value() {
            Value::List(list) => {
                list.iter().filter_map(|node| self.text(Part { node, ..part })).collect()
            }
            _ => self.text(part).into_iter().collect(),
        }
    }

    /// An argument vector: a list, or a text that is cut into words as a shell does.
    pub(super) fn command(&mut self, part: Part<'_>) -> Option<Vec<String>> {
        if part.node.as_list().is_some() {
            return Some(self.texts(part));
        }
        self.parsed(part, "a command: a quote is left open", shlex::split)
    }

    /// Names with values, as a map or as a list of `NAME=value`; a name without a value has none.
    pub(super) fn pairs(&mut self, part: Part<'_>) -> Vec<(String, Option<String>)> {
        match part.node.value() {
            Value::Map(map) => {
                let mut pairs = Vec::with_capacity(map.len());
                for (name, _, node) in map.iter() {
                    let value =
                        if node.is_null() { None } else { self.text(Part { node, ..part }) };
                    pairs.push((name.to_owned(), value));
                }
                pairs
            }
            Value::List(_) => {
                let texts = self.texts(part).into_iter();
                let pair = |text: String| match text.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (text, None),
                };
                texts.map(pair).collect()
            }
            Value::Scalar(_) => {
                self.refuse(part, "a map or a list of `NAME=value`");
                Vec::new()
            }
        }
    }

    /// [`Reader::pairs`] where a name without a value is empty.
    pub(super) fn map(&mut self, part: Part<'_>) -> BTreeMap<String, String> {
        let pairs = self.pairs(part).into_iter();
        pairs.map(|(name, value)| (name, value.unwrap_or_default())).collect()
    }
}
