//! Finding the work of categories in a tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use apex_agents::detect::{Conventions, Host, Inventory, Wanted};
use apex_agents::runners::describe;
use apex_config::model::{Filters, Recipe, RunnerKind, Shards};
use apex_core::plan::{JobSpec, WorkError, WorkErrorKind};

use super::runners::drive::Project;

const KNOWN: [&str; 12] = [
    "smoke",
    "unit",
    "rust",
    "database",
    "api",
    "websocket",
    "integration",
    "agent",
    "e2e_critical",
    "frontend",
    "e2e",
    "performance",
];

fn everything(name: &str) -> Option<PathBuf> {
    Some(Path::new("/bin").join(name))
}

fn find_with(
    project: &Project,
    name: &str,
    recipe: &Recipe,
    filters: &Filters,
) -> Result<Vec<JobSpec>, WorkError> {
    let inventory = Inventory::scan(project.path());
    let host = Host { lookup: &everything, virtual_env: None, imports_pytest: &|_| true };
    let conventions = Conventions::new(&inventory, &KNOWN, host);
    let shards = Shards::Fixed(1);
    conventions.find(Wanted { name, is_own: false, recipe, filters, shards })
}

fn find(project: &Project, name: &str) -> Result<Vec<JobSpec>, WorkError> {
    find_with(project, name, &Recipe::default(), &Filters::default())
}

/// Each job as a line: folder, command, reason.
fn shown(project: &Project, name: &str) -> Vec<String> {
    let jobs = find(project, name).unwrap_or_else(|error| panic!("{name}: {}", error.message));
    let line = |job: &JobSpec| {
        format!("{} | {} | {}", job.working_directory, describe(job).join(" "), job.found_by)
    };
    jobs.iter().map(line).collect()
}

fn polyglot() -> Project {
    let test = "def test_a(): pass\n";
    let script = "import test from 'node:test';\ntest('c', () => {});\n";
    Project::with(&[
        ("pytest.ini", "[pytest]\ntestpaths = tests\n"),
        ("tests/unit/test_a.py", test),
        ("tests/unit/test_b.py", test),
        ("tests/test_loose.py", test),
        ("tests/db/test_a.py", test),
        ("tests/e2e/test_a.py", test),
        ("tests/e2e/critical/test_a.py", test),
        ("tests/test_websocket_client.py", test),
        ("frontend/t/a.test.mjs", script),
        ("frontend/support.mjs", "export const x = 1;\n"),
        ("rust/Cargo.toml", "[package]\nname = \"sample\"\n[workspace]\n"),
        ("rust/src/lib.rs", "pub fn a() {}\n"),
        ("server/Cargo.toml", "[package]\nname = \"server\"\n[workspace]\n"),
        ("server/src/lib.rs", "pub fn a() {}\n"),
        ("server/src/main.rs", "fn main() {}\n"),
        ("server/tests/api.rs", ""),
        ("server/tests/whole.rs", ""),
    ])
}

#[test]
fn every_rule_finds_its_tests_and_says_why() {
    let project = polyglot();
    let expected = BTreeMap::from([
        ("database", vec![" | python -m pytest tests/db | directory tests/db"]),
        ("e2e", vec![" | python -m pytest tests/e2e/test_a.py | directory tests/e2e"]),
        (
            "e2e_critical",
            vec![" | python -m pytest tests/e2e/critical | directory tests/e2e/critical"],
        ),
        (
            "websocket",
            vec![" | python -m pytest tests/test_websocket_client.py | `websocket` in file names"],
        ),
        ("frontend", vec!["frontend | node --test t/a.test.mjs | project folder frontend"]),
        ("rust", vec!["rust | cargo test --lib | project folder rust"]),
        ("api", vec!["server | cargo test --test api | cargo test target api"]),
        ("integration", vec!["server | cargo test --test whole | cargo test target whole"]),
        (
            "unit",
            vec![
                " | python -m pytest tests/test_loose.py tests/unit | directory tests/unit, tests that no other category claims",
                "server | cargo test --lib --bins | unit tests of the cargo project",
            ],
        ),
    ]);
    for (name, lines) in expected {
        assert_eq!(shown(&project, name), lines, "{name}");
    }
    let error = find(&project, "performance").expect_err("there are none");
    assert_eq!(error.kind, WorkErrorKind::Nothing);
}

