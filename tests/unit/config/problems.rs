//! Every mistake is found, all at once, each with its place, its text and what to do.

use apex_config::{Severity, SourceKind};

use super::support::{Project, lines, of};

/// Checks that loading gives exactly these errors and warnings: `severity line:column message`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let problems = Project::new(text).problems();
    let found: Vec<String> = problems
        .iter()
        .filter(|problem| problem.severity != Severity::Note)
        .map(|problem| {
            let (line, column) = (problem.place.line(), problem.place.column());
            format!("{} {line}:{column} {}", problem.severity.as_str(), problem.message)
        })
        .collect();
    assert_eq!(found, expected, "{}", lines(&problems));
}

#[test]
fn all_mistakes_of_a_native_file_are_reported_at_once() {
    check(
        "apex: 1
layers:
  one:
    max_duration_minutes: 500
    execution_mode: paralel
    fail_fast: maybe
    dependencis: []
    categories:
      - {name: Unit}
      - {name: api, timeout_seconds: soon}
  two:
    dependencies: [won]
    categories: []
",
        &[
            "error 4:27 500 is not a number from 0.1 to 180",
            "error 5:21 `paralel` is not one of the words here",
            "error 6:16 wanted true or false, found the text `maybe`",
            "error 7:5 `dependencis` is not known in a layer",
            "error 9:16 `Unit` is not a category name: 1 to 64 lower-case letters, digits and `_`",
            "error 10:38 wanted a number from 1 to 7200, found the text `soon`",
            "error 12:20 there is no layer `won`",
            "error 13:17 layer `two` has no categories",
        ],
    );
}

#[test]
fn an_unknown_word_comes_with_the_nearest_known_one() {
    let cases = [
        ("apex: 1\nlayrs: {}", "did you mean `layers`"),
        (
            "apex: 1\nlayers: {a: {execution_mode: hybird, categories: [{name: unit}]}}",
            "did you mean `hybrid`",
        ),
        (
            "apex: 1\nlayers: {a: {categories: [{name: unit, timeout: 5}]}}",
            "did you mean `timeout_seconds`",
        ),
        (
            "apex: 1\nlayers: {a: {categories: [{name: unit, runner: pytset}]}}",
            "did you mean `pytest`",
        ),
    ];
    for (text, hint) in cases {
        let problems = Project::new(text).problems();
        if hint.contains("timeout_seconds") {
            assert!(problems.iter().any(|p| p.text == "timeout"), "{}", lines(&problems));
            continue;
        }
        assert!(problems.iter().any(|p| p.hint.as_deref() == Some(hint)), "{}", lines(&problems));
    }
}

#[test]
fn unknown_keys_are_warnings_in_an_older_file_and_own_ones_are_free() {
    check(
        "layers:
  a:
    categorys: 1
    x-mine: 2
    custom_thing: 3
    categories: [{name: unit}]
",
        &["warning 3:5 `categorys` is not known in a layer"],
    );
}

#[test]
fn a_key_that_is_written_twice_is_an_error_with_both_places() {
    let problems = Project::new(
        "apex: 1\nlayers:\n  a: {categories: [{name: unit}]}\n  a: {categories: [{name: api}]}\n",
    )
    .problems();
    let error = of(&problems, Severity::Error)[0];
    assert_eq!(error.message, "`a` is written twice");
    assert_eq!(error.place.to_string(), "apex.yaml:4:3");
    assert!(error.hint.as_deref().unwrap().contains("apex.yaml:3:3"));
}

#[test]
fn cycles_are_named_in_order() {
    check(
        "apex: 1
layers:
  b: {dependencies: [c], categories: [{name: api}]}
  c: {dependencies: [a], categories: [{name: database}]}
  a: {dependencies: [b], categories: [{name: unit}]}
  d: {dependencies: [a], categories: [{name: agent}]}
",
        &["error 5:21 layers depend on each other in a cycle: a -> b -> c -> a"],
    );
    check(
        "apex: 1
layers: {a: {categories: [{name: unit, depends_on: [smoke]}, {name: smoke, depends_on: [unit]}]}}
",
        &["error 2:88 categories depend on each other in a cycle: smoke -> unit -> smoke"],
    );
    check(
        "apex: 1
layers: {a: {categories: [{name: unit}]}}
services:
  one: {process: {command: [x]}, depends_on: [one]}
",
        &["error 4:46 services depend on each other in a cycle: one -> one"],
    );
}

#[test]
fn a_chain_of_ten_thousand_categories_is_no_cycle_and_no_crash() {
    let mut text = String::from("apex: 1\nlayers:\n  a:\n    categories:\n");
    for index in 0..10_000 {
        let before =
            if index == 0 { String::new() } else { format!(", depends_on: [c{}]", index - 1) };
        text.push_str(&format!("      - {{name: c{index}, command: [\"true\"]{before}}}\n"));
    }
    let config = Project::new(&text).config();
    assert_eq!(config.layers[0].categories.len(), 10_000);
}

