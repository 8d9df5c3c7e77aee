//! What `cargo nextest list --message-format json` writes: the tests that a run would report.
//!
//! It is asked for what did not run when the run is cut. An answer that is not understood, or none,
//! costs that knowledge and nothing else. Written after what nextest 0.9.143 prints.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Catalogue {
    rust_suites: BTreeMap<String, Suite>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Suite {
    package_name: String,
    binary_name: String,
    testcases: BTreeMap<String, Test>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Test {
    filter_match: Match,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Match {
    status: String,
    reason: String,
}

/// Ids of the tests that nextest runs or reports as ignored.
pub(super) fn ids(text: &str) -> Vec<String> {
    let Ok(catalogue) = serde_json::from_str::<Catalogue>(text) else { return Vec::new() };
    let suites = catalogue.rust_suites.into_values();
    suites
        .flat_map(|Suite { package_name, binary_name, testcases }| {
            let told = testcases.into_iter().filter(|(_, test)| is_told(&test.filter_match));
            told.map(|(name, _)| format!("{package_name}::{binary_name}${name}"))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn is_told(found: &Match) -> bool {
    found.status == "matches" || found.reason == "ignored"
}
