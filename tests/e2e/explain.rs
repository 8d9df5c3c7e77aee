//! `apex explain`: facts, who set them, and reasons, for people and as `apex.explain/1`.

use apex_tests::project::Project;
use serde_json::{Value, json};

const LAYERS: &str = "\
apex: 1
layers:
  quick:
    max_duration_minutes: 3
    fail_fast: true
    categories:
      - {name: lint, command: [make, lint], retries: 2, depends_on: [unit]}
      - name: unit
        timeout_seconds: 90
  late:
    dependencies: [quick]
    background_execution: true
    categories: [{name: load, command: [make, load]}]
categories:
  lint: {summary: Style and types, priority: high}
modes:
  release: {layers: [late], max_duration_minutes: 7}
  quick: {layers: [quick]}
";

fn project() -> Project {
    Project::new(&[("apex.yaml", LAYERS), ("tests/unit/test_a.py", "import unittest\n")])
}

/// The explanations of a subject.
#[track_caller]
fn explained(arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["explain", "--json"], arguments].concat();
    let answer = project().run(&arguments);
    assert_eq!(answer.status.code(), Some(0), "{arguments:?}: {}", answer.stderr);
    let value: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(value["schema"], "apex.explain/1");
    value["explanations"].as_array().expect("explanations").clone()
}

/// Compares value, and file with line, of facts.
#[track_caller]
fn check(explanation: &Value, facts: &[(&str, Value, &str)]) {
    for (field, value, place) in facts {
        let fact = &explanation["facts"][field];
        assert_eq!(&fact["value"], value, "{field}: {explanation:#}");
        assert!(fact["text"].is_string(), "{field}: {explanation:#}");
        match *place {
            "" => assert!(fact["origin"].is_null(), "{field}: {explanation:#}"),
            place => assert_eq!(fact["origin"]["place"], place, "{field}: {explanation:#}"),
        }
    }
}

#[test]
fn a_category_is_explained_by_its_facts_with_who_set_them_and_its_work() {
    let all = explained(&["lint"]);
    assert_eq!(all.len(), 1);
    let lint = &all[0];
    assert_eq!((&lint["kind"], &lint["name"]), (&json!("category"), &json!("lint")));
    assert_eq!(lint["origin"]["place"], "apex.yaml:7:9");
    check(
        lint,
        &[
            ("summary", json!("Style and types"), "apex.yaml:15:19"),
            ("priority", json!("high"), "apex.yaml:15:46"),
            ("layer", json!("quick"), ""),
            ("retries", json!(2), "apex.yaml:7:54"),
            ("depends_on", json!(["unit"]), "apex.yaml:7:69"),
            ("timeout_seconds", json!(300.0), "default"),
            (
                "modes",
                json!([
                    "fast_feedback",
                    "commit",
                    "development",
                    "ci",
                    "nightly",
                    "weekend",
                    "hybrid",
                    "release",
                    "quick"
                ]),
                "",
            ),
        ],
    );
    let origin = &lint["facts"]["retries"]["origin"];
    let wanted = json!({"kind": "file", "place": "apex.yaml:7:54", "source": "apex.yaml", "line": 7, "column": 54});
    assert_eq!(*origin, wanted);
    assert_eq!(lint["reasons"], json!(["layer quick lists it at apex.yaml:7:9"]));
    assert_eq!(lint["work"]["state"], "jobs");
    let job = &lint["work"]["jobs"][0];
    assert_eq!((&job["command"], &job["runner"]), (&json!(["make", "lint"]), &json!("command")));
    assert_eq!(job["reason"], "command of the layer file");
}

#[test]
fn a_name_that_layer_and_mode_share_is_explained_twice() {
    let all = explained(&["quick"]);
    let kinds: Vec<&Value> = all.iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["layer", "mode"]);
    check(
        &all[0],
        &[
            ("budget_seconds", json!(180.0), "apex.yaml:4:27"),
            ("fail_fast", json!("immediate"), "apex.yaml:5:16"),
            ("categories", json!(["lint", "unit"]), "apex.yaml:7:7"),
            ("dependencies", json!([]), "default"),
        ],
    );
    check(&all[1], &[("layers", json!(["quick"]), "apex.yaml:18:19")]);
}

#[test]
fn modes_say_which_layers_they_run_and_why() {
    let release = &explained(&["release"])[0];
    assert_eq!(release["origin"]["place"], "apex.yaml:17:3");
    check(release, &[("budget_seconds", json!(420.0), "apex.yaml:17:51")]);
    let reasons = release["reasons"].as_array().expect("reasons");
    assert!(reasons.contains(&json!("layer late: mode release")), "{release:#}");
    assert!(
        reasons.iter().any(|one| one
            .as_str()
            .is_some_and(|one| one.starts_with("layer quick: ") && one.contains("late"))),
        "{release:#}"
    );
    let nightly = &explained(&["nightly"])[0];
    assert_eq!(nightly["origin"]["kind"], "built_in");
    check(nightly, &[("wait", json!(true), "built-in modes")]);
}

#[test]
fn a_test_is_explained_by_who_runs_it_and_why() {
    let all = explained(&["tests/unit/test_a.py"]);
    let kinds: Vec<&Value> = all.iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["test", "category"]);
    check(&all[0], &[("categories", json!(["unit"]), "")]);
    let reason = all[0]["reasons"][0].as_str().expect("a reason");
    assert!(reason.starts_with("category unit covers it most closely, found by: "), "{reason}");
    check(&all[1], &[("timeout_seconds", json!(90.0), "apex.yaml:9:26")]);
    let command = all[1]["work"]["jobs"][0]["command"].as_array().expect("a command");
    assert_eq!(command.last().expect("a path"), "tests/unit/test_a.py");
}

#[test]
fn exit_codes_are_explained_one_or_all() {
    let one = explained(&["exit", "4"]);
    assert_eq!((one.len(), &one[0]["kind"]), (1, &json!("exit_code")));
    check(
        &one[0],
        &[("code", json!(4), ""), ("meaning", json!("nothing was selected, or nothing ran"), "")],
    );
    let all = explained(&["exit"]);
    let names: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "130"]);
}

#[test]
fn the_page_says_the_same_with_places_behind_what_somebody_set() {
    let answer = project().run(&["explain", "unit"]);
    for line in [
        "category unit  (apex.yaml:8:9)",
        "  time limit    1 min 30 s  (apex.yaml:9:26)",
        "  shards        where it is safe",
        "  layer quick lists it at apex.yaml:8:9",
    ] {
        assert!(answer.stdout.lines().any(|one| one == line), "`{line}`:\n{}", answer.stdout);
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_ones() {
    for (word, hint) in [
        ("loat", "hint: did you mean `load` or `lint` or `late`?"),
        ("quik", "hint: did you mean `quick`?"),
        ("zzzzzzzz", "hint: `apex list categories`, `apex list layers`"),
    ] {
        for form in [&["explain", word][..], &["explain", word, "--json"]] {
            let answer = project().run(form);
            assert_eq!((answer.status.code(), answer.stdout.as_str()), (Some(2), ""), "{word}");
            let said = &answer.stderr;
            assert!(said.contains("is no category, layer, mode or path"), "{said}");
            assert!(said.contains(hint), "`{hint}`: {said}");
        }
    }
}
