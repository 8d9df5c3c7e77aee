//! Categories: the table, the repository's own definitions and the entries of layers become one
//! value each.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::fill::env;
use super::layer::{custom_config, scaled};
use super::oversight::{model, oversight};
use super::view::View;
use super::words::{category_kind, flaky, load, priority, runner};
use super::{Categories, Layers, Work, with_hint};
use crate::dialect;
use crate::environment_variables::CUSTOM_CONFIG;
use crate::model::{
    Category, CategoryName, Colour, EnvironmentName, Filters, LayerId, Priority, Recipe,
    RetryCauses, RetryOn, RetryWhen, ServiceName, Shards, Split,
};
use crate::node::{Map, Meaning, Node, Value};
use crate::overlay::merge;
use crate::place::SourceKind;
use crate::problem::{Problem, Severity, suggestion};
use crate::shape::{CATEGORY, LAYER, form::leaves};

/// The definitions outside of layers, and the names that layers list.
pub(super) struct Table<'t> {
    definitions: HashMap<&'t str, &'t Node>,
    listed: HashMap<&'t str, &'t Node>,
    /// In the order of the file, for [`all`].
    order: Vec<&'t str>,
}

impl<'t> Table<'t> {
    pub(super) fn new(tree: &'t Node) -> Self {
        let section = |name: &str| tree.get(name).and_then(Node::as_map);
        let maps = [section("supplementary"), section("categories")];
        let definitions: HashMap<_, _> = maps
            .iter()
            .flatten()
            .flat_map(|map| map.iter())
            .map(|(n, _, node)| (n, node))
            .collect();
        let order =
            maps.iter().rev().flatten().flat_map(|map| map.iter()).map(|(n, ..)| n).collect();
        let layers = section("layers").into_iter().flat_map(Map::iter);
        let lists = layers.filter_map(|(_, _, layer)| layer.get("categories")?.as_list());
        let listed = lists
            .flatten()
            .filter_map(|entry| Some((entry.get("name")?.as_text()?, entry)))
            .collect();
        Self { definitions, listed, order }
    }

    /// Whether a category of that name exists.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.definitions.contains_key(name) || self.listed.contains_key(name)
    }

    /// The names of all categories.
    pub(super) fn names(&self) -> impl Iterator<Item = &'t str> + Clone {
        self.definitions.keys().chain(self.listed.keys()).copied()
    }

    /// Where a category is described.
    pub(super) fn node(&self, name: &str) -> Option<&'t Node> {
        self.listed.get(name).or_else(|| self.definitions.get(name)).copied()
    }
}

/// What the layer says for its categories.
pub(super) struct InLayer<'l> {
    pub(super) id: &'l LayerId,
    pub(super) factor: f64,
    pub(super) grace: Duration,
    pub(super) layer: View<'l>,
}

/// The categories that a layer lists.
pub(super) fn of_layer(
    work: &mut Work<'_, '_>,
    table: &Table<'_>,
    scope: &InLayer<'_>,
) -> Vec<Arc<Category>> {
    let id = scope.id;
    let items = scope.layer.items("categories");
    if items.is_empty() {
        let place = super::layer_place(work.scene.tree, id.as_str(), "categories");
        let path = format!("layers.{id}.categories");
        let problem = Problem::error(&place, format!("layer `{id}` has no categories")).at(path);
        work.push(problem.hint("list at least one: `categories: [{name: unit}]`"));
    }
    let skip_performance = scope.layer.skips_performance();
    let custom = custom_config(scope.layer);
    let mut categories = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        let Some(text) = item.get("name").and_then(Node::as_text) else {
            let path = format!("layers.{id}.categories[{position}]");
            let problem = Problem::error(item.place(), "a category needs a name").at(path);
            work.push(problem.hint("write `- name: unit`"));
            continue;
        };
        let Ok(name) = CategoryName::new(text) else { continue };
        if skip_performance && text == "performance" {
            continue;
        }
        let definition = table.definitions.get(text).copied();
        let description = Description::of(definition, Some(item));
        let mut category = category(work, name, View::new(Some(&description.0), &CATEGORY));
        category.is_own = definition.is_none();
        category.place_in(scope, position, View::new(Some(&description.0), &CATEGORY));
        category.model = model(View::new(Some(&description.0), &CATEGORY), &scope.layer, work);
        if let Some(custom) = &custom {
            let env = &mut category.recipe.env;
            env.entry(CUSTOM_CONFIG.to_owned()).or_insert_with(|| custom.clone());
        }
        categories.push(Arc::new(category));
    }
    categories
}