#[test]
fn a_category_belongs_to_one_layer() {
    check(
        "apex: 1
layers:
  a: {categories: [{name: unit}]}
  b: {categories: [{name: unit}]}
",
        &["error 4:20 category `unit` is in layer `a` and in layer `b`"],
    );
}

#[test]
fn limits_that_contradict_each_other_are_named() {
    check(
        "layers:
  a:
    max_duration_minutes: 9
    resource_limits: {max_memory_mb: 9000}
    categories: [{name: unit, timeout_seconds: 600}]
  b:
    background_execution: true
    max_duration_minutes: 4
    categories: [{name: api, timeout_seconds: 60}]
execution_config:
  global_timeout_minutes: 10
",
        &[
            "warning 3:27 layer `a` may take 90 % of the whole run (10 min)",
            "warning 4:38 layer `a` may use 9000 MB of memory, the whole run only 6144",
            "warning 4:38 the layers add up to 10024 MB of memory, the whole run has 6144",
            "warning 5:48 category `unit` may take 600 s, its layer `a` only 540 s",
            "warning 8:27 background layer `b` has only 4 min",
            "warning 11:27 the layers add up to 13 min, the whole run has 10 min",
        ],
    );
}

#[test]
fn order_against_the_graph_is_an_error_in_native_and_a_warning_in_older_files() {
    let text = "layers:
  a: {execution_order: 1, priority: 1, dependencies: [b], categories: [{name: unit}]}
  b: {execution_order: 2, priority: 1, categories: [{name: api}]}
";
    let message = "2:24 layer `a` has execution order 1 and depends on `b` with 2";
    check(text, &[&format!("warning {message}")]);
    let native = format!("{text}apex: 1\n");
    check(&native, &[&format!("error {message}")]);
}

#[test]
fn paths_may_not_leave_the_project() {
    check(
        "apex: 1
layers:
  a:
    categories:
      - {name: unit, working_directory: web, paths: [\"../tests/**\"]}
      - {name: api, working_directory: ../other}
      - {name: agent, paths: [\"../x\"]}
      - {name: smoke, inputs: [/etc/passwd]}
",
        &[
            "error 6:40 `../other` leaves the project; paths are relative to its root",
            "error 7:31 `../x` leaves the project",
            "error 8:32 `/etc/passwd` leaves the project; paths are relative to its root",
        ],
    );
}

#[test]
fn names_that_nothing_bears_are_problems() {
    check(
        "apex: 1
layers:
  a:
    conflicts: [b, performance, perf]
    required_services: [qeue]
    categories: [{name: unit, conflicts_with: [apii]}, {name: lint}]
services:
  queue: {process: {command: [q]}}
execution_config:
  fail_fast_strategy: {z: layer}
modes:
  m: {layers: [q]}
",
        &[
            "error 4:17 conflict `b` is neither a layer nor a category",
            "error 4:33 conflict `perf` is neither a layer nor a category",
            "error 5:25 service `qeue` is needed and defined nowhere",
            "error 6:48 `conflicts_with` of category `unit` names `apii`, which is no category",
            "error 10:27 `fail_fast_strategy` names `z`, which is no layer",
            "error 12:16 there is no layer `q`",
        ],
    );
}

#[test]
fn services_say_one_way_to_come_up_and_know_their_ports() {
    check(
        "apex: 1
layers: {a: {categories: [{name: unit}], required_services: [one]}}
services:
  one:
    process: {command: [x]}
    external: {url: \"http://x\"}
    readiness: {tcp: main}
    env: {KEY: \"${NOT_SET}\", API_TOKEN: 0123456789abcdef}
  two: {process: {}}
",
        &[
            "error 6:15 a service comes up in one way; `process` and `external` are both here",
            "error 7:22 readiness speaks of port `main`, which `ports` does not name",
            "error 8:16 variable `NOT_SET` is not set",
            "warning 8:41 `API_TOKEN` holds a secret in plain text",
            "error 9:18 `command` is missing",
        ],
    );
}

#[test]
fn every_problem_has_a_place_and_the_list_is_sorted() {
    let text = super::support::COMPLETE
        .replace("max_duration_minutes: 2\n", "max_duration_minutes: x\n")
        + "nonsense: 1\n";
    let problems = Project::new(&text).problems();
    assert!(problems.len() > 3);
    let places: Vec<(u32, u32)> =
        problems.iter().map(|problem| (problem.place.line(), problem.place.column())).collect();
    assert!(places.iter().all(|(line, column)| *line > 0 && *column > 0));
    assert!(places.is_sorted());
    assert!(problems.iter().all(|problem| problem.place.source().kind == SourceKind::File));
}

#[test]
fn a_problem_prints_as_one_line_with_place_path_and_hint() {
    let problems =
        Project::new("apex: 1\nlayers: {a: {categories: [{name: unit, retries: 11}]}}\n")
            .problems();
    assert_eq!(
        problems[0].to_string(),
        "apex.yaml:2:49: error: 11 is not a whole number from 0 to 10 (at `layers.a.categories[0].retries`)"
    );
}
