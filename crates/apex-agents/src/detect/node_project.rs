//! Projects of JavaScript and TypeScript: which framework, which scripts, which test files.

use std::collections::BTreeMap;

use apex_config::model::RunnerKind;
use serde_json::Value;

use super::cargo_project::join;
use super::inventory::{Inventory, Language, is_below};
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
            .filter_map(|(folder, files)| Self::at(inventory, folder, files))
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
        let alone =
            |(folder, files)| Self { folder, files, runner: RunnerKind::Node, scripts: Vec::new() };
        apart.into_iter().map(alone).collect()
    }

    fn at(inventory: &Inventory, folder: &str, files: Vec<String>) -> Option<Self> {
        let has_manifest = inventory.marked("package.json").iter().any(|one| one == folder);
        let manifest: Value = if has_manifest {
            serde_json::from_str(&inventory.read(&join(folder, "package.json"))).unwrap_or_default()
        } else {
            Value::Null
        };
        let runner = framework(inventory, folder, &manifest).unwrap_or(RunnerKind::Node);
        let scripts = scripts(&manifest);
        let files = if runner == RunnerKind::Node { node_tests(inventory, files) } else { files };
        let is_project = !files.is_empty() || !scripts.is_empty() || runner != RunnerKind::Node;
        is_project.then(|| Self { folder: folder.to_owned(), runner, files, scripts })
    }
}

/// The framework that a configuration file or a dependency names.
fn framework(inventory: &Inventory, folder: &str, manifest: &Value) -> Option<RunnerKind> {
    let known = [
        (RunnerKind::Vitest, "vitest.", "vitest"),
        (RunnerKind::Jest, "jest.", "jest"),
        (RunnerKind::Mocha, ".mocharc", "mocha"),
        (RunnerKind::Playwright, "playwright.", "@playwright/test"),
        (RunnerKind::Cypress, "cypress.", "cypress"),
    ];
    let depends = |package: &str| {
        ["dependencies", "devDependencies"].iter().any(|key| manifest[key].get(package).is_some())
    };
    known
        .into_iter()
        .find(|(_, prefix, package)| {
            inventory.marked_like(prefix).any(|one| one == folder) || depends(package)
        })
        .map(|(runner, _, _)| runner)
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
