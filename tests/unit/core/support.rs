//! Configurations from YAML texts, without any file.

use std::collections::BTreeMap;

use apex_config::{Config, Document, Documents, Overlay, Surroundings, load_documents};

/// The configuration of a native layer file; `body` follows its first line.
#[track_caller]
pub(super) fn config(body: &str) -> Config {
    config_in(None, body)
}

/// The same for an environment.
#[track_caller]
pub(super) fn config_in(environment: Option<&str>, body: &str) -> Config {
    let text = format!("apex: 1\n{body}");
    let mut documents = Documents::default();
    documents.layer_file = Some(Document::new("apex.yaml", &text));
    let variables = BTreeMap::new();
    let surroundings =
        Surroundings { environment, variables: &variables, today: None, flags: Overlay::flags() };
    match load_documents(&documents, surroundings) {
        Ok(resolved) => resolved.config,
        Err(failure) => panic!("{:#?}", failure.problems),
    }
}
