//! What a project tree holds that has to do with tests: one walk, few files read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// Most files that are looked at; a larger tree is cut there, and the inventory says so.
const FILE_LIMIT: usize = 200_000;

/// Deepest folder that is looked into.
const DEPTH_LIMIT: usize = 32;

/// Folders that hold no tests of the project, whether an ignore file says so or not.
const SKIPPED: [&str; 10] = [
    ".git",
    ".apex",
    "target",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".tox",
    ".mypy_cache",
    ".pytest_cache",
];

/// The language of a test file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    Python,
    Script,
    Go,
    Jvm,
}

/// Projects and test files of a tree. Paths are relative to its root, use `/`, and are sorted.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub(super) root: PathBuf,
    /// Files that are named like tests.
    pub(super) tests: Vec<(String, Language)>,
    /// File name → folders that hold a file of this name, of those names that mark a project.
    pub(super) marks: BTreeMap<&'static str, Vec<String>>,
    /// Rust sources below a `src` or `tests`.
    pub(super) rust: Vec<String>,
    /// Whether the tree was larger than what is looked at.
    pub is_cut: bool,
}

/// Names of files that mark a project or tell its framework.
const MARKS: [&str; 36] = [
    ".mocharc.cjs",
    ".mocharc.js",
    ".mocharc.json",
    ".mocharc.yml",
    ".pytest.ini",
    "Cargo.toml",
    "build.gradle",
    "build.gradle.kts",
    "conftest.py",
    "cypress.config.cjs",
    "cypress.config.js",
    "cypress.config.mjs",
    "cypress.config.ts",
    "go.mod",
    "jest.config.cjs",
    "jest.config.js",
    "jest.config.json",
    "jest.config.mjs",
    "jest.config.ts",
    "package.json",
    "playwright.config.cjs",
    "playwright.config.js",
    "playwright.config.mjs",
    "playwright.config.ts",
    "pom.xml",
    "pyproject.toml",
    "pytest.ini",
    "pytest.toml",
    "settings.gradle",
    "settings.gradle.kts",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "vitest.config.js",
    "vitest.config.mts",
    "vitest.config.ts",
];

impl Inventory {
    /// Walks the tree below `root`, respecting its ignore files.
    #[must_use]
    pub fn scan(root: &Path) -> Self {
        let mut inventory = Self { root: root.to_owned(), ..Self::default() };
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .max_depth(Some(DEPTH_LIMIT))
            .require_git(false)
            .git_global(false)
            .filter_entry(|entry| !is_skipped(entry.file_name().to_str().unwrap_or_default()))
            .build();
        let files =
            walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        for (count, entry) in files.enumerate() {
            if count == FILE_LIMIT {
                inventory.is_cut = true;
                break;
            }
            if let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) {
                inventory.note(path);
            }
        }
        inventory.tests.sort();
        inventory.rust.sort();
        for folders in inventory.marks.values_mut() {
            folders.sort();
        }
        inventory
    }

    /// Every file that is named like a test, relative to the root, sorted.
    pub fn test_files(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().map(|(path, _)| path.as_str())
    }

    fn note(&mut self, path: &str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Ok(index) = MARKS.binary_search(&name) {
            self.marks.entry(MARKS[index]).or_default().push(folder.to_owned());
        }
        if let Some(language) = language_of_test(folder, name) {
            self.tests.push((path.to_owned(), language));
        }
        if name.ends_with(".rs") && is_rust_target(path) {
            self.rust.push(path.to_owned());
        }
    }

    /// Folders with a file of this name.
    pub(super) fn marked(&self, name: &str) -> &[String] {
        self.marks.get(name).map_or(&[], Vec::as_slice)
    }

    /// Folders with a file whose name begins like this.
    pub(super) fn marked_like<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        let names = self.marks.iter().filter(move |(name, _)| name.starts_with(prefix));
        names.flat_map(|(_, folders)| folders.iter().map(String::as_str))
    }

    /// The test files of a language, in order.
    pub(super) fn tests_in(&self, language: Language) -> impl Iterator<Item = &str> {
        self.tests.iter().filter(move |(_, one)| *one == language).map(|(path, _)| path.as_str())
    }

    /// The content of a file; empty when it cannot be read.
    pub(super) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }
}

fn is_skipped(name: &str) -> bool {
    SKIPPED.contains(&name)
}

fn language_of_test(folder: &str, name: &str) -> Option<Language> {
    let (stem, extension) = name.rsplit_once('.')?;
    match extension {
        "py" if stem.starts_with("test_") || stem.ends_with("_test") => Some(Language::Python),
        "java" | "kt" | "groovy" | "scala" => {
            let is_named = stem.starts_with("Test")
                || ["Test", "Tests", "TestCase", "Spec", "IT"]
                    .iter()
                    .any(|end| stem.ends_with(end));
            is_named.then_some(Language::Jvm)
        }
        "go" if stem.ends_with("_test") => Some(Language::Go),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx" | "jsx" => {
            let is_named = stem == "test"
                || stem.starts_with("test-")
                || [".test", ".spec", ".cy", "-test", "_test"]
                    .iter()
                    .any(|end| stem.ends_with(end));
            let is_placed = folder.rsplit('/').any(|part| part == "__tests__");
            (is_named || is_placed).then_some(Language::Script)
        }
        _ => None,
    }
}

fn is_rust_target(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|part| part == "src" || part == "tests")
}

/// Whether `path` is `folder` or below it.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A path relative to a folder above it.
pub(super) fn relative<'a>(path: &'a str, folder: &str) -> &'a str {
    if folder.is_empty() {
        return path;
    }
    path.strip_prefix(folder).map_or(path, |rest| rest.trim_start_matches('/'))
}

/// The last part of a path without its extension.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}
