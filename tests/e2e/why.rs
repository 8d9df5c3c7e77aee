//! `apex why`: what a stranger is told about a test, a file, a category.

use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use serde_json::Value;

/// The shop after two runs, in the second of which a test passed only when it was tried again and
/// another one failed both times.
fn taught_shop() -> Option<Project> {
    tool("python3")?;
    let shop = Project::copy_of("examples/shop");
    shop.write("tests/unit/test_extra.py", EXTRA);
    for set in ["", "1"] {
        let mut run = shop.apex(&["run", "--categories", "smoke", "unit"]);
        run.env("SHOP_FLAKY", set);
        let code = finish(run).status.code();
        assert_eq!(code, Some(i32::from(!set.is_empty())), "the second run fails");
    }
    Some(shop)
}

const EXTRA: &str = "\
import os
import unittest


class Extra(unittest.TestCase):
    def test_that_fails_with_the_switch(self):
        self.assertFalse(os.environ.get('SHOP_FLAKY'), 'the switch is on')

    def test_that_holds(self):
        pass
";

fn why(shop: &Project, arguments: &[&str]) -> String {
    let line: Vec<&str> = ["why"].iter().chain(arguments).copied().collect();
    let answer = shop.run(&line);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    answer.stdout
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_failed_test_is_told_why_it_comes_first_and_what_it_said() {
    let Some(shop) = taught_shop() else { return };
    let text = why(&shop, &["fails_with_the_switch"]);
    says(
        &text,
        &[
            "test tests.unit.test_extra.Extra.test_that_fails_with_the_switch  (category unit)",
            "it would run: unit is part of layer fast_feedback; layer fast_feedback is in the plan: mode development",
            "its job is number 1 of 3 of its layer: first because tests.unit.test_extra.Extra.test_that_fails_with_the_switch failed in its last run",
            "found by paths tests/unit; expected to take, start included, ",
            "a bad attempt is repeated once, after the first attempts of its layer, alone in its category",
            "from 2 runs",
            "failed in the latest run (",
            "failed: attempt 1 failed",
            "; attempt 2 failed",
            "the switch is on",
            "unit: failed: 1 test did not pass",
        ],
    );
    let last = shop.last_run();
    let run = last.file_name().unwrap().to_str().unwrap();
    says(&text, &[&format!("run {run} of ")]);
}

#[test]
fn a_flaky_test_is_told_how_flaky_and_an_earlier_run_can_be_asked() {
    let Some(shop) = taught_shop() else { return };
    let text = why(&shop, &["second_attempt"]);
    says(&text, &["flaky: attempt 1 failed", "; attempt 2 passed", "it failed and passed on"]);
    let first = shop.runs()[0].clone();
    let first = first.file_name().unwrap().to_str().unwrap();
    let text = why(&shop, &["second_attempt", "--run", first]);
    says(&text, &[&format!("run {first} of "), "  outcome   skipped"]);
}

#[test]
fn a_part_of_a_name_means_a_file_and_a_category_its_tests() {
    let Some(shop) = taught_shop() else { return };
    let text = why(&shop, &["cart"]);
    says(&text, &["file tests/unit/test_cart.py  (category unit)", "6 known tests", "6 passed"]);
    let text = why(&shop, &["unit"]);
    says(&text, &["category unit\n", "1 failed", "Extra.test_that_fails_with_the_switch: failed"]);
    let text = why(&shop, &["tests/api/test_routes.py"]);
    says(&text, &["(category api)", "no run knows it yet"]);
}

#[test]
fn what_is_not_in_the_plan_is_told_where_it_would_be() {
    let Some(shop) = taught_shop() else { return };
    let text = why(&shop, &["e2e"]);
    says(
        &text,
        &["it would not run: mode development does not hold e2e", "it runs in mode nightly"],
    );
    let text = why(&shop, &["e2e", "--mode", "nightly"]);
    says(&text, &["it would run: e2e is part of layer e2e_background"]);
}

#[test]
fn several_names_are_listed_and_for_none_the_nearest_are_offered() {
    let Some(shop) = taught_shop() else { return };
    let answer = shop.run(&["why", "test_that"]);
    assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
    says(&answer.stderr, &["`test_that` means ", "test_that_holds  (category unit)"]);
    let answer = shop.run(&["why", "untit"]);
    assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
    says(&answer.stderr, &["no test, file or category has `untit`", "did you mean `unit`?"]);
    let answer = shop.run(&["why", "unit", "--run", "never"]);
    assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
    says(&answer.stderr, &["there is no record of a run `never`", "the latest is "]);
}

#[test]
fn programs_get_the_same_as_fields() {
    let Some(shop) = taught_shop() else { return };
    let document: Value =
        serde_json::from_str(&why(&shop, &["fails_with_the_switch", "--json"])).unwrap();
    assert_eq!(document["schema"], "apex.why/1");
    let answer = &document["answers"][0];
    assert_eq!(answer["kind"], "test");
    assert_eq!(answer["plan"]["state"], "planned");
    assert_eq!(answer["jobs"][0]["place"], 1);
    assert_eq!(answer["retries"]["most"], 1);
    assert_eq!(answer["history"]["latest"]["outcome"], "failed");
    let test = &answer["run"]["tests"][0];
    assert_eq!(test["outcome"], "failed");
    assert_eq!(test["attempts"].as_array().map(Vec::len), Some(2));
}
