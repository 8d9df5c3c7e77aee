//! Projects of JavaScript and TypeScript: which framework, which scripts, which test files.

use std::collections::BTreeMap;

use apex_config::model::RunnerKind;
use serde_json::Value;

use super::cargo_project::join;
use super::inventory::{Inventory, Language, is_below, relative};
use super::rules::found_in;
use super::shards::{Found, tests};
use super::words::TEST_ROOTS;

/// How many files are read to see whether a project without a manifest uses `node:test`.
const SAMPLES: usize = 5;

/// A folder with scripts and its test files.
#[derive(Clone, Debug)]
pub(super) struct NodeProject {
    pub(super) folder: String,
    pub(super) runner: RunnerKind,
    /// Test files, relative to the root.
    pub(super) files: Vec<String>,
    /// Names of the scripts of its `package.json` that really test.
    pub(super) scripts: Vec<String>,
    /// The category of its tests that no category claims.
    pub(super) home: &'static str,
}

impl NodeProject {
    /// The projects of a tree.
    pub(super) fn all(inventory: &Inventory) -> Vec<Self> {
        let mut folders: Vec<&str> =
            inventory.marked("package.json").iter().map(String::as_str).collect();
        for prefix in ["jest.", "vitest.", "playwright.", "cypress.", ".mocharc"] {
            folders.extend(inventory.marked_like(prefix));
        }
        folders.push("");
        folders.sort_unstable();
        folders.dedup();
        let mut files: Vec<Vec<String>> = vec![Vec::new(); folders.len()];
        for path in inventory.tests_in(Language::Script) {
            let nearest = folders.iter().rposition(|folder| is_below(path, folder));
            if let Some(index) = nearest {
                files[index].push(path.to_owned());
            }
        }
        let projects = folders.iter().zip(files);
        projects
            .flat_map(|(folder, files)| Self::at(inventory, folder, files))
            .flat_map(Self::apart)
            .collect()
    }

    /// Test files that no manifest holds together: each top folder is a project of its own,
    /// unless it is a mere folder of tests.
    fn apart(self) -> Vec<Self> {
        if !self.folder.is_empty() || !self.scripts.is_empty() || self.runner != RunnerKind::Node {
            return vec![self];
        }
        let mut apart: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in self.files {
            let top = file.split_once('/').map_or("", |(top, _)| top);
            let folder = if TEST_ROOTS.contains(&top) { "" } else { top };
            apart.entry(folder.to_owned()).or_default().push(file);
        }
        let alone = |(folder, files)| Self {
            folder,
            files,
            runner: RunnerKind::Node,
            scripts: Vec::new(),
            home: "unit",
        };
        apart.into_iter().map(alone).collect()
    }

    /// The projects in a folder: one for each framework that it uses.
    fn at(inventory: &Inventory, folder: &str, files: Vec<String>) -> Vec<Self> {
        let has_manifest = inventory.marked("package.json").iter().any(|one| one == folder);
        let manifest: Value = if has_manifest {
            serde_json::from_str(&inventory.read(&join(folder, "package.json"))).unwrap_or_default()
        } else {
            Value::Null
        };
        let runners = frameworks(inventory, folder, &manifest);
        let scripts = scripts(&manifest);
        let project = |runner: RunnerKind, files: Vec<String>, scripts: Vec<String>| Self {
            folder: folder.to_owned(),
            runner,
            files,
            scripts,
            home: home(runner, &manifest),
        };
        match runners.as_slice() {
            [] => {
                let files = node_tests(inventory, files);
                let is_project = !files.is_empty() || !scripts.is_empty();
                is_project.then(|| project(RunnerKind::Node, files, scripts)).into_iter().collect()
            }
            [one] => vec![project(*one, files, scripts)],
            several => {
                let mut scripts = Some(scripts);
                several
                    .iter()
                    .map(|runner| {
                        let is_its = |path: &&String| owner(inventory, path, several) == *runner;
                        let files = files.iter().filter(is_its).cloned().collect();
                        project(*runner, files, scripts.take().unwrap_or_default())
                    })
                    .collect()
            }
        }
    }

