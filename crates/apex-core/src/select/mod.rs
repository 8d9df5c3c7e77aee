//! Selection: which layers and categories a request means, and why.
//!
//! It knows names and their relations, not tests: whether a category has any is found out later
//! and elsewhere.

mod categories;
mod layers;

use std::collections::BTreeMap;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::{CategoryName, FailFast, LayerId, ModeName};

use crate::plan::LeftOut;

/// What a user asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Which part of the configuration.
    pub target: Target,
    /// Whether layers and categories that the selected ones depend on are added.
    pub with_dependencies: bool,
    /// What a failure stops, in place of each layer's own rule.
    pub fail_fast: Option<FailFast>,
    /// Jobs at the same time, in place of a number that follows the machine.
    pub jobs: Option<u32>,
    /// Processors of the machine: with them, and without `jobs`, the number of jobs at the same
    /// time begins there and grows up to the configured one while the machine has room.
    pub cores: Option<u32>,
    /// Limit for the run, in place of the mode's.
    pub budget: Option<Duration>,
    /// Whether background layers are left to somebody else.
    pub leaves_background: bool,
    /// Whether several machines make the same plan at about the same time: then the present
    /// counts as the end of its day (UTC), so that all come to the same answer.
    pub by_the_day: bool,
}

impl Request {
    /// A request for a target, with everything else as configured.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            with_dependencies: true,
            fail_fast: None,
            jobs: None,
            cores: None,
            budget: None,
            leaves_background: false,
            by_the_day: false,
        }
    }
}

/// Which part of the configuration a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The layers of a mode.
    Mode(String),
    /// These layers.
    Layers(Vec<String>),
    /// These categories or named sets of categories.
    Categories(Vec<String>),
    /// The categories that own the tests under these paths; the paths replace theirs.
    Paths(BTreeMap<CategoryName, Vec<String>>),
}

/// A word of a request that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{word}`")]
pub struct UnknownName {
    /// What it should have named: `mode`, `layer` or `category`.
    pub what: &'static str,
    /// The word.
    pub word: String,
    /// The nearest word that names something.
    pub nearest: Option<String>,
    /// Every word that would have done, in the order of the configuration.
    pub known: Vec<String>,
}

impl UnknownName {
    fn new<'a>(
        what: &'static str,
        word: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let nearest = apex_config::nearest(word, known.clone()).map(str::to_owned);
        let known = known.map(str::to_owned).collect();
        Self { what, word: word.to_owned(), nearest, known }
    }
}

/// What a request means.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The mode, when layers run by a mode.
    pub mode: Option<ModeName>,
    /// What the user typed.
    pub selectors: Vec<String>,
    /// How the selected categories are arranged.
    pub arrangement: Arrangement,
    /// Limit for the run.
    pub budget: Option<Duration>,
    /// Factor on layer budgets and category timeouts.
    pub timeout_multiplier: f64,
    /// What a failure stops, in place of each layer's own rule.
    pub fail_fast: Option<FailFast>,
    /// Jobs at the same time, at first and at least.
    pub slots: u32,
    /// Jobs at the same time at most.
    pub slots_up_to: u32,
    /// What was considered and does not run.
    pub left_out: Vec<LeftOut>,
    /// Background layers that are left to somebody else.
    pub handed_over: Vec<LayerId>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// How selected categories are arranged.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrangement {
    /// In their layers.
    Layers(Vec<SelectedLayer>),
    /// By their own dependencies, without layers.
    Categories(Vec<SelectedCategory>),
}

/// A selected layer, with all its categories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedLayer {
    /// The layer.
    pub id: LayerId,
    /// Why.
    pub reason: String,
    /// Whether it runs behind the others.
    pub background: bool,
    /// Whether it starts without waiting for the layers it depends on.
    pub waives_dependencies: bool,
}

/// A category that was selected by name or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedCategory {
    /// The category.
    pub name: CategoryName,
    /// Why.
    pub reason: String,
    /// Whether the user asked for it.
    pub requested: bool,
    /// Whether the user named it without any filter.
    pub named: bool,
}

/// Finds out what a request means.
///
/// # Errors
/// The first word of the request that names nothing.
pub fn select(config: &Config, request: &Request) -> Result<Selection, UnknownName> {
    match &request.target {
        Target::Mode(mode) => layers::by_mode(config, request, mode),
        Target::Layers(names) => layers::by_name(config, request, names),
        Target::Categories(names) => categories::by_name(config, request, names),
        Target::Paths(owners) => Ok(categories::by_path(config, request, owners)),
    }
}

impl Selection {
    /// A selection of nothing, with what holds for every run of this configuration.
    fn of(config: &Config, request: &Request, arrangement: Arrangement) -> Self {
        let most = config.execution.max_parallel;
        Self {
            mode: None,
            selectors: Vec::new(),
            arrangement,
            budget: request.budget,
            timeout_multiplier: 1.0,
            fail_fast: request.fail_fast,
            slots: request.jobs.unwrap_or_else(|| request.cores.map_or(most, |it| it.min(most))),
            slots_up_to: request.jobs.unwrap_or(most),
            left_out: Vec::new(),
            handed_over: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The names of the selected categories, in order.
    #[must_use]
    pub fn categories<'a>(&'a self, config: &'a Config) -> Vec<&'a CategoryName> {
        match &self.arrangement {
            Arrangement::Layers(layers) => layers
                .iter()
                .filter_map(|layer| config.layers.get(&layer.id))
                .flat_map(|layer| layer.categories.iter().map(|category| &category.name))
                .collect(),
            Arrangement::Categories(categories) => {
                categories.iter().map(|category| &category.name).collect()
            }
        }
    }
}
