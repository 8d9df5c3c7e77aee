//! Lists of what the configuration holds.

use apex_config::Config;
use apex_config::model::{Category, Layer, LayerSelection, Mode};
use serde_json::{Value, json};

use super::duration;
use super::table::aligned;

/// A list in both forms.
pub(crate) struct List {
    pub(crate) text: String,
    pub(crate) json: Value,
}

/// A row of a list.
pub(crate) trait Row {
    /// Names of the columns.
    const HEAD: &'static [&'static str];
    /// The cells for people.
    fn cells(&self) -> Vec<String>;
    /// The row for programs.
    fn value(&self) -> Value;
}

fn list<R: Row>(kind: &str, rows: &[R]) -> List {
    let head = R::HEAD.iter().map(|name| (*name).to_owned()).collect();
    let table: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let values: Vec<Value> = rows.iter().map(Row::value).collect();
    List { text: aligned(&table), json: json!({ "schema": "apex.list/1", kind: values }) }
}

pub(crate) struct LayerRow<'a>(pub(crate) &'a Layer);

impl Row for LayerRow<'_> {
    const HEAD: &'static [&'static str] =
        &["LAYER", "BUDGET", "RUNS", "AFTER", "CATEGORIES", "DESCRIPTION"];

    fn cells(&self) -> Vec<String> {
        let layer = self.0;
        let place = if layer.background { "background" } else { "foreground" };
        vec![
            layer.id.to_string(),
            duration(layer.budget),
            place.to_owned(),
            or_dash(&names(&layer.dependencies)),
            names(layer.categories.iter().map(|category| &category.name)),
            layer.description.clone(),
        ]
    }

    fn value(&self) -> Value {
        let layer = self.0;
        json!({
            "id": layer.id.as_str(),
            "name": layer.name,
            "description": layer.description,
            "budget_seconds": layer.budget.as_secs_f64(),
            "background": layer.background,
            "dependencies": layer.dependencies.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
            "required_services":
                layer.required_services.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            "categories":
                layer.categories.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        })
    }
}

pub(crate) struct CategoryRow<'a>(pub(crate) &'a Category);

impl Row for CategoryRow<'_> {
    const HEAD: &'static [&'static str] =
        &["CATEGORY", "PRIORITY", "LAYER", "TIMEOUT", "AFTER", "SUMMARY"];

    fn cells(&self) -> Vec<String> {
        let category = self.0;
        vec![
            category.name.to_string(),
            format!("{:?}", category.priority).to_lowercase(),
            category.layer.as_ref().map_or("-", |layer| layer.as_str()).to_owned(),
            duration(category.timeout),
            or_dash(&names(&category.depends_on)),
            category.summary.clone(),
        ]
    }

    fn value(&self) -> Value {
        let category = self.0;
        json!({
            "name": category.name.as_str(),
            "summary": category.summary,
            "priority": format!("{:?}", category.priority).to_lowercase(),
            "layer": category.layer.as_ref().map(|layer| layer.as_str()),
            "timeout_seconds": category.timeout.as_secs_f64(),
            "estimate_seconds": category.estimate.as_secs_f64(),
            "depends_on":
                category.depends_on.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            "conflicts_with":
                category.conflicts_with.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            "services": category.services.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            "retries": category.retries,
            "tags": category.tags,
        })
    }
}

pub(crate) struct ModeRow<'a>(pub(crate) &'a Mode);

impl Row for ModeRow<'_> {
    const HEAD: &'static [&'static str] = &["MODE", "AT MOST", "LAYERS", "BEHIND", "SUMMARY"];

    fn cells(&self) -> Vec<String> {
        let mode = self.0;
        vec![
            mode.name.to_string(),
            mode.budget.map_or_else(|| "-".to_owned(), duration),
            layer_selection(&mode.layers),
            layer_selection(&mode.background),
            mode.summary.clone(),
        ]
    }

    fn value(&self) -> Value {
        let mode = self.0;
        json!({
            "name": mode.name.as_str(),
            "summary": mode.summary,
            "budget_seconds": mode.budget.map(|budget| budget.as_secs_f64()),
            "layers": layer_selection(&mode.layers),
            "background": layer_selection(&mode.background),
            "wait": mode.wait,
            "timeout_multiplier": mode.timeout_multiplier,
        })
    }
}

/// A test as `list tests` names it.
pub(crate) struct TestRow {
    pub(crate) category: String,
    pub(crate) id: String,
    pub(crate) place: String,
}

impl Row for TestRow {
    const HEAD: &'static [&'static str] = &["CATEGORY", "TEST", "PLACE"];

    fn cells(&self) -> Vec<String> {
        // Ids are written by test authors; one with a line end must not make two rows.
        let id = self.id.replace('\n', "\\n");
        vec![self.category.clone(), id, self.place.clone()]
    }

    fn value(&self) -> Value {
        json!({ "category": self.category, "id": self.id, "place": self.place })
    }
}

/// Every layer.
pub(crate) fn layers(config: &Config) -> List {
    let rows: Vec<LayerRow<'_>> = config.layers.values().map(LayerRow).collect();
    list("layers", &rows)
}

/// Every category.
pub(crate) fn categories(config: &Config) -> List {
    let rows: Vec<CategoryRow<'_>> =
        config.categories.values().map(|category| CategoryRow(category)).collect();
    list("categories", &rows)
}

/// Every mode.
pub(crate) fn modes(config: &Config) -> List {
    let rows: Vec<ModeRow<'_>> = config.modes.values().map(ModeRow).collect();
    list("modes", &rows)
}

/// These tests.
pub(crate) fn tests(rows: &[TestRow]) -> List {
    list("tests", rows)
}

/// Which layers a mode means, in words.
pub(crate) fn layer_selection(selection: &LayerSelection) -> String {
    match selection {
        LayerSelection::None => "-".to_owned(),
        LayerSelection::All => "all".to_owned(),
        LayerSelection::Foreground => "all in the foreground".to_owned(),
        LayerSelection::Background => "all in the background".to_owned(),
        LayerSelection::FirstForeground(1) => "the first".to_owned(),
        LayerSelection::FirstForeground(count) => format!("the first {count}"),
        LayerSelection::Named(layers) => names(layers),
    }
}

fn names<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> String {
    list.into_iter().map(|name| name.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}