/// What is known of a category: the definition with the entry of the layer on top, and on top of
/// both what variables and flags say of the definition.
struct Description<'t>(Cow<'t, Node>);

impl<'t> Description<'t> {
    fn of(definition: Option<&'t Node>, entry: Option<&'t Node>) -> Self {
        match (definition, entry) {
            (Some(definition), Some(entry)) => {
                let merged = merge(definition.clone(), entry.clone());
                Self(Cow::Owned(match strongest(definition) {
                    Some(strong) => merge(merged, strong),
                    None => merged,
                }))
            }
            (Some(one), None) | (None, Some(one)) => Self(Cow::Borrowed(one)),
            (None, None) => Self(Cow::Owned(Node::new(
                Map::default(),
                &crate::place::Place::whole(SourceKind::Default, ""),
            ))),
        }
    }
}

/// The fields of a definition that variables and flags set.
fn strongest(definition: &Node) -> Option<Node> {
    let map = definition.as_map()?;
    let is_strong = |node: &Node| node.place().source().kind > SourceKind::File;
    let entries: Vec<_> =
        map.entries.iter().filter(|entry| is_strong(&entry.node)).cloned().collect();
    (!entries.is_empty()).then(|| Node::new(Map { entries }, definition.place()))
}

/// Every category: those of layers, and those that only a table knows.
pub(super) fn all(work: &mut Work<'_, '_>, table: &Table<'_>, layers: &Layers) -> Categories {
    let mut listed: HashMap<&CategoryName, &Arc<Category>> = HashMap::new();
    for category in layers.values().flat_map(|layer| &layer.categories) {
        listed.entry(&category.name).or_insert(category);
    }
    let mut categories = Categories::with_capacity(table.order.len() + listed.len());
    let factor = if work.scene.environment.as_str() == "staging" { 1.5 } else { 1.0 };
    for name in &table.order {
        let Ok(name) = CategoryName::new(name) else { continue };
        if let Some(category) = listed.get(&name) {
            categories.insert(name, Arc::clone(category));
            continue;
        }
        let view = View::new(table.definitions.get(name.as_str()).copied(), &CATEGORY);
        let mut category = category(work, name.clone(), view);
        category.timeout = scaled(category.timeout, factor);
        categories.insert(name, Arc::new(category));
    }
    for category in layers.values().flat_map(|layer| &layer.categories) {
        categories.entry(category.name.clone()).or_insert_with(|| Arc::clone(category));
    }
    check_references(work, table, &categories);
    categories
}

/// A category belongs to one layer.
pub(super) fn report_shared(work: &mut Work<'_, '_>, layers: &Layers) {
    let mut first: HashMap<&CategoryName, &LayerId> = HashMap::new();
    for layer in layers.values() {
        for category in &layer.categories {
            let Some(other) = first.insert(&category.name, &layer.id) else { continue };
            let name = &category.name;
            let items = work.scene.tree.get("layers").and_then(|l| l.get(layer.id.as_str()));
            let items = items.and_then(|layer| layer.get("categories")?.as_list());
            let is_it =
                |item: &&Node| item.get("name").and_then(Node::as_text) == Some(name.as_str());
            let Some(item) = items.into_iter().flatten().rfind(is_it) else {
                continue;
            };
            let message =
                format!("category `{name}` is in layer `{other}` and in layer `{}`", layer.id);
            let problem = Problem::error(item.place(), message)
                .at(format!("layers.{}.categories", layer.id))
                .about(name.as_str());
            work.push(problem.hint("a category belongs to one layer; remove one of the two"));
        }
    }
}

/// Names in `depends_on` and `conflicts_with` that are no category.
fn check_references(work: &mut Work<'_, '_>, table: &Table<'_>, categories: &Categories) {
    for name in categories.keys() {
        let Some(node) = table.node(name.as_str()) else { continue };
        for field in ["depends_on", "conflicts_with"] {
            for item in node.get(field).and_then(Node::as_list).unwrap_or_default() {
                let Some(text) = item.as_text().filter(|text| !table.is_known(text)) else {
                    continue;
                };
                if !item.place().is_users() {
                    continue;
                }
                let severity =
                    if field == "depends_on" { Severity::Error } else { work.native_error() };
                let message =
                    format!("`{field}` of category `{name}` names `{text}`, which is no category");
                let problem = Problem::new(severity, item.place(), message).about(text);
                work.push(with_hint(problem.at(field), suggestion(text, table.names())));
            }
        }
    }
}

