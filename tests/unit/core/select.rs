//! What requests mean: which layers and categories, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::CategoryName;
use apex_core::select::{Arrangement, Request, Selection, Target, select};

use super::support::config;

const LAYERS: &str = "
layers:
  quick:
    name: Quick
    categories: [{name: unit}, {name: smoke}]
  middle:
    name: Middle
    dependencies: [quick]
    categories: [{name: api, depends_on: [unit]}]
  slow:
    name: Slow
    background_execution: true
    dependencies: [middle]
    categories: [{name: e2e, depends_on: [api]}]
sets:
  core: [unit, api]
modes:
  careful:
    layers: [middle]
    timeout_multiplier: 2
    max_duration_minutes: 10
";

fn asked(config: &Config, target: Target) -> Selection {
    select(config, &Request::new(target)).unwrap()
}

/// Name and reason of everything that was selected.
fn reasons(selection: &Selection) -> Vec<(String, String)> {
    match &selection.arrangement {
        Arrangement::Layers(layers) => {
            layers.iter().map(|layer| (layer.id.to_string(), layer.reason.clone())).collect()
        }
        Arrangement::Categories(categories) => {
            let each = categories.iter();
            each.map(|category| (category.name.to_string(), category.reason.clone())).collect()
        }
    }
}

#[track_caller]
fn check(target: Target, expected: &[(&str, &str)]) {
    let selection = asked(&config(LAYERS), target.clone());
    let expected: Vec<(String, String)> =
        expected.iter().map(|(name, why)| ((*name).to_owned(), (*why).to_owned())).collect();
    assert_eq!(reasons(&selection), expected, "{target:?}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn mode(name: &str) -> Target {
    Target::Mode(name.to_owned())
}

#[test]
fn a_mode_means_its_layers_and_those_they_depend_on() {
    check(mode("fast_feedback"), &[("quick", "mode fast_feedback")]);
    check(mode("ci"), &[("quick", "mode ci"), ("middle", "mode ci")]);
    check(mode("careful"), &[("middle", "mode careful"), ("quick", "middle depends on it")]);
    check(
        mode("nightly"),
        &[("quick", "mode nightly"), ("middle", "mode nightly"), ("slow", "mode nightly")],
    );
}

#[test]
fn a_mode_of_the_background_waives_what_comes_before() {
    check(mode("background"), &[("slow", "mode background")]);
    let selection = asked(&config(LAYERS), mode("background"));
    let Arrangement::Layers(layers) = &selection.arrangement else { panic!("{selection:?}") };
    assert!(layers[0].background && layers[0].waives_dependencies);
    assert_eq!(selection.notes.len(), 1, "{:?}", selection.notes);
}

#[test]
fn a_mode_brings_its_budget_and_its_factor() {
    let config = config(LAYERS);
    let selection = asked(&config, mode("careful"));
    assert_eq!(selection.budget, Some(Duration::from_secs(600)));
    assert!((selection.timeout_multiplier - 2.0).abs() < f64::EPSILON);
    let request = Request { budget: Some(Duration::from_secs(7)), ..Request::new(mode("careful")) };
    assert_eq!(select(&config, &request).unwrap().budget, Some(Duration::from_secs(7)));
}

#[test]
fn what_a_mode_leaves_out_is_said() {
    let selection = asked(&config(LAYERS), mode("fast_feedback"));
    let left_out: Vec<&str> = selection.left_out.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(left_out, ["middle", "slow"]);
    assert!(selection.left_out.iter().all(|one| one.reason == "not part of mode fast_feedback"));
}

#[test]
fn layers_by_name_come_with_those_before_them_unless_refused() {
    let target = Target::Layers(words(&["middle", "middle"]));
    check(target.clone(), &[("middle", "asked for by name"), ("quick", "middle depends on it")]);
    let alone = Request { with_dependencies: false, ..Request::new(target) };
    let selection = select(&config(LAYERS), &alone).unwrap();
    assert_eq!(reasons(&selection), [("middle".to_owned(), "asked for by name".to_owned())]);
}

#[test]
fn categories_are_found_by_name_set_and_loose_spelling() {
    check(Target::Categories(words(&["unit"])), &[("unit", "asked for by name")]);
    check(Target::Categories(words(&["UNIT"])), &[("unit", "asked for by name")]);
    check(
        Target::Categories(words(&["core"])),
        &[("unit", "part of core"), ("api", "part of core")],
    );
    check(
        Target::Categories(words(&["e2e"])),
        &[
            ("e2e", "asked for by name"),
            ("api", "e2e depends on it"),
            ("unit", "api depends on it"),
        ],
    );
}

#[test]
fn a_category_that_was_added_and_then_named_counts_as_named() {
    let selection = asked(&config(LAYERS), Target::Categories(words(&["api", "unit"])));
    let Arrangement::Categories(chosen) = &selection.arrangement else { panic!("{selection:?}") };
    assert!(chosen.iter().all(|one| one.requested && one.named), "{chosen:?}");
    let selection = asked(&config(LAYERS), Target::Categories(words(&["api"])));
    let Arrangement::Categories(chosen) = &selection.arrangement else { panic!("{selection:?}") };
    assert!(!chosen[1].requested && !chosen[1].named, "{chosen:?}");
}

#[test]
fn paths_select_their_owner_and_nothing_else() {
    let owner = CategoryName::new("e2e").unwrap();
    let owners = BTreeMap::from([(owner, words(&["tests/e2e/test_a.py"]))]);
    check(Target::Paths(owners), &[("e2e", "owns tests/e2e/test_a.py")]);
}

#[test]
fn unknown_words_name_what_was_probably_meant() {
    for (target, what, word, nearest) in [
        (mode("nightley"), "mode", "nightley", Some("nightly")),
        (Target::Layers(words(&["quick", "quik"])), "layer", "quik", Some("quick")),
        (Target::Categories(words(&["unitt"])), "category", "unitt", Some("unit")),
        (Target::Layers(words(&["zzzzzzzz"])), "layer", "zzzzzzzz", None),
    ] {
        let unknown = select(&config(LAYERS), &Request::new(target)).unwrap_err();
        assert_eq!((unknown.what, unknown.word.as_str()), (what, word));
        assert_eq!(unknown.nearest.as_deref(), nearest, "{word}");
        assert!(!unknown.known.is_empty());
    }
}
