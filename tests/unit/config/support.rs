//! Loads texts and says what came of it.

use std::collections::BTreeMap;

use apex_config::model::{Category, CategoryName, Layer, LayerId};
use apex_config::{
    Config, Document, Documents, LoadFailure, Overlay, Problem, Resolved, Severity, Surroundings,
    load_documents,
};

/// A project in memory.
#[derive(Default)]
pub(crate) struct Project {
    pub(super) documents: Documents,
    pub(super) environment: Option<&'static str>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) flags: Option<Overlay>,
}

impl Project {
    pub(crate) fn new(layer_file: &str) -> Self {
        let mut project = Self::default();
        project.documents.layer_file = Some(Document::new("apex.yaml", layer_file));
        project
    }

    pub(super) fn environment(mut self, name: &'static str) -> Self {
        self.environment = Some(name);
        self
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn flags(mut self, flags: Overlay) -> Self {
        self.flags = Some(flags);
        self
    }

    pub(super) fn load(&self) -> Result<Resolved, LoadFailure> {
        let surroundings = Surroundings {
            environment: self.environment,
            variables: &self.variables,
            today: Some("2026-06-15"),
            flags: self.flags.clone().unwrap_or_else(Overlay::flags),
        };
        load_documents(&self.documents, surroundings)
    }

    #[track_caller]
    pub(crate) fn config(&self) -> Config {
        self.resolved().config
    }

    #[track_caller]
    pub(super) fn resolved(&self) -> Resolved {
        self.load().unwrap_or_else(|failure| panic!("{}", lines(&failure.problems)))
    }

    /// Errors, warnings and notes, whether the configuration is refused or not.
    pub(super) fn problems(&self) -> Vec<Problem> {
        match self.load() {
            Ok(resolved) => resolved.notes,
            Err(failure) => failure.problems,
        }
    }
}

pub(super) fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

pub(super) fn of(problems: &[Problem], severity: Severity) -> Vec<&Problem> {
    problems.iter().filter(|problem| problem.severity == severity).collect()
}

#[track_caller]
pub(super) fn layer<'c>(config: &'c Config, id: &str) -> &'c Layer {
    config.layers.get(&LayerId::new(id).unwrap()).unwrap_or_else(|| panic!("no layer {id}"))
}

#[track_caller]
pub(super) fn category<'c>(config: &'c Config, name: &str) -> &'c Category {
    let name = CategoryName::new(name).unwrap();
    config.categories.get(&name).unwrap_or_else(|| panic!("no category {name}"))
}

pub(super) fn minutes(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count * 60)
}

pub(super) fn seconds(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count)
}

pub(super) const COMPLETE: &str = include_str!("../../fixtures/config/complete.yaml");
pub(super) const MINIMAL: &str = include_str!("../../fixtures/config/minimal.yaml");
pub(super) const OLDER_V1: &str = include_str!("../../fixtures/config/older_v1.yaml");