/// A category as its description says, outside of any layer.
fn category(work: &mut Work<'_, '_>, name: CategoryName, view: View<'_>) -> Category {
    let priority = priority(view.text("priority"));
    let requirements = view.inner("resource_requirements");
    let split = view.inner("split");
    let services = services(work, view);
    Category {
        name,
        is_own: false,
        summary: view.text("summary").to_owned(),
        priority,
        kind: category_kind(view.text("type")),
        layer: None,
        timeout: view.seconds("timeout_seconds"),
        grace: Duration::from_secs(10),
        estimate: view.minutes("estimate_minutes"),
        // Older tables call the width of a run without layers like that in a layer.
        max_parallel: view
            .optional_whole("max_instances")
            .or_else(|| view.optional_whole("max_parallel_instances"))
            .unwrap_or_else(|| view.whole("max_instances")),
        priority_order: view.optional_whole("priority_order").unwrap_or(1),
        depends_on: names(view.items("depends_on")),
        conflicts_with: names(view.items("conflicts_with")),
        parallel_safe: view.flag("parallel_safe"),
        serial: serial(view),
        load: view.items("load").iter().filter_map(|item| load(item.as_text()?)).collect(),
        services,
        only_in: view.items("only_in").iter().filter_map(environment).collect(),
        dedicated: requirements.flag("dedicated_resources"),
        min_memory_mb: requirements.whole("min_memory_mb"),
        critical: priority == Priority::Critical,
        requires: view.texts("requires"),
        recipe: recipe(work, view),
        filters: Filters {
            include: view.inner("filters").texts("include_patterns"),
            exclude: view.inner("filters").texts("exclude_patterns"),
        },
        shards: match (view.optional_whole("shards"), view.optional_text("shards")) {
            (Some(number), _) => Shards::Fixed(number),
            (None, Some("auto")) => Shards::Auto,
            (None, _) => Shards::WhereSafe,
        },
        split: Split {
            window: split.minutes("window_minutes"),
            max_shards: split.whole("max_shards"),
        },
        retries: view.whole("retries"),
        retry_when: match view.text("retry_when") {
            "at_once" => RetryWhen::AtOnce,
            _ => RetryWhen::AtEnd,
        },
        retry_on: match view.node("retry_on") {
            Some(_) => RetryCauses::of(
                view.texts("retry_on").iter().filter_map(|word| RetryOn::from_word(word)),
            ),
            None => RetryCauses::default(),
        },
        flaky: view.optional_text("flaky").and_then(flaky),
        oversight: oversight(view),
        model: model(view, &View::new(None, &LAYER), work),
        colour: match view.text("colour") {
            "always" => Colour::Always,
            "never" => Colour::Never,
            _ => Colour::Inherit,
        },
        tags: view.texts("tags"),
    }
}

impl Category {
    /// Adds what the layer that lists it says.
    fn place_in(&mut self, scope: &InLayer<'_>, position: usize, view: View<'_>) {
        self.layer = Some(scope.id.clone());
        self.timeout = scaled(self.timeout, scope.factor);
        self.grace = match view.node("grace_seconds") {
            Some(_) => view.seconds("grace_seconds"),
            None => scope.grace,
        };
        let position = u32::try_from(position + 1).unwrap_or(u32::MAX).min(99);
        self.priority_order = view.optional_whole("priority_order").unwrap_or(position);
        // The width of a run without layers bounds the default, not what the layer writes.
        let usual = view.whole("max_parallel_instances").min(self.max_parallel);
        self.max_parallel = view.optional_whole("max_parallel_instances").unwrap_or(usual);
    }
}

/// Refuses a command that names no program: an empty list, a number, a truth value.
fn check_command(work: &mut Work<'_, '_>, view: View<'_>, field: &str) {
    let Some(node) = view.node(field) else { return };
    let message = match node.value() {
        Value::List(list) if list.is_empty() => "is an empty list and names no program",
        Value::Scalar(scalar) if !matches!(scalar.meaning(), Meaning::Text(_) | Meaning::Null) => {
            "is a value and not a program"
        }
        _ => return,
    };
    let problem = Problem::error(node.place(), format!("`{field}` {message}")).at(field);
    let hint = "a list is a program with its arguments, a text is for the shell";
    work.push(problem.about(node.summary()).hint(hint));
}

