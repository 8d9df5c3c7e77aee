//! What comes with Apex: the four standard layers, the category table, and what is known of the
//! usual services.

use std::sync::Arc;

use crate::node::{Map, Node};
use crate::place::{Place, Source, SourceKind};
use crate::problem::Problem;
use crate::yaml;

/// The layer file with the four standard layers.
pub const LAYERS: &str = include_str!("../../../config/test_layers.yaml");
/// The category table.
pub const CATEGORIES: &str = include_str!("../../../config/categories.yaml");

/// A service that Apex knows by name.
pub(crate) struct KnownService {
    pub(crate) name: &'static str,
    pub(crate) startup_seconds: f64,
    pub(crate) depends_on: &'static [&'static str],
}

/// The services that Apex knows by name, with the limits that they usually need.
pub(crate) const SERVICES: [KnownService; 5] = [
    KnownService { name: "redis", startup_seconds: 10.0, depends_on: &[] },
    KnownService { name: "postgresql", startup_seconds: 30.0, depends_on: &[] },
    KnownService {
        name: "auth_service",
        startup_seconds: 30.0,
        depends_on: &["postgresql", "redis"],
    },
    KnownService {
        name: "backend_service",
        startup_seconds: 45.0,
        depends_on: &["postgresql", "redis"],
    },
    KnownService {
        name: "frontend_service",
        startup_seconds: 60.0,
        depends_on: &["backend_service", "auth_service"],
    },
];

/// The service of that name, if it is known.
pub(crate) fn service(name: &str) -> Option<&'static KnownService> {
    SERVICES.iter().find(|service| service.name == name)
}

/// The tree of the standard layers.
pub(crate) fn layers(problems: &mut Vec<Problem>) -> Node {
    tree(LAYERS, "built-in layers", problems)
}

/// The tree of the category table.
pub(crate) fn categories(problems: &mut Vec<Problem>) -> Node {
    tree(CATEGORIES, "built-in categories", problems)
}

/// Whether the category table that comes with Apex knows a category.
#[must_use]
pub fn knows_category(name: &str) -> bool {
    let table = categories(&mut Vec::new());
    let sections = ["categories", "supplementary"];
    sections.iter().any(|section| table.get(section).is_some_and(|map| map.get(name).is_some()))
}

/// The texts are part of the program and a test reads them, so a problem here cannot come from
/// the user; it is passed on all the same.
fn tree(text: &str, label: &str, problems: &mut Vec<Problem>) -> Node {
    let source = Arc::new(Source { kind: SourceKind::BuiltIn, label: label.to_owned() });
    yaml::parse(text, &source, problems)
        .unwrap_or_else(|| Node::new(Map::default(), &Place::new(&source, 1, 1)))
}
