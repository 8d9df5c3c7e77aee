//! Where a part of a configuration was written, told from the merged tree.
//!
//! It follows the order in which the parts of a category become one value: what variables and
//! flags say of its definition, the entry of its layer, the definition, the default.

use crate::node::{Map, Node};
use crate::place::{Place, SourceKind};

/// Answers where the parts of one configuration were written.
#[derive(Clone, Copy, Debug)]
pub struct Origins<'t> {
    tree: &'t Node,
}

impl<'t> Origins<'t> {
    /// Of a merged tree, see [`Loaded::tree`](crate::Loaded::tree).
    #[must_use]
    pub const fn of(tree: &'t Node) -> Self {
        Self { tree }
    }

    /// Where a category is named: in its layer, else in a table.
    #[must_use]
    pub fn category(&self, name: &str) -> Place {
        let named = self.entry(name).or_else(|| self.definition(name));
        named.map_or_else(default, |node| node.place().clone())
    }

    /// Who set a field of a category.
    #[must_use]
    pub fn category_field(&self, name: &str, field: &str) -> Place {
        let defined = self.definition(name).and_then(|node| node.get(field));
        let is_strong = |node: &&Node| node.place().source().kind > SourceKind::File;
        let strong = defined.filter(is_strong);
        let listed = self.entry(name).and_then(|node| node.get(field));
        strong.or(listed).or(defined).map_or_else(default, |node| node.place().clone())
    }

    /// Where a layer is named.
    #[must_use]
    pub fn layer(&self, id: &str) -> Place {
        self.key("layers", id)
    }

    /// Who set a field of a layer.
    #[must_use]
    pub fn layer_field(&self, id: &str, field: &str) -> Place {
        self.field(&["layers", id, field])
    }

    /// Where a mode is named.
    #[must_use]
    pub fn mode(&self, name: &str) -> Place {
        if self.is_built_in_mode(name) { built_in_modes() } else { self.key("modes", name) }
    }

    /// Who set a field of a mode.
    #[must_use]
    pub fn mode_field(&self, name: &str, field: &str) -> Place {
        if self.is_built_in_mode(name) {
            built_in_modes()
        } else {
            self.field(&["modes", name, field])
        }
    }

    /// The built-in modes are no part of any tree.
    fn is_built_in_mode(&self, name: &str) -> bool {
        self.tree.get("modes").is_none_or(|modes| modes.get(name).is_none())
    }

    /// Who set the value at a path.
    #[must_use]
    pub fn field(&self, path: &[&str]) -> Place {
        let found = path.iter().try_fold(self.tree, |node, key| node.get(key));
        found.map_or_else(default, |node| node.place().clone())
    }

    fn key(&self, section: &str, name: &str) -> Place {
        let map = self.tree.get(section).and_then(Node::as_map);
        let key = map.into_iter().flat_map(Map::iter).find(|(key, ..)| *key == name);
        key.map_or_else(default, |(_, place, _)| place.clone())
    }

    fn definition(&self, name: &str) -> Option<&'t Node> {
        let sections = ["categories", "supplementary"];
        sections.iter().find_map(|section| self.tree.get(section)?.get(name))
    }

    fn entry(&self, name: &str) -> Option<&'t Node> {
        let layers = self.tree.get("layers").and_then(Node::as_map);
        let mut entries = layers
            .into_iter()
            .flat_map(Map::iter)
            .filter_map(|(_, _, layer)| layer.get("categories")?.as_list())
            .flatten();
        entries.find(|entry| entry.get("name").and_then(Node::as_text) == Some(name))
    }
}

fn built_in_modes() -> Place {
    Place::whole(SourceKind::BuiltIn, "built-in modes")
}

fn default() -> Place {
    Place::whole(SourceKind::Default, "")
}
