//! Fills the defaults into a tree, so that a display can show every value.

use super::{CATEGORY, Fallback, Field, Kind, Record};
use crate::node::{Map, Node, Scalar, Value};
use crate::place::{Place, SourceKind};

/// The tree with the default of every field that it does not set.
///
/// Records that are not written and have no entry of their own stay away unless they belong to
/// one that is written; names that users choose are never made up.
pub(crate) fn complete(mut node: Node, record: &'static Record) -> Node {
    let default = Place::whole(SourceKind::Default, "");
    complete_record(&mut node, record, &default);
    complete_unlisted(&mut node, &default);
    node
}

/// Entries of layers that no table describes take the defaults themselves.
fn complete_unlisted(root: &mut Node, default: &Place) {
    let table = root.get("categories").cloned();
    let is_known = |entry: &Node| {
        let name = entry.get("name").and_then(Node::as_text);
        name.is_some_and(|name| table.as_ref().is_some_and(|table| table.get(name).is_some()))
    };
    let layers = root.as_map_mut().and_then(|map| map.get_mut("layers")?.as_map_mut());
    for layer in layers.into_iter().flat_map(|layers| &mut layers.entries) {
        let entries = layer.node.as_map_mut().and_then(|map| map.get_mut("categories"));
        let Some(Value::List(entries)) = entries.map(|node| &mut node.value) else { continue };
        for entry in entries.iter_mut().filter(|entry| !is_known(entry)) {
            complete_record(entry, &CATEGORY, default);
        }
    }
}

fn complete_record(node: &mut Node, record: &'static Record, default: &Place) {
    let Value::Map(map) = &mut node.value else { return };
    for field in record.all_fields() {
        let written = map.entries.iter_mut().find(|entry| &*entry.key == field.name);
        match written {
            Some(entry) if entry.node.is_null() => {
                if let Some(value) = value_of(field) {
                    let replaced = entry.node.replaced.take();
                    entry.node = Node { value, place: entry.node.place.clone(), replaced };
                }
            }
            Some(entry) => complete_kind(&mut entry.node, &field.kind, default),
            None => {
                if let Some(value) = value_of(field) {
                    let mut node = Node { value, place: default.clone(), replaced: None };
                    complete_kind(&mut node, &field.kind, default);
                    map.set(field.name, node);
                }
            }
        }
    }
}

fn complete_kind(node: &mut Node, kind: &'static Kind, default: &Place) {
    match (kind, &mut node.value) {
        (Kind::Record(record), Value::Map(_)) if !is_override(record) => {
            complete_record(node, record, default);
        }
        (Kind::Map(_, of), Value::Map(map)) => {
            map.entries.iter_mut().for_each(|entry| complete_kind(&mut entry.node, of, default));
        }
        // What the entry of a layer leaves out is in the category table, see [`complete`].
        (Kind::List(Kind::Record(record)), _) if is_category(record) => {}
        (Kind::List(of), Value::List(list)) => {
            list.iter_mut().for_each(|item| complete_kind(item, of, default));
        }
        (Kind::OneOf(kinds), _) => {
            let matching = kinds.iter().find(|kind| {
                matches!(
                    (kind, &node.value),
                    (Kind::Record(_), Value::Map(_)) | (Kind::List(_), Value::List(_))
                )
            });
            if let Some(kind) = matching {
                complete_kind(node, kind, default);
            }
        }
        _ => {}
    }
}

fn is_category(record: &Record) -> bool {
    record.name == CATEGORY.name
}

/// Blocks for an environment say only what they change.
fn is_override(record: &Record) -> bool {
    record.extends.is_some() || record.name == "execution"
}

fn value_of(field: &Field) -> Option<Value> {
    let word = |text: &str| Value::Scalar(Scalar::plain(text));
    let place = Place::whole(SourceKind::Default, "");
    Some(match field.fallback {
        Fallback::Unset => return None,
        Fallback::Flag(value) => Value::from(value),
        Fallback::Number(value) => Value::from(value),
        Fallback::Word(text) => Value::from(text),
        Fallback::EmptyList => Value::List(Vec::new()),
        Fallback::EmptyMap => Value::Map(Map::default()),
        Fallback::Words(words) => {
            Value::List(words.iter().map(|text| Node::new(word(text), &place)).collect())
        }
    })
}
