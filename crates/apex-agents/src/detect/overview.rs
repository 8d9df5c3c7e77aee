//! What a repository holds, for a first layer file.

use std::path::Path;

use apex_config::init::{FoundCompose, FoundSuite, InitInventory};
use apex_config::model::RunnerKind;

use super::cargo_project::CargoProject;
use super::go_project::GoProject;
use super::inventory::Inventory;
use super::jvm_project::JvmProject;
use super::node_project::NodeProject;
use super::python_project::PythonProject;

/// File names of compose, in the order in which compose looks for them, and the usual ones for
/// tests.
const COMPOSE: [&str; 6] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "docker-compose.test.yml",
    "docker-compose.test.yaml",
];

/// Looks at the repository in a folder.
#[must_use]
pub fn init_inventory(root: &Path) -> InitInventory {
    let inventory = Inventory::scan(root);
    let mut suites: Vec<FoundSuite> = Vec::new();
    for project in PythonProject::all(&inventory) {
        let says_pytest = project.says_pytest(&inventory);
        let (runner, evidence) = if says_pytest {
            (RunnerKind::Pytest, "tests and configuration of pytest")
        } else {
            (RunnerKind::Unittest, "test_*.py")
        };
        suites.push(suite(runner, &project.folder, evidence));
    }
    for project in CargoProject::all(&inventory) {
        suites.push(suite(RunnerKind::Cargo, &project.folder, "Cargo.toml"));
    }
    for project in GoProject::all(&inventory) {
        suites.push(suite(RunnerKind::Go, &project.folder, "go.mod and *_test.go"));
    }
    for project in JvmProject::all(&inventory) {
        let evidence = match project.runner {
            RunnerKind::Maven => "pom.xml",
            _ => "files of Gradle",
        };
        suites.push(suite(project.runner, &project.folder, evidence));
    }
    for project in NodeProject::all(&inventory) {
        let evidence = match project.runner {
            RunnerKind::Node => "test files of node:test",
            _ => "package.json and configuration",
        };
        suites.push(suite(project.runner, &project.folder, evidence));
    }
    suites.sort_by(|one, other| (&one.folder, one.runner).cmp(&(&other.folder, other.runner)));
    InitInventory { suites, compose: compose(root) }
}

fn suite(runner: RunnerKind, folder: &str, evidence: &str) -> FoundSuite {
    let folder = if folder.is_empty() { "." } else { folder };
    FoundSuite { runner, folder: folder.to_owned(), evidence: evidence.to_owned() }
}

/// Compose files in the root folder, with the names of their services.
fn compose(root: &Path) -> Vec<FoundCompose> {
    let texts = COMPOSE
        .iter()
        .filter_map(|name| Some((*name, std::fs::read_to_string(root.join(name)).ok()?)));
    texts
        .map(|(name, text)| FoundCompose { file: name.to_owned(), services: services(&text) })
        .collect()
}

/// The names under `services:` of a compose file: the keys one level deeper. A file that is
/// written otherwise yields none, which costs a comment in the proposal and nothing else.
fn services(text: &str) -> Vec<String> {
    let below = text.lines().skip_while(|line| line.trim_end() != "services:").skip(1);
    let block = below.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let keys: Vec<&str> =
        block.filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).collect();
    let depth = keys.iter().map(|line| indent(line)).min().unwrap_or(0);
    keys.iter()
        .filter(|line| indent(line) == depth)
        .filter_map(|line| Some(line.trim().strip_suffix(':')?.trim_matches('"').to_owned()))
        .collect()
}