fn recipe(work: &mut Work<'_, '_>, view: View<'_>) -> Recipe {
    check_command(work, view, "command");
    check_command(work, view, "discover");
    let recipe = Recipe {
        runner: view.optional_text("runner").and_then(runner),
        command: view.command("command"),
        discover: view.command("discover"),
        paths: view.texts("paths"),
        working_directory: view.optional_text("working_directory").map(str::to_owned),
        inputs: view.texts("inputs"),
        report: view.optional_text("report").map(str::to_owned),
        arguments: view.texts("arguments"),
        env: env(work, view, "env"),
    };
    if let (Some(node), Some(_), false) =
        (view.node("arguments"), &recipe.command, recipe.arguments.is_empty())
    {
        let problem = Problem::error(
            node.place(),
            "`arguments` are for a framework, and this category is a command",
        );
        work.push(problem.at("arguments").hint("write them into `command`"));
    }
    check_parts(work, view, &recipe);
    let folder = recipe.working_directory.as_deref().unwrap_or(".");
    for item in view.items("paths") {
        let Some(path) = item.as_text() else { continue };
        if path.starts_with('/') || leaves(&format!("{folder}/{path}")) {
            let message = format!("`{path}` leaves the project");
            let problem = Problem::error(item.place(), message).at("paths").about(path);
            work.push(
                problem.hint("paths are relative to `working_directory`, that to the project root"),
            );
        }
    }
    recipe
}

/// What cannot be cut is not, and a list that nobody reads is not made: both are said.
fn check_parts(work: &mut Work<'_, '_>, view: View<'_>, recipe: &Recipe) {
    let Some(command) = &recipe.command else { return };
    let is_listed = recipe.discover.is_some() && command.names_tests();
    if let Some(discover) = view.node("discover").filter(|_| !is_listed) {
        let message = "`discover` has no effect: the command does not say where its tests go";
        let problem = Problem::warning(discover.place(), message).at("discover");
        work.push(problem.hint("write `{tests}` or `{file}` into `command`"));
    }
    let is_cut = view.optional_whole("shards") != Some(1) && !command.mentions("{shard}");
    if let Some(shards) = view.node("shards").filter(|_| is_cut && !is_listed) {
        let message = "`shards` has no effect: this command cannot be told which part it runs";
        let problem = Problem::warning(shards.place(), message).at("shards");
        work.push(problem.hint(
            "write `{shard}` and `{shards}` into `command`, or list its tests with `discover` and \
             write `{tests}` into `command`",
        ));
    }
}

/// Services of the entry or the table, and those that requirements add.
fn services(work: &mut Work<'_, '_>, view: View<'_>) -> Vec<ServiceName> {
    const REQUIRED: [&str; 5] =
        ["postgresql", "redis", "backend_service", "auth_service", "frontend_service"];
    let mut services = work.needed_services(view.items("services"));
    let requirements = view.inner("resource_requirements");
    let mut add = |name: &str, work: &mut Work<'_, '_>| {
        if let Ok(name) = ServiceName::new(name)
            && !services.contains(&name)
        {
            work.need(name.clone());
            services.push(name);
        }
    };
    if requirements.is_empty() {
        return services;
    }
    for name in REQUIRED {
        if requirements.flag(&format!("requires_{name}")) {
            add(name, work);
        }
    }
    if requirements.flag("requires_websocket_server") {
        let defined = work.is_defined("websocket_server");
        add(if defined { "websocket_server" } else { "backend_service" }, work);
    }
    services
}

/// The names that jobs hold alone; `true` stands for the name `serial`.
fn serial(view: View<'_>) -> Vec<Arc<str>> {
    let Some(node) = view.node("serial") else { return Vec::new() };
    match (node.as_boolean(), node.as_text()) {
        (Some(true), _) => vec!["serial".into()],
        (Some(false), _) => Vec::new(),
        (None, Some(name)) => vec![name.into()],
        (None, None) => view.texts("serial").into_iter().map(Arc::from).collect(),
    }
}

fn names(items: &[Node]) -> Vec<CategoryName> {
    let name = |item: &Node| CategoryName::new(item.as_text()?).ok();
    items.iter().filter_map(name).collect()
}

fn environment(item: &Node) -> Option<EnvironmentName> {
    EnvironmentName::new(dialect::main_environment(item.as_text()?)).ok()
}
