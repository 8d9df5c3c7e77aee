//! Cargo projects and their targets, read from the places of files and a glance at manifests.

use super::inventory::{Inventory, is_below, relative};

/// A package or a workspace.
#[derive(Clone, Debug, Default)]
pub(super) struct CargoProject {
    pub(super) folder: String,
    pub(super) is_workspace: bool,
    packages: usize,
    pub(super) has_library: bool,
    pub(super) has_binaries: bool,
    /// Names of integration test targets.
    pub(super) targets: Vec<String>,
}

impl CargoProject {
    /// The projects of a tree: manifests that no workspace above them takes in.
    pub(super) fn all(inventory: &Inventory) -> Vec<Self> {
        let mut projects: Vec<Self> = Vec::new();
        for folder in inventory.marked("Cargo.toml") {
            let manifest = inventory.read(&join(folder, "Cargo.toml"));
            let is_workspace = manifest.lines().any(|line| line.trim() == "[workspace]");
            let parent = projects
                .iter_mut()
                .rev()
                .find(|one| one.is_workspace && is_below(folder, &one.folder));
            match parent {
                Some(parent) if !is_workspace => parent.add_package(folder, &manifest, inventory),
                _ => {
                    let mut project =
                        Self { folder: folder.clone(), is_workspace, ..Self::default() };
                    if manifest.lines().any(|line| line.trim() == "[package]") {
                        project.add_package(folder, &manifest, inventory);
                    }
                    projects.push(project);
                }
            }
        }
        projects
    }

    fn add_package(&mut self, folder: &str, manifest: &str, inventory: &Inventory) {
        self.packages += 1;
        let sections = manifest_sections(manifest);
        let finds_tests = !sections.iter().any(|(_, line)| is_false(line, "autotests"));
        let targets = sections.iter().filter(|(section, _)| section == "[[test]]");
        self.targets.extend(targets.filter_map(|(_, line)| text_value(line, "name")));
        self.has_library |= sections.iter().any(|(section, _)| section == "[lib]");
        for path in inventory.rust.iter().filter(|path| is_below(path, folder)) {
            match relative(path, folder).split('/').collect::<Vec<_>>().as_slice() {
                ["src", "lib.rs"] => self.has_library = true,
                ["src", "main.rs"] | ["src", "bin", ..] => self.has_binaries = true,
                ["tests", file] if finds_tests => {
                    self.targets.extend(file.strip_suffix(".rs").map(str::to_owned));
                }
                ["tests", name, "main.rs"] if finds_tests => self.targets.push((*name).to_owned()),
                _ => {}
            }
        }
        self.targets.sort();
        self.targets.dedup();
    }

    /// Whether its library shows code in its documentation, which cargo would run.
    pub(super) fn has_examples(&self, inventory: &Inventory) -> bool {
        let sources = inventory.rust.iter().filter(|path| is_below(path, &self.folder));
        let shows = |line: &str| {
            let line = line.trim_start();
            (line.starts_with("///") || line.starts_with("//!")) && line.contains("```")
        };
        self.has_library && sources.into_iter().any(|path| inventory.read(path).lines().any(shows))
    }

    /// What selects all of a workspace; nothing for a package alone.
    pub(super) fn scope(&self) -> Vec<String> {
        if self.packages > 1 { vec!["--workspace".to_owned()] } else { Vec::new() }
    }
}

/// Lines with the header of their section.
fn manifest_sections(manifest: &str) -> Vec<(String, &str)> {
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        lines.push((section.clone(), line));
    }
    lines
}

fn is_false(line: &str, key: &str) -> bool {
    let value = line.strip_prefix(key).map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
    value.is_some_and(|value| value.trim().starts_with("false"))
}

fn text_value(line: &str, key: &str) -> Option<String> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim();
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// A file name in a folder that may be the root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
