//! A tree of values, each with its place and with what it replaced.
//!
//! A scalar keeps its text as it was written and is read as a number, a truth value or text only
//! when a field asks for one, so that `012`, `1.10` and `no` survive where text is wanted. Nodes
//! are small because a file may hold hundreds of thousands: keys are shared, no path is stored.

use std::collections::HashMap;
use std::sync::Arc;

use crate::place::Place;

/// One value of a configuration.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
    pub(crate) replaced: Option<Box<Replaced>>,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A single word, number or text.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Named values in the order of the file.
    Map(Map),
}

/// A single value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    pub(crate) text: Box<str>,
    /// Quoted text is never a number, a truth value or null.
    pub(crate) quoted: bool,
}

/// Named values in the order of the file; no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    pub(crate) entries: Vec<Entry>,
}

/// A name and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

/// An earlier value that a later source beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// A short form of the earlier value.
    pub text: Box<str>,
    /// Who had set it.
    pub place: Place,
    /// What that one had replaced.
    pub before: Option<Box<Replaced>>,
}

/// What a scalar means by the rules of YAML.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Number(f64),
    /// Text.
    Text(&'a str),
}

/// Equal values are equal wherever they were written.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Equal names with equal values are equal wherever they were written.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.node == other.node
    }
}

impl Node {
    /// A value that was set at a place.
    #[must_use]
    pub fn new(value: impl Into<Value>, place: &Place) -> Self {
        Self { value: value.into(), place: place.clone(), replaced: None }
    }

    /// What it holds.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Who set it.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What it replaced.
    #[must_use]
    pub fn replaced(&self) -> Option<&Replaced> {
        self.replaced.as_deref()
    }

    /// The value under a name, when this is a map that has it and it is not null.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key).filter(|node| !node.is_null())
    }

    /// The map, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Value::Map(map) = &mut self.value { Some(map) } else { None }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Value::List(list) = &self.value { Some(list) } else { None }
    }

    /// The scalar, if it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        if let Value::Scalar(scalar) = &self.value { Some(scalar) } else { None }
    }

    /// The text of a scalar as it was written, whatever it means.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().filter(|scalar| scalar.meaning() != Meaning::Null).map(Scalar::text)
    }

    /// True or false, in the older spellings (`yes`, `off`) too.
    #[must_use]
    pub fn as_boolean(&self) -> Option<bool> {
        let scalar = self.as_scalar()?;
        match scalar.meaning() {
            Meaning::Boolean(value) => Some(value),
            _ => scalar.older_boolean(),
        }
    }

    /// The number.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self.as_scalar()?.meaning() {
            #[expect(clippy::cast_precision_loss, reason = "no field's range reaches 2^53")]
            Meaning::Integer(value) => Some(value as f64),
            Meaning::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is null: "take the default".
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.meaning() == Meaning::Null)
    }

    /// Its text for people, at most about 60 characters.
    #[must_use]
    pub fn summary(&self) -> String {
        const LONGEST: usize = 60;
        let mut text = match &self.value {
            Value::Scalar(scalar) => scalar.text.to_string(),
            Value::List(list) => {
                let items: Vec<String> = list.iter().take(8).map(Self::summary).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(map) => {
                let keys: Vec<&str> = map.entries.iter().take(8).map(|entry| &*entry.key).collect();
                format!("{{{}}}", keys.join(", "))
            }
        };
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        text
    }

    /// How many nodes it consists of, itself included.
    #[must_use]
    pub fn size(&self) -> usize {
        match &self.value {
            Value::Scalar(_) => 1,
            Value::List(list) => 1 + list.iter().map(Self::size).sum::<usize>(),
            Value::Map(map) => 1 + map.entries.iter().map(|entry| entry.node.size()).sum::<usize>(),
        }
    }
}

impl Scalar {
    /// Text, in contrast to a word that may mean a number.
    #[must_use]
    pub fn quoted(text: &str) -> Self {
        Self { text: text.into(), quoted: true }
    }

    /// A word whose meaning is asked for later.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self { text: text.into(), quoted: false }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means by the core rules of YAML 1.2, with `_` allowed between digits.
    #[must_use]
    pub fn meaning(&self) -> Meaning<'_> {
        let text: &str = &self.text;
        if self.quoted {
            return Meaning::Text(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
            "true" | "True" | "TRUE" => Meaning::Boolean(true),
            "false" | "False" | "FALSE" => Meaning::Boolean(false),
            _ => number(text).unwrap_or(Meaning::Text(text)),
        }
    }

    /// The truth values that older files may use besides.
    #[must_use]
    pub fn older_boolean(&self) -> Option<bool> {
        if self.quoted {
            return None;
        }
        match self.text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" => Some(true),
            "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<Meaning<'_>> {
    let first = text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let joined;
    let digits = if text.contains('_') {
        joined = text.replace('_', "");
        joined.as_str()
    } else {
        text
    };
    let radix = |prefix, radix| {
        digits.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok())
    };
    if let Some(value) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(Meaning::Integer(value));
    }
    if let Ok(value) = digits.parse::<i64>() {
        return Some(Meaning::Integer(value));
    }
    if !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return matches!(digits, ".inf" | "+.inf" | "-.inf" | ".nan")
            .then_some(Meaning::Number(f64::NAN));
    }
    digits.parse::<f64>().ok().map(Meaning::Number)
}

impl Map {
    /// From this size on, an index is cheaper than looking at every entry.
    const INDEXED: usize = 24;

    /// The value under a name, null included.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| &*entry.key == key).map(|entry| &mut entry.node)
    }

    /// Names, their places, and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Place, &Node)> + Clone {
        self.entries.iter().map(|entry| (&*entry.key, &entry.key_place, &entry.node))
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| &*entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// Puts a value under a name, in place of an earlier one of that name.
    pub(crate) fn set(&mut self, key: &str, node: Node) {
        match self.entries.iter_mut().find(|entry| &*entry.key == key) {
            Some(entry) => entry.node = node,
            None => {
                self.entries.push(Entry { key: key.into(), key_place: node.place.clone(), node })
            }
        }
    }

    /// Finds entries by name without looking at all of them each time.
    pub(crate) fn index(&self) -> MapIndex {
        let positions = (self.entries.len() > Self::INDEXED).then(|| {
            let entries = self.entries.iter().enumerate();
            entries.map(|(position, entry)| (Arc::clone(&entry.key), position)).collect()
        });
        MapIndex { positions }
    }
}

/// Where the entries of a [`Map`] are; none for a small one.
pub(crate) struct MapIndex {
    positions: Option<HashMap<Arc<str>, usize>>,
}

impl MapIndex {
    /// The position of a name in the map that the index was made from; entries may have been
    /// added behind since.
    pub(crate) fn find(&self, map: &Map, key: &str) -> Option<usize> {
        match &self.positions {
            Some(positions) => positions.get(key).copied(),
            None => map.entries.iter().position(|entry| &*entry.key == key),
        }
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        Self::Scalar(scalar)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Scalar(Scalar::quoted(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Scalar(Scalar::plain(if value { "true" } else { "false" }))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Scalar(Scalar::plain(&value.to_string()))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Scalar(Scalar::plain(&value.to_string()))
    }
}

impl From<Vec<Node>> for Value {
    fn from(list: Vec<Node>) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}
