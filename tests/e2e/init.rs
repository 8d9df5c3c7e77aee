//! `apex init`: for a repository of each kind a first layer file that holds at once.

use apex_tests::project::Project;

/// A kind of repository, and the words that its layer file must hold.
struct Kind {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    holds: &'static [&'static str],
}

const PLAYWRIGHT: &str = r#"{"devDependencies": {"@playwright/test": "1"}}"#;

const KINDS: &[Kind] = &[
    Kind { name: "empty", files: &[], holds: &["apex: 1"] },
    Kind {
        name: "pytest",
        files: &[
            ("pyproject.toml", "[tool.pytest.ini_options]\n"),
            ("tests/test_a.py", "def test_a(): pass\n"),
        ],
        holds: &["runner: pytest"],
    },
    Kind {
        name: "unittest",
        files: &[("tests/test_a.py", "import unittest\n"), ("tests/__init__.py", "")],
        holds: &["runner: unittest"],
    },
    Kind {
        name: "cargo",
        files: &[("Cargo.toml", "[package]\nname = \"a\"\n"), ("src/lib.rs", "")],
        holds: &["runner: cargo"],
    },
    Kind {
        name: "go",
        files: &[("go.mod", "module a\n"), ("a_test.go", "package a\n")],
        holds: &["go"],
    },
    Kind {
        name: "jest",
        files: &[("package.json", r#"{"devDependencies": {"jest": "29"}}"#), ("a.test.js", "")],
        holds: &["jest"],
    },
    Kind {
        name: "vitest",
        files: &[("package.json", r#"{"devDependencies": {"vitest": "1"}}"#), ("a.test.ts", "")],
        holds: &["vitest"],
    },
    Kind {
        name: "node",
        files: &[
            ("package.json", r#"{"scripts": {"test": "node --test"}}"#),
            ("test/a.test.js", "import test from 'node:test';\n"),
        ],
        holds: &["runner: node"],
    },
    Kind {
        name: "playwright",
        files: &[
            ("package.json", PLAYWRIGHT),
            ("playwright.config.ts", ""),
            ("e2e/a.spec.ts", "import { test } from '@playwright/test';\n"),
        ],
        holds: &["playwright"],
    },
    Kind {
        name: "cypress",
        files: &[
            ("package.json", r#"{"devDependencies": {"cypress": "13"}}"#),
            ("cypress.config.js", ""),
            ("cypress/e2e/a.cy.js", ""),
        ],
        holds: &["cypress"],
    },
    Kind {
        name: "compose",
        files: &[(
            "docker-compose.yml",
            "services:\n  db:\n    image: postgres:16\n  cache:\n    image: redis:7\n",
        )],
        holds: &["docker-compose.yml", "db", "cache"],
    },
    Kind {
        name: "several",
        files: &[
            ("services/api/Cargo.toml", "[package]\nname = \"api\"\n"),
            ("services/api/src/lib.rs", ""),
            ("web app/package.json", r#"{"devDependencies": {"vitest": "1"}}"#),
            ("web app/a.test.ts", ""),
            ("tests/test_a.py", "import pytest\n"),
        ],
        holds: &["services/api", "web app", "runner: cargo"],
    },
];

#[test]
fn a_repository_of_each_kind_gets_a_layer_file_that_holds() {
    for kind in KINDS {
        let project = Project::new(kind.files);
        let answer = project.run(&["init"]);
        assert_eq!(answer.status.code(), Some(0), "{}: {}", kind.name, answer.stderr);
        let text = project.read("apex.yaml");
        for part in kind.holds {
            assert!(text.contains(part), "{}: `{part}` is missing in:\n{text}", kind.name);
        }
        let checked = project.run(&["config", "check"]);
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert_eq!(checked.status.code(), Some(0), "{}: {said}\n{text}", kind.name);
        // What a machine lacks is no fault of the file.
        let warnings = said.lines().filter(|line| line.starts_with("warning: "));
        for warning in warnings {
            assert!(warning.contains("cannot run here: "), "{}: {said}\n{text}", kind.name);
        }
    }
}

#[test]
fn init_says_what_it_found_or_what_it_looked_for() {
    let project =
        Project::new(&[("api/Cargo.toml", "[package]\nname = \"a\"\n"), ("api/src/lib.rs", "")]);
    let answer = project.run(&["init"]);
    assert!(answer.stdout.contains("found cargo in api (Cargo.toml)\n"), "{}", answer.stdout);
    assert!(answer.stdout.contains("\nnext: apex plan "), "{}", answer.stdout);

    let empty = Project::new(&[]);
    let answer = empty.run(&["init"]);
    assert!(answer.stdout.contains("looked for pytest, unittest, cargo"), "{}", answer.stdout);
    assert!(answer.stdout.contains("next: replace the command"), "{}", answer.stdout);
    let run = empty.run(&["run"]);
    assert_eq!(run.status.code(), Some(1), "what tests nothing is not green: {}", run.stderr);
}

#[test]
fn a_project_without_tests_or_layer_file_is_shown_the_way() {
    let empty = Project::new(&[]);
    for command in ["run", "plan"] {
        let answer = empty.run(&[command]);
        assert_eq!(answer.status.code(), Some(4), "{command}: {}", answer.stderr);
        for part in ["hint: ", "looked for apex.yaml, config/test_layers.yaml", "`apex init`"] {
            assert!(answer.stderr.contains(part), "{command}: `{part}`: {}", answer.stderr);
        }
    }
    let silent = empty.run(&["run", "--progress-mode", "silent"]);
    assert_eq!((silent.status.code(), silent.stderr.as_str()), (Some(4), ""));
    empty.write("apex.yaml", "apex: 1\nlayers: {a: {categories: [{name: unit}]}}\n");
    for command in ["run", "plan"] {
        let answer = empty.run(&[command]);
        assert_eq!(answer.status.code(), Some(4), "{command}: {}", answer.stderr);
        assert!(answer.stderr.contains("hint: no tests were found"), "{}", answer.stderr);
        assert!(answer.stderr.contains("`apex config check` says why"), "{}", answer.stderr);
    }
}

#[test]
fn a_layer_file_is_never_overwritten() {
    for existing in ["apex.yaml", "config/test_layers.yaml"] {
        let project = Project::new(&[(existing, "# mine\n")]);
        let answer = project.run(&["init"]);
        assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
        assert!(answer.stderr.contains("never overwrites"), "{}", answer.stderr);
        assert_eq!(project.read(existing), "# mine\n");
        assert_eq!(project.root().join("apex.yaml").exists(), existing == "apex.yaml");
    }
}

#[test]
fn a_layer_file_can_be_printed_in_place_of_written() {
    let project = Project::new(&[("apex.yaml", "# mine\n")]);
    let answer = project.run(&["init", "--stdout"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("apex: 1"), "{}", answer.stdout);
    assert_eq!(project.read("apex.yaml"), "# mine\n");
}
