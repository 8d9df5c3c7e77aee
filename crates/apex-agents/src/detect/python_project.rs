//! Projects of Python: where their configuration is, which framework, which files and markers.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::cargo_project::join;
use super::inventory::{Inventory, Language, is_below};

/// Files that make their folder the root of a Python project.
pub(super) const ROOTS: [&str; 7] = [
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "setup.py",
];

/// Most files that are read for the markers they use.
const FILES_READ: usize = 20_000;

/// A folder with Python tests.
#[derive(Debug)]
pub(super) struct PythonProject {
    pub(super) folder: String,
    /// Test files, relative to the root.
    pub(super) files: Vec<String>,
    /// Whether something in it says pytest.
    is_pytest: OnceCell<bool>,
    configured: bool,
    /// Markers that the configuration registers.
    pub(super) registered: BTreeSet<String>,
    used: OnceCell<BTreeSet<String>>,
}

impl PythonProject {
    /// The projects of a tree.
    pub(super) fn all(inventory: &Inventory) -> Vec<Self> {
        let mut folders: Vec<&str> =
            ROOTS.iter().flat_map(|name| inventory.marked(name)).map(String::as_str).collect();
        folders.push("");
        folders.sort_unstable();
        folders.dedup();
        let mut projects: Vec<Self> = folders.iter().map(|folder| Self::empty(folder)).collect();
        for path in inventory.tests_in(Language::Python) {
            if let Some(project) = projects.iter_mut().rfind(|one| is_below(path, &one.folder)) {
                project.files.push(path.to_owned());
            }
        }
        projects.retain(|project| !project.files.is_empty());
        for project in &mut projects {
            project.read_configuration(inventory);
        }
        projects
    }

    fn empty(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            files: Vec::new(),
            is_pytest: OnceCell::new(),
            configured: false,
            registered: BTreeSet::new(),
            used: OnceCell::new(),
        }
    }

    fn read_configuration(&mut self, inventory: &Inventory) {
        let own = |name: &str| inventory.marked(name).contains(&self.folder);
        let mut is_configured =
            inventory.marked("conftest.py").iter().any(|one| is_below(one, &self.folder));
        let mut registered = BTreeSet::new();
        for name in ROOTS.iter().filter(|name| own(name)) {
            let text = inventory.read(&join(&self.folder, name));
            let is_own_file = name.contains("pytest");
            if is_own_file
                || ["[tool.pytest", "[tool:pytest]", "[pytest]"]
                    .iter()
                    .any(|one| text.contains(one))
            {
                is_configured = true;
                registered.extend(markers_in(&text));
            }
        }
        self.configured = is_configured;
        self.registered = registered;
    }

    /// Whether its configuration or a test says that it needs pytest.
    pub(super) fn says_pytest(&self, inventory: &Inventory) -> bool {
        *self.is_pytest.get_or_init(|| {
            self.configured
                || self
                    .files
                    .iter()
                    .take(FILES_READ)
                    .any(|path| is_for_pytest(&inventory.read(path)))
        })
    }

    /// Whether a marker is registered, or used by one of the tests.
    pub(super) fn has_marker(&self, inventory: &Inventory, marker: &str) -> bool {
        self.registered.contains(marker)
            || self.used.get_or_init(|| self.read_used(inventory)).contains(marker)
    }

    fn read_used(&self, inventory: &Inventory) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for path in self.files.iter().take(FILES_READ) {
            let text = inventory.read(path);
            for rest in text.split("pytest.mark.").skip(1) {
                used.insert(
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect(),
                );
            }
        }
        used
    }
}

/// Markers of a configuration: the lines of `markers = …`, in either syntax.
fn markers_in(text: &str) -> Vec<String> {
    let mut markers = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(rest) = trimmed
            .strip_prefix("markers")
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix('='))
        {
            is_inside = true;
            markers.extend(marker(rest));
        } else if is_inside {
            if trimmed.starts_with(']')
                || !(line.starts_with([' ', '\t']) || trimmed.starts_with(['"', '\'']))
            {
                is_inside = false;
            } else {
                markers.extend(marker(trimmed));
            }
        }
    }
    markers
}

fn marker(line: &str) -> Option<String> {
    let text = line.trim().trim_start_matches(['[', '"', '\'', ' ']);
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// Whether only pytest can run a test file: it names pytest, or has test functions outside of
/// classes, which unittest never runs.
fn is_for_pytest(text: &str) -> bool {
    let is_function =
        |line: &str| line.starts_with("def test") || line.starts_with("async def test");
    text.contains("pytest") || text.lines().any(is_function)
}
