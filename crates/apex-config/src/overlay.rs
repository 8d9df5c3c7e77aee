//! A partial configuration from one source, and the one way in which sources combine.
//!
//! Defaults, built-in layers, files, blocks for an environment, variables and flags are all the
//! same type and merge by the same function. Merging consumes its inputs and makes a new value:
//! nothing that somebody else still holds can change.

use std::sync::Arc;

use crate::node::{Map, Node, Replaced, Value};
use crate::place::{Place, SourceKind};
use crate::problem::Problem;

/// A partial configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    pub(crate) root: Node,
}

impl Overlay {
    /// A configuration that says nothing.
    #[must_use]
    pub fn empty(kind: SourceKind, label: &str) -> Self {
        Self { root: Node::new(Map::default(), &Place::whole(kind, label)) }
    }

    /// An overlay for flags of a command line, to be filled by [`Overlay::with_flag`].
    #[must_use]
    pub fn flags() -> Self {
        Self::empty(SourceKind::Flag, "")
    }

    /// Wraps a tree.
    #[must_use]
    pub fn from_node(root: Node) -> Self {
        Self { root }
    }

    /// Sets the value at a path (`["execution_config", "global_timeout_minutes"]`) in the name of
    /// a flag. `*` as a name stands for every layer, category or service that exists.
    ///
    /// ```
    /// use apex_config::Overlay;
    /// let flags = Overlay::flags()
    ///     .with_flag("--max-duration", &["execution_config", "global_timeout_minutes"], 30.0)
    ///     .with_flag("--timeout-multiplier", &["layers", "*", "timeout_multiplier"], 2.0);
    /// assert!(!flags.is_empty());
    /// ```
    #[must_use]
    pub fn with_flag(mut self, flag: &str, path: &[&str], value: impl Into<Value>) -> Self {
        let place = Place::whole(SourceKind::Flag, flag);
        self.set(path, Node::new(value, &place));
        self
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root.as_map().is_none_or(Map::is_empty)
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// This overlay with a later one on top.
    #[must_use]
    pub fn merged(self, later: Self) -> Self {
        Self { root: merge(self.root, later.root) }
    }

    /// Puts a value at a path, making the maps on the way.
    pub(crate) fn set(&mut self, path: &[&str], node: Node) {
        let nested = nest(path, node);
        let root = std::mem::replace(&mut self.root, Node::new(Map::default(), nested.place()));
        self.root = merge(root, nested);
    }

    /// Writes the entries under the name `*` out for every name that `tree` has there.
    pub(crate) fn expanded(mut self, tree: &Node) -> Self {
        for section in ["layers", "categories", "services"] {
            let Value::Map(root) = &mut self.root.value else { continue };
            let Some(entry) = root.entries.iter_mut().find(|entry| &*entry.key == section) else {
                continue;
            };
            let Value::Map(named) = &mut entry.node.value else { continue };
            let Some(every) = named.remove("*") else { continue };
            let known = tree.get(section).and_then(Node::as_map);
            let mut written = Map::default();
            for (name, ..) in known.into_iter().flat_map(Map::iter) {
                written.set(name, every.node.clone());
            }
            let base = Node::new(written, &entry.node.place);
            let over = std::mem::replace(&mut entry.node, base.clone());
            entry.node = merge(base, over);
        }
        self
    }
}

/// A value wrapped into maps along a path.
pub(crate) fn nest(path: &[&str], node: Node) -> Node {
    path.iter().rev().fold(node, |inner, key| {
        let place = inner.place.clone();
        let mut map = Map::default();
        map.set(key, inner);
        Node::new(map, &place)
    })
}

/// The one merge: maps deeply, lists and scalars replace, null takes the default back.
///
/// The result remembers what each value replaced.
#[must_use]
pub fn merge(base: Node, over: Node) -> Node {
    let (base_place, over_place) = (base.place.clone(), over.place.clone());
    match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => {
            // The place of a map is where the user first wrote it: that is what a message about
            // something missing in it should show.
            let place = if base_place.is_users() { base_place } else { over_place };
            Node { value: Value::Map(merge_maps(base, over)), place, replaced: None }
        }
        (base_value, over_value) => {
            let base = Node { value: base_value, place: base_place, replaced: base.replaced };
            let mut node = Node { value: over_value, place: over_place, replaced: over.replaced };
            remember(&mut node, base);
            node
        }
    }
}

fn merge_maps(mut base: Map, over: Map) -> Map {
    let index = base.index();
    for entry in over.entries {
        match index.find(&base, &entry.key) {
            Some(position) => {
                let slot = &mut base.entries[position];
                let empty = Node::new(Map::default(), &entry.key_place);
                let earlier = std::mem::replace(&mut slot.node, empty);
                slot.node = merge(earlier, entry.node);
                if !slot.key_place.is_users() {
                    slot.key_place = entry.key_place;
                }
            }
            None => base.entries.push(entry),
        }
    }
    base
}

/// Appends the base to the end of what the value has replaced already.
fn remember(node: &mut Node, base: Node) {
    let mut slot = &mut node.replaced;
    while let Some(earlier) = slot {
        slot = &mut earlier.before;
    }
    let text = base.summary().into();
    *slot = Some(Box::new(Replaced { text, place: base.place, before: base.replaced }));
}

/// Renames keys of a map in place; a value under the old name goes first, one under the new name
/// on top of it. Gives a warning where both are present.
pub(crate) fn rename_keys(
    map: &mut Map,
    new_name: impl Fn(&str) -> Option<&'static str>,
    problems: &mut Vec<Problem>,
) {
    if !map.entries.iter().any(|entry| new_name(&entry.key).is_some()) {
        return;
    }
    let mut renamed = Map::default();
    let (aliases, others): (Vec<_>, Vec<_>) = std::mem::take(&mut map.entries)
        .into_iter()
        .partition(|entry| new_name(&entry.key).is_some());
    for mut entry in aliases {
        let old = Arc::clone(&entry.key);
        let Some(new) = new_name(&old) else { continue };
        if let Some(other) = others.iter().find(|other| &*other.key == new) {
            problems.push(
                Problem::warning(
                    &entry.key_place,
                    format!("`{old}` and `{new}` are the same; `{new}` beats it where both say something"),
                )
                .about(&*old)
                .hint(format!("`{new}` is at {}; move everything there", other.key_place)),
            );
        }
        entry.key = new.into();
        renamed = merge_maps(renamed, Map { entries: vec![entry] });
    }
    *map = merge_maps(renamed, Map { entries: others });
}
