//! Named lists of categories.
//!
//! Lists under `levels` and `services` have namespaces of their own, because `unit` and `all` are
//! categories or lists elsewhere: they are found as `level:NAME` and `service:NAME`, and under
//! their plain name where nothing else has it. `-` in a name is kept as `_`.

use indexmap::IndexMap;

use super::{Categories, Work, with_hint};
use crate::model::{CategoryName, Sets};
use crate::node::{Map, Node, Value};
use crate::problem::{Problem, suggestion};

/// The sets of the merged tree.
pub(super) fn sets(work: &mut Work<'_, '_>, categories: &Categories) -> Sets {
    let mut sets = Sets::default();
    let Some(map) = work.scene.tree.get("sets").and_then(Node::as_map) else { return sets };
    for (name, _, node) in map.iter() {
        match (name, node.value()) {
            ("default", _) => sets.default = members(work, node, categories),
            ("rollups" | "levels" | "services", Value::Map(lists)) => {
                for (list, _, node) in lists.iter() {
                    let members = members(work, node, categories);
                    let prefix = match name {
                        "levels" => "level:",
                        "services" => "service:",
                        _ => "",
                    };
                    sets.named.insert(format!("{prefix}{}", plain(list)), members);
                }
            }
            // A set with settings of its own, such as the journeys on staging.
            (_, Value::Map(set)) => {
                if let Some(node) = set.get("categories") {
                    let members = members(work, node, categories);
                    sets.named.insert(name.to_owned(), members);
                }
            }
            ("all", _) if node.as_text() == Some("*") => {
                let supplementary = work.scene.tree.get("supplementary").and_then(Node::as_map);
                let is_extra = |name: &CategoryName| {
                    supplementary.is_some_and(|map| map.get(name.as_str()).is_some())
                };
                let all = categories.keys().filter(|name| !is_extra(name)).cloned().collect();
                sets.named.insert("all".to_owned(), all);
            }
            _ => {
                let members = members(work, node, categories);
                sets.named.insert(name.to_owned(), members);
            }
        }
    }
    add_plain_names(&mut sets.named, categories, map);
    sets
}

fn add_plain_names(
    named: &mut IndexMap<String, Vec<CategoryName>>,
    categories: &Categories,
    map: &Map,
) {
    for (group, prefix) in [("levels", "level:"), ("services", "service:")] {
        let lists = map.get(group).and_then(Node::as_map);
        for (list, ..) in lists.into_iter().flat_map(Map::iter) {
            let list = plain(list);
            if categories.contains_key(list.as_str()) || named.contains_key(&list) {
                continue;
            }
            if let Some(members) = named.get(&format!("{prefix}{list}")).cloned() {
                named.insert(list, members);
            }
        }
    }
}

/// Names are compared with `-` read as `_`.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// The members that exist. One marked with `?` may be missing.
fn members(work: &mut Work<'_, '_>, node: &Node, categories: &Categories) -> Vec<CategoryName> {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    let mut members = Vec::new();
    for item in items {
        let Some(text) = item.as_text() else { continue };
        let name = text.trim_end_matches('?');
        if let Some((name, _)) = categories.get_key_value(name) {
            members.push(name.clone());
        } else if name == text && item.place().is_users() {
            let message = format!("`{text}` is no category");
            let known = categories.keys().map(CategoryName::as_str);
            let problem = Problem::new(work.native_error(), item.place(), message);
            work.push(with_hint(problem.at("sets").about(text), suggestion(text, known)));
        }
    }
    members
}
