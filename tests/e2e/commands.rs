//! The commands that show and explain, for people and as JSON.

use apex_tests::project::Project;
use apex_tests::tool::tool;
use serde_json::Value;

fn shop() -> Project {
    Project::copy_of("examples/shop")
}

/// What a call prints on standard output; it must end with 0.
#[track_caller]
fn printed(project: &Project, arguments: &[&str]) -> String {
    let answer = project.run(arguments);
    assert_eq!(answer.status.code(), Some(0), "{arguments:?}: {}", answer.stderr);
    answer.stdout
}

#[track_caller]
fn json(project: &Project, arguments: &[&str]) -> Value {
    let text = printed(project, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

#[track_caller]
fn assert_holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_plan_says_what_would_run_and_why_and_runs_nothing() {
    let shop = shop();
    let text = printed(&shop, &["plan", "--mode", "nightly"]);
    assert_holds(
        &text,
        &[
            "Plan: mode nightly, environment test, 4 layers, 9 categories",
            "Phase 1  fast_feedback  (",
            "budget 2 min",
            "Phase 4  e2e_background  (",
            "in the background",
            "rust/pricing: cargo test",
            "[directory tests/database]",
            "backend_service  with layer core_integration, early while fast_feedback ends",
            "required by api",
        ],
    );
    assert!(!shop.root().join(".apex").exists(), "a plan leaves nothing behind");
    let part = printed(&shop, &["plan", "--mode", "fast_feedback"]);
    assert_holds(&part, &["Not in this plan", "core_integration  (not part of mode"]);
}

#[test]
fn a_plan_is_printed_as_json_with_its_version() {
    let plan = json(&shop(), &["plan", "--json", "--mode", "nightly"]);
    assert_eq!(plan["schema"], "apex.plan/1");
    let layers: Vec<&str> = plan["plan"]["layers"]
        .as_array()
        .expect("layers")
        .iter()
        .filter_map(|layer| layer["id"].as_str())
        .collect();
    assert_eq!(
        layers,
        ["fast_feedback", "core_integration", "service_integration", "e2e_background"]
    );
}

#[test]
fn a_plan_is_printed_as_a_graph_that_graphviz_could_read() {
    let text = printed(&shop(), &["plan", "--dot", "--categories", "e2e"]);
    let mut depth = 0;
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    for line in text.lines().map(str::trim) {
        let statement = line.strip_suffix(';').unwrap_or(line);
        if line.ends_with('{') {
            depth += 1;
        } else if line == "}" {
            depth -= 1;
        } else if let Some((from, to)) = statement.split_once(" -> ") {
            assert!(line.ends_with(';'), "an open statement: {line}");
            edges.push((from.to_owned(), to.split(" [").next().unwrap_or(to).to_owned()));
        } else if let Some((node, attributes)) = statement.split_once(" [") {
            assert!(attributes.ends_with(']') && line.ends_with(';'), "attributes: {line}");
            nodes.push(node.to_owned());
        } else {
            assert!(statement.contains('=') && line.ends_with(';'), "neither: {line}");
        }
        assert!(depth >= 0, "closed twice: {line}");
        assert_eq!(line.matches('"').count() % 2, 0, "an open string: {line}");
    }
    assert_eq!(depth, 0, "open braces");
    for (from, to) in &edges {
        assert!(nodes.contains(from) && nodes.contains(to), "an edge to nowhere: {from} -> {to}");
    }
    let edge = ("\"integration\"".to_owned(), "\"e2e\"".to_owned());
    assert!(edges.contains(&edge), "{edges:?}");
}

#[test]
fn a_plan_is_printed_as_a_graph_for_mermaid() {
    let text = printed(&shop(), &["plan", "--mermaid", "--mode", "nightly"]);
    assert_holds(&text, &["flowchart LR", "subgraph fast_feedback", "--> core_integration"]);
    assert_eq!(text.matches("subgraph ").count(), text.matches("\n  end").count());
}

#[test]
fn layers_categories_and_modes_are_listed() {
    let shop = shop();
    assert_holds(&printed(&shop, &["list", "layers"]), &["LAYER", "fast_feedback", "2 min"]);
    assert_holds(&printed(&shop, &["list", "categories"]), &["CATEGORY", "pricing", "smoke"]);
    assert_holds(&printed(&shop, &["list", "modes"]), &["MODE", "nightly", "fast_feedback"]);
    for kind in ["layers", "categories", "modes"] {
        let list = json(&shop, &["list", kind, "--json"]);
        assert_eq!(list["schema"], "apex.list/1");
        assert!(list[kind].as_array().is_some_and(|rows| rows.len() >= 4), "{list}");
    }
}

#[test]
fn tests_are_listed_with_their_category_and_place() {
    if tool("python3").is_none() {
        return;
    }
    let list = json(&shop(), &["list", "tests", "--categories", "unit", "--json"]);
    let tests = list["tests"].as_array().expect("tests");
    assert!(tests.len() > 10, "{list}");
    assert!(tests.iter().all(|test| test["category"] == "unit"), "{list}");
    let place = tests[0]["place"].as_str().expect("a place");
    assert!(place.starts_with("tests/unit/test_") && place.contains(".py:"), "{place}");
}

#[test]
fn every_kind_of_thing_is_explained() {
    let shop = shop();
    let pages = [
        ("unit", &["category unit", "fast_feedback", "retries", "python", "found by"][..]),
        ("fast_feedback", &["layer fast_feedback", "budget", "smoke, unit, pricing"]),
        ("nightly", &["mode nightly", "1 h 35 min"]),
        ("tests/unit/test_cart.py", &["test tests/unit/test_cart.py", "category unit"]),
    ];
    for (subject, parts) in pages {
        assert_holds(&printed(&shop, &["explain", subject]), parts);
        let value = json(&shop, &["explain", subject, "--json"]);
        assert_eq!(value["schema"], "apex.explain/1", "{subject}");
    }
}

#[test]
fn exit_codes_are_explained_without_a_project() {
    let empty = Project::new(&[]);
    let all = printed(&empty, &["explain", "exit"]);
    for code in ["0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "6  ", "7  ", "130  "] {
        assert!(all.lines().any(|line| line.starts_with(code)), "{code} is missing:\n{all}");
    }
    assert_holds(&printed(&empty, &["explain", "exit", "143"]), &["143", "signal 15"]);
    let wrong = empty.run(&["explain", "exit", "99"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn the_configuration_is_shown_with_who_set_what() {
    let shop = shop();
    let text = printed(&shop, &["config", "show", "--origin"]);
    assert_holds(&text, &["max_duration_minutes: 2", "apex.yaml:"]);
    let value = json(&shop, &["config", "show", "--json"]);
    assert_eq!(value["layers"]["fast_feedback"]["max_duration_minutes"], 2, "{value:#}");
    let mut command = shop.apex(&["plan", "--mode", "fast_feedback", "--jobs", "3"]);
    command.env("APEX_PROJECT_ROOT", shop.root());
    let answer = apex_tests::project::finish(command);
    assert_holds(&answer.stdout, &["3 at the same time"]);
}

#[test]
fn a_check_of_the_configuration_counts_what_it_holds_or_names_every_mistake() {
    let shop = shop();
    let text = printed(&shop, &["config", "check"]);
    assert_holds(&text, &["apex.yaml: 4 layers, 9 categories, "]);
    shop.write("apex.yaml", "apex: 1\nlayers:\n  a: {execution_mod: parallel, categories: 7}\n");
    let wrong = shop.run(&["config", "check"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert_holds(&wrong.stderr, &["apex.yaml:3:7: ", "execution_mod", "execution_mode", "3:44"]);
    let answer = shop.run(&["config", "check", "--json"]);
    assert_eq!(answer.status.code(), Some(2));
    let value: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(value["schema"], "apex.problems/1");
    let problems = value["problems"].as_array().expect("problems");
    let places: Vec<(u64, u64)> = problems
        .iter()
        .filter_map(|one| Some((one["line"].as_u64()?, one["column"].as_u64()?)))
        .collect();
    assert!(places.contains(&(3, 7)) && places.contains(&(3, 44)), "{value:#}");
}

#[test]
fn completions_and_manual_pages_are_made() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(&project, &["completions", shell]).contains("apex"), "{shell}");
    }
    printed(&project, &["man", "pages"]);
    assert_holds(&project.read("pages/apex.1"), &["apex"]);
    assert!(project.root().join("pages/apex-run.1").exists());
}

#[test]
fn a_test_is_told_where_it_runs_and_the_layer_file_has_the_last_word() {
    let project = Project::new(&[(
        "apex.yaml",
        "apex: 1\nlayers: {only: {categories: [{name: told, env: {TESTING: own}, command: \
         'echo $APEX_CATEGORY $APEX_LAYER $APEX_ATTEMPT $APEX_SHARD $TEST_ENV $ENVIRONMENT $TESTING $PYTHONUTF8 | tee told'}]}}\n",
    )]);
    printed(&project, &["run", "--layers", "only"]);
    assert_eq!(project.read("told").trim(), "told only 1 1/1 test local own 1");
}