#[test]
fn markers_count_where_no_folder_does_and_are_no_unit_tests() {
    let project = Project::with(&[
        ("pytest.ini", "[pytest]\nmarkers =\n    smoke: quick\n"),
        ("tests/test_a.py", "import pytest\n\n@pytest.mark.smoke\ndef test_a(): pass\n"),
    ]);
    assert_eq!(shown(&project, "smoke"), [" | python -m pytest -m smoke tests | marker smoke"]);
    assert_eq!(
        shown(&project, "unit"),
        [" | python -m pytest -m not (smoke) tests | tests that no other category claims"]
    );
}

#[test]
fn a_framework_that_is_not_installed_is_said_with_what_to_type() {
    let project = Project::with(&[
        ("web/package.json", r#"{"devDependencies": {"jest": "29", "react": "19"}}"#),
        ("web/src/a.test.js", "test('a', () => {});\n"),
    ]);
    let error = find(&project, "frontend").expect_err("jest is not installed");
    assert_eq!(error.kind, WorkErrorKind::ToolMissing);
    assert_eq!(error.message, "jest is not installed in `web`: run `npm install` there first");
}

#[test]
fn frameworks_of_javascript_are_told_apart_by_what_files_import() {
    let manifest =
        r#"{"devDependencies": {"vitest": "4", "@playwright/test": "1", "cypress": "15"}}"#;
    let package =
        |name: &str| format!(r#"{{"name": "{name}", "version": "99.0.0", "bin": "x.js"}}"#);
    let [vitest, playwright, cypress] = ["vitest", "@playwright/test", "cypress"].map(package);
    let project = Project::with(&[
        ("web/package.json", manifest),
        ("web/node_modules/vitest/package.json", &vitest),
        ("web/node_modules/@playwright/test/package.json", &playwright),
        ("web/node_modules/cypress/package.json", &cypress),
        ("web/src/a.test.ts", "import { test } from 'vitest';\n"),
        ("web/src/b.test.ts", "test('by a global', () => {});\n"),
        ("web/e2e/c.spec.ts", "import { test } from \"@playwright/test\";\n"),
        ("web/cypress/e2e/d.cy.ts", "it('e', () => {});\n"),
        ("web/tests/integration/e.test.ts", "test('e', () => {});\n"),
    ]);
    let rows = [
        (
            "unit",
            "web | vitest run src/a.test.ts src/b.test.ts | tests that no other category claims",
        ),
        ("e2e", "web | playwright test e2e/c.spec.ts | tests that no other category claims"),
        ("cypress", "web | cypress run cypress/e2e/d.cy.ts | tests that no other category claims"),
        (
            "integration",
            "web | vitest run tests/integration/e.test.ts | directory web/tests/integration",
        ),
    ];
    for (category, line) in rows {
        assert_eq!(shown(&project, category), [line], "{category}");
    }
}

#[test]
fn a_script_of_the_category_goes_before_everything() {
    let project = Project::with(&[(
        "package.json",
        r#"{"scripts": {"test:e2e-critical": "x", "test": "echo \"Error: no test specified\""}}"#,
    )]);
    assert_eq!(
        shown(&project, "e2e_critical"),
        [" | npm run --silent test:e2e-critical | npm script test:e2e-critical"]
    );
    assert!(find(&project, "frontend").is_err());
}

#[test]
fn a_recipe_is_taken_at_its_word_and_a_missing_path_is_named() {
    let project = polyglot();
    let mut recipe = Recipe::default();
    recipe.paths = vec!["tests/unit/**".to_owned()];
    let jobs = find_with(&project, "smoke", &recipe, &Filters::default()).expect("work");
    assert_eq!(describe(&jobs[0]), ["python", "-m", "pytest", "tests/unit"]);
    recipe.paths = vec!["tests/unti/**".to_owned()];
    let error =
        find_with(&project, "smoke", &recipe, &Filters::default()).expect_err("no such path");
    assert!(error.message.contains("`tests/unti` does not exist"), "{}", error.message);
    assert!(error.message.contains("is `tests`"), "{}", error.message);
    let mut recipe = Recipe::default();
    recipe.runner = Some(RunnerKind::Nextest);
    recipe.working_directory = Some("server".to_owned());
    let jobs = find_with(&project, "smoke", &recipe, &Filters::default()).expect("work");
    assert_eq!((jobs[0].runner, &*jobs[0].working_directory), (RunnerKind::Nextest, "server"));
}

#[test]
fn filters_take_files_away() {
    let project = polyglot();
    let filters = |include: &[&str], exclude: &[&str]| Filters {
        include: include.iter().map(|one| (*one).to_owned()).collect(),
        exclude: exclude.iter().map(|one| (*one).to_owned()).collect(),
    };
    let check = |filters: &Filters, expected: &[&str]| {
        let jobs = find_with(&project, "unit", &Recipe::default(), filters).expect("work");
        let words = describe(&jobs[0]);
        assert_eq!(words[3..], *expected, "{filters:?}");
    };
    check(&filters(&["tests/unit/**"], &[]), &["tests/unit"]);
    check(&filters(&["*loose*"], &[]), &["tests/test_loose.py"]);
    check(&filters(&[], &["*_b"]), &["tests/test_loose.py", "tests/unit/test_a.py"]);
    check(&filters(&["quick"], &[]), &["-k", "(quick)", "tests/test_loose.py", "tests/unit"]);
}

/// unittest never runs functions, so a missing pytest must be said and not be got around.
#[test]
fn test_functions_outside_of_classes_are_for_pytest() {
    for text in ["def test_a(): pass\n", "async def test_a(): pass\n"] {
        let project = Project::with(&[("tests/unit/test_a.py", text)]);
        match find(&project, "unit") {
            Ok(jobs) => assert_eq!(describe(&jobs[0])[..3], ["python", "-m", "pytest"]),
            Err(error) => assert!(error.message.contains("pytest"), "{}", error.message),
        }
    }
}

#[test]
fn a_name_of_the_repository_with_a_runner_means_all_tests_unless_a_folder_has_the_name() {
    let project = Project::with(&[
        ("Cargo.toml", "[package]\nname = \"store\"\n"),
        ("src/lib.rs", "pub fn a() {}\n"),
        ("tests/store_basics.rs", "#[test] fn a() {}\n"),
        ("tests/other.rs", "#[test] fn a() {}\n"),
    ]);
    let inventory = Inventory::scan(project.path());
    let host = Host { lookup: &everything, virtual_env: None, imports_pytest: &|_| true };
    let conventions = Conventions::new(&inventory, &[&KNOWN[..], &["store"]].concat(), host);
    let mut recipe = Recipe::default();
    recipe.runner = Some(RunnerKind::Cargo);
    let filters = Filters::default();
    let command = |is_own| {
        let shards = Shards::Fixed(1);
        let wanted = Wanted { name: "store", is_own, recipe: &recipe, filters: &filters, shards };
        let jobs = conventions.find(wanted).unwrap_or_else(|error| panic!("{}", error.message));
        describe(&jobs[0]).join(" ")
    };
    assert_eq!(command(true), "cargo test");
    assert_eq!(command(false), "cargo test --test store_basics");
}

#[test]
fn modules_of_go_and_builds_of_java_are_found_with_their_packages() {
    let package = "package a\n";
    let project = Project::with(&[
        ("go.mod", "module a\n"),
        ("a_test.go", package),
        ("api_test.go", package),
        ("vendor/x/x_test.go", package),
        ("testdata/y_test.go", package),
        ("tests/integration/i_test.go", package),
        ("tools/go.mod", "module b\n"),
        ("tools/t_test.go", package),
        ("shop/pom.xml", "<project/>"),
        ("shop/core/pom.xml", "<project/>"),
        ("shop/core/src/test/java/com/x/ATest.java", ""),
        ("shop/core/src/test/java/com/x/integration/BTest.java", ""),
        ("shop/core/src/main/java/com/x/A.java", ""),
        ("app/build.gradle.kts", ""),
        ("app/src/test/kotlin/CTest.kt", ""),
    ]);
    assert_eq!(
        shown(&project, "unit"),
        [
            " | go test . | tests that no other category claims",
            "tools | go test ./... | tests that no other category claims",
            "app | gradle test | tests that no other category claims",
            "shop | mvn test -Dtest=com.x.ATest -Dit.test=com.x.ATest -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false | tests that no other category claims",
        ]
    );
}
