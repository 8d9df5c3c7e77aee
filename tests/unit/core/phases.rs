//! Phases of categories that are planned without layers, against a table of known plans.

use std::collections::BTreeMap;
use std::path::Path;

use apex_config::model::Category;
use apex_config::{Config, LoadRequest, Overlay};
use apex_core::plan::phases;
use apex_core::select::{Request, Target, select};

const TABLE: &str = include_str!("../../fixtures/plans/phases.tsv");

/// The configuration of a project without any file.
fn built_in() -> Config {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root: &Path = folder.path();
    let variables = BTreeMap::new();
    let request = LoadRequest {
        project: Some(root),
        start: root,
        config: None,
        environment: None,
        variables: &variables,
        today: None,
        flags: Overlay::flags(),
    };
    apex_config::load(&request).expect("the built-in configuration").config
}

/// `a b | c`: the members of each phase, in order.
fn planned(config: &Config, words: &str, with_dependencies: bool, width: usize) -> String {
    let words = words.split(' ').map(str::to_owned).collect();
    let request = Request { with_dependencies, ..Request::new(Target::Categories(words)) };
    let selection = select(config, &request).expect("known names");
    let chosen: Vec<&Category> =
        selection.categories(config).into_iter().map(|name| &*config.categories[name]).collect();
    let sequence = phases::order(&chosen).expect("no cycle");
    let phases = phases::phases(&chosen, &sequence, width);
    let names = |phase: Vec<usize>| {
        phase.into_iter().map(|at| chosen[at].name.as_str()).collect::<Vec<_>>().join(" ")
    };
    phases.into_iter().map(names).collect::<Vec<_>>().join(" | ")
}

#[test]
fn every_known_plan_of_categories_is_made_again() {
    let config = built_in();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let [words, dependencies, width, expected] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a row has four columns: {row}");
        };
        let width = width.parse().expect("a number");
        let made = planned(&config, words, dependencies == "added", width);
        if made != expected {
            wrong.push(format!("{words} ({dependencies}, {width}):\n  {made}\n  {expected}"));
        }
        rows += 1;
    }
    assert!(rows > 40, "only {rows} rows");
    assert!(wrong.is_empty(), "made, expected:\n{}", wrong.join("\n"));
}
