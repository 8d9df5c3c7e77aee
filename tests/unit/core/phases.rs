//! Phases of categories that are planned without layers, against a table of known plans.

use std::collections::BTreeMap;
use std::path::Path;

use apex_config::model::Category;
use apex_config::{Config, LoadRequest, Overlay};
use apex_core::plan::phases;
use apex_core::select::{Request, Target, select};
use apex_tests::random::Random;

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
    // In the order of the file: what was asked for first must not matter.
    let names = selection.categories(config);
    let in_file = config.categories.values().filter(|category| names.contains(&&category.name));
    let chosen: Vec<&Category> = in_file.map(|category| &**category).collect();
    let sequence = phases::order(&chosen).expect("no cycle");
    let phases = phases::phases(&chosen, &sequence, width);
    let names = |phase: Vec<usize>| {
        phase.into_iter().map(|at| chosen[at].name.as_str()).collect::<Vec<_>>().join(" ")
    };
    phases.into_iter().map(names).collect::<Vec<_>>().join(" | ")
}

/// Every known plan that this configuration does not make, and how many there are.
fn wrong_plans(config: &Config, told: &str) -> (Vec<String>, usize) {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let [words, dependencies, width, expected] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a row has four columns: {row}");
        };
        let width = width.parse().expect("a number");
        let made = planned(config, words, dependencies == "added", width);
        if made != expected {
            wrong
                .push(format!("{told} {words} ({dependencies}, {width}):\n  {made}\n  {expected}"));
        }
        rows += 1;
    }
    (wrong, rows)
}

#[test]
fn every_known_plan_of_categories_is_made_again() {
    let (wrong, rows) = wrong_plans(&built_in(), "");
    assert!(rows > 40, "only {rows} rows");
    assert!(wrong.is_empty(), "made, expected:\n{}", wrong.join("\n"));
}

#[test]
fn the_order_of_categories_in_the_file_changes_no_plan() {
    const ORDERS: u64 = 100;
    let usual = built_in();
    let mut orders = std::collections::BTreeSet::new();
    for seed in 0..ORDERS {
        let mut random = Random::new(seed);
        let mut categories: Vec<_> = usual.categories.clone().into_iter().collect();
        for at in (1..categories.len()).rev() {
            categories.swap(at, random.within(0, at as u64) as usize);
        }
        orders.insert(categories.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>());
        let mut config = usual.clone();
        config.categories = categories.into_iter().collect();
        let (wrong, _) = wrong_plans(&config, &format!("order {seed}:"));
        assert!(wrong.is_empty(), "made, expected:\n{}", wrong.join("\n"));
    }
    assert_eq!(orders.len() as u64, ORDERS, "every order is another one");
}