    /// All of it, as work.
    pub(super) fn whole(&self) -> Found {
        let files = self.files.iter().map(|path| relative(path, &self.folder).to_owned());
        found_in(self.runner, &self.folder, tests(files.collect()), "every test of the project")
    }
}

/// Frameworks with the beginning of the names of their configuration, and their packages.
const FRAMEWORKS: [(RunnerKind, &str, &str); 5] = [
    (RunnerKind::Vitest, "vitest.", "vitest"),
    (RunnerKind::Jest, "jest.", "jest"),
    (RunnerKind::Mocha, ".mocharc", "mocha"),
    (RunnerKind::Playwright, "playwright.", "@playwright/test"),
    (RunnerKind::Cypress, "cypress.", "cypress"),
];

/// Packages of which one says that a project is seen in a browser.
const BROWSER: [&str; 12] = [
    "react",
    "vue",
    "svelte",
    "@angular/core",
    "preact",
    "solid-js",
    "lit",
    "next",
    "nuxt",
    "jsdom",
    "happy-dom",
    "jest-environment-jsdom",
];

fn depends(manifest: &Value, package: &str) -> bool {
    ["dependencies", "devDependencies"].iter().any(|key| manifest[key].get(package).is_some())
}

/// The frameworks that a configuration file or a dependency names.
fn frameworks(inventory: &Inventory, folder: &str, manifest: &Value) -> Vec<RunnerKind> {
    let is_used = |prefix: &str, package: &str| {
        inventory.marked_like(prefix).any(|one| one == folder) || depends(manifest, package)
    };
    let used = FRAMEWORKS.iter().filter(|(_, prefix, package)| is_used(prefix, package));
    used.map(|(runner, ..)| *runner).collect()
}

/// The category of the tests that nobody claims.
fn home(runner: RunnerKind, manifest: &Value) -> &'static str {
    match runner {
        RunnerKind::Playwright => "e2e",
        RunnerKind::Cypress => "cypress",
        _ if BROWSER.iter().any(|package| depends(manifest, package)) => "frontend",
        _ => "unit",
    }
}

/// Which of several frameworks a test file of a project is for: what it imports says it, else the
/// first that is no browser's.
fn owner(inventory: &Inventory, path: &str, runners: &[RunnerKind]) -> RunnerKind {
    let text = inventory.read(path);
    let imports = |package: &str| {
        ["'", "\""].iter().any(|quote| text.contains(&format!("{quote}{package}{quote}")))
    };
    let is_of_cypress = stem_has_cy(path) || path.split('/').any(|part| part == "cypress");
    let is_for = |runner: &RunnerKind| match runner {
        RunnerKind::Cypress => is_of_cypress,
        RunnerKind::Playwright => imports("@playwright/test"),
        RunnerKind::Vitest => imports("vitest"),
        RunnerKind::Jest => imports("@jest/globals"),
        _ => false,
    };
    let is_unit =
        |runner: &&RunnerKind| !matches!(runner, RunnerKind::Playwright | RunnerKind::Cypress);
    let said = runners.iter().find(|runner| is_for(runner));
    said.or_else(|| runners.iter().find(is_unit))
        .or(runners.first())
        .copied()
        .unwrap_or(RunnerKind::Node)
}

fn stem_has_cy(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains(".cy."))
}

/// Files that `node --test` can run: all of them when some of the first use `node:test`.
fn node_tests(inventory: &Inventory, files: Vec<String>) -> Vec<String> {
    let runnable = |path: &String| [".js", ".mjs", ".cjs"].iter().any(|end| path.ends_with(end));
    let files: Vec<String> = files.into_iter().filter(runnable).collect();
    let uses_node =
        files.iter().take(SAMPLES).any(|path| inventory.read(path).contains("node:test"));
    if uses_node { files } else { Vec::new() }
}

fn scripts(manifest: &Value) -> Vec<String> {
    let scripts = manifest["scripts"].as_object();
    let real = scripts.into_iter().flatten().filter(|(_, text)| {
        // What `npm init` writes is no test.
        text.as_str().is_some_and(|text| !text.contains("no test specified"))
    });
    real.map(|(name, _)| name.clone()).filter(|name| name.starts_with("test")).collect()
}
