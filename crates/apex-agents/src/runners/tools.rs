//! Which programs a job uses, and what to say when one is missing.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use apex_config::model::RunnerKind;
use apex_core::plan::{WorkError, WorkErrorKind};

use super::javascript::{self, NodePackage};

/// Finds a program by name, as a shell would on `PATH`.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<PathBuf>;

/// The programs of the frameworks, as names or paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// The interpreter of Python: the project's own environment first.
    pub python: String,
    /// Node.
    pub node: String,
    /// Cargo.
    pub cargo: String,
    /// Go.
    pub go: String,
    /// Maven: the wrapper of the project first.
    pub maven: String,
    /// Gradle: the wrapper of the project first.
    pub gradle: String,
    /// Whether `cargo nextest` can be called.
    pub has_nextest: bool,
    /// Tests that a test program of Rust runs at once when nobody says otherwise.
    pub threads: usize,
    /// The frameworks of JavaScript that are installed, by runner.
    pub packages: BTreeMap<RunnerKind, NodePackage>,
}

impl Default for Tools {
    fn default() -> Self {
        let [python, node, cargo] = ["python3", "node", "cargo"].map(String::from);
        let [go, maven, gradle] = ["go", "mvn", "gradle"].map(String::from);
        Self {
            python,
            node,
            cargo,
            go,
            maven,
            gradle,
            has_nextest: false,
            threads: 1,
            packages: BTreeMap::new(),
        }
    }
}

impl Tools {
    /// The tools for a job in `working_directory` of a project. `virtual_env` is the value of
    /// `VIRTUAL_ENV`.
    #[must_use]
    pub fn find(
        project_root: &Path,
        working_directory: &str,
        virtual_env: Option<&str>,
        lookup: Lookup<'_>,
    ) -> Self {
        let folder = project_root.join(working_directory);
        let python = python(&folder, project_root, virtual_env, lookup);
        Self {
            python: python.map_or_else(|| "python3".to_owned(), |path| path.display().to_string()),
            maven: wrapper("mvnw", &folder, project_root).unwrap_or_else(|| "mvn".to_owned()),
            gradle: wrapper("gradlew", &folder, project_root)
                .unwrap_or_else(|| "gradle".to_owned()),
            has_nextest: lookup("cargo-nextest").is_some(),
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            packages: packages(project_root, &folder),
            ..Self::default()
        }
    }
}

/// The program of this name that a project brings along, in the folder of a job or in the root.
fn wrapper(name: &str, folder: &Path, project_root: &Path) -> Option<String> {
    let mut places = [folder, project_root].into_iter().map(|place| place.join(name));
    places.find(|path| path.is_file()).map(|path| path.display().to_string())
}

fn packages(project_root: &Path, folder: &Path) -> BTreeMap<RunnerKind, NodePackage> {
    let runners = RunnerKind::ALL.into_iter().filter(|runner| runner.is_javascript());
    runners
        .filter_map(|runner| Some((runner, javascript::package(project_root, folder, runner)?)))
        .collect()
}

/// The interpreter for a folder: its environment, that of the repository, the active one, `PATH`.
#[must_use]
pub fn python(
    folder: &Path,
    project_root: &Path,
    virtual_env: Option<&str>,
    lookup: Lookup<'_>,
) -> Option<PathBuf> {
    let own = [folder, project_root]
        .into_iter()
        .flat_map(|folder| [folder.join(".venv"), folder.join("venv")]);
    own.chain(virtual_env.filter(|path| !path.is_empty()).map(PathBuf::from))
        .map(|environment| environment.join("bin/python"))
        .find(|python| python.is_file())
        .or_else(|| lookup("python3").map(|found| behind_shim(found, folder, project_root)))
        .or_else(|| lookup("python"))
}

/// The interpreter behind a start script of pyenv, which would ask several shells for it each
/// time. Where a file or a variable chooses a version, the script is left to do its work.
fn behind_shim(found: PathBuf, folder: &Path, project_root: &Path) -> PathBuf {
    let shims = found.parent().filter(|folder| folder.ends_with("shims"));
    let Some(root) = shims.and_then(Path::parent) else { return found };
    let is_chosen = [folder, project_root].iter().any(|one| one.join(".python-version").exists())
        || std::env::var_os("PYENV_VERSION").is_some();
    if is_chosen {
        return found;
    }
    let version = std::fs::read_to_string(root.join("version")).unwrap_or_default();
    let version = version.split_whitespace().next().unwrap_or_default();
    let real = root.join("versions").join(version).join("bin/python3");
    if !version.is_empty() && real.is_file() { real } else { found }
}

/// Whether an interpreter can import pytest, told by the folders it installs into; nothing is
/// started. `None` when it may look elsewhere, too, so that only the interpreter itself can say.
#[must_use]
pub fn has_pytest(python: &Path) -> Option<bool> {
    let real = std::fs::canonicalize(python).ok()?;
    // A virtual environment keeps its packages beside itself; only its interpreter is a link.
    let prefixes = [python, &real].map(|path| path.parent().and_then(Path::parent));
    for prefix in prefixes.into_iter().flatten() {
        let mut packages = package_folders(prefix).into_iter();
        if packages.any(|folder| folder.join("pytest/__init__.py").is_file()) {
            return Some(true);
        }
        if is_closed(prefix) {
            return Some(false);
        }
    }
    None
}

/// Whether a prefix is a virtual environment that sees no packages but its own.
fn is_closed(prefix: &Path) -> bool {
    let configuration = std::fs::read_to_string(prefix.join("pyvenv.cfg")).unwrap_or_default();
    let mut settings = configuration.lines().filter_map(|line| line.split_once('='));
    settings.any(|(key, value)| {
        key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("false")
    })
}

fn package_folders(prefix: &Path) -> Vec<PathBuf> {
    let lib = prefix.join("lib");
    let Ok(entries) = std::fs::read_dir(&lib) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"))
        .flat_map(|entry| ["site-packages", "dist-packages"].map(|name| entry.path().join(name)))
        .filter(|folder| folder.is_dir())
        .collect()
}

/// What is missing for a runner, and how to get it.
///
/// # Errors
/// A [`WorkErrorKind::ToolMissing`] that names the tool and the way to install it.
pub fn check(
    runner: RunnerKind,
    project_root: &Path,
    working_directory: &str,
    lookup: Lookup<'_>,
) -> Result<(), WorkError> {
    let folder = project_root.join(working_directory);
    match runner {
        RunnerKind::Pytest | RunnerKind::Unittest => {
            python(&folder, project_root, None, lookup).map(drop).ok_or_else(|| {
                missing("python3 was not found: install Python 3.8 or later, or make a `.venv` in the project")
            })
        }
        RunnerKind::Cargo => lookup("cargo").map(drop).ok_or_else(|| {
            missing("cargo was not found: install Rust from https://rustup.rs")
        }),
        RunnerKind::Nextest => lookup("cargo-nextest").map(drop).ok_or_else(|| {
            missing("cargo nextest was not found: install it with `cargo install --locked cargo-nextest`, or say `runner: cargo`")
        }),
        RunnerKind::Go => lookup("go").map(drop).ok_or_else(|| {
            missing("go was not found: install Go 1.19 or later from https://go.dev/dl")
        }),
        RunnerKind::Maven => brought(("mvnw", "mvn"), &folder, project_root, lookup).ok_or_else(|| {
            missing("mvn was not found: install Maven 3.6 or later, or add its wrapper `mvnw` to the project")
        }),
        RunnerKind::Gradle => brought(("gradlew", "gradle"), &folder, project_root, lookup).ok_or_else(|| {
            missing("gradle was not found: install Gradle, or add its wrapper `gradlew` to the project")
        }),
        RunnerKind::Node => node(lookup),
        RunnerKind::Jest
        | RunnerKind::Vitest
        | RunnerKind::Mocha
        | RunnerKind::Playwright
        | RunnerKind::Cypress => {
            node(lookup)?;
            let package = javascript::package(project_root, &folder, runner);
            let usable = javascript::usable(project_root, &folder, runner, package.as_ref());
            usable.map(drop).map_err(missing)
        }
        RunnerKind::Command => Ok(()),
    }
}

/// Whether a project brings a program along, or the machine has it.
fn brought(
    (wrapped, name): (&str, &str),
    folder: &Path,
    project_root: &Path,
    lookup: Lookup<'_>,
) -> Option<()> {
    wrapper(wrapped, folder, project_root).map(drop).or_else(|| lookup(name).map(drop))
}

fn node(lookup: Lookup<'_>) -> Result<(), WorkError> {
    let found = lookup("node").map(drop);
    found.ok_or_else(|| missing("node was not found: install Node.js 18 or later"))
}

/// The error for an interpreter that cannot import pytest.
#[must_use]
pub fn pytest_missing(python: &Path) -> WorkError {
    missing(format!(
        "pytest is not installed for {0}: install it with `{0} -m pip install pytest`",
        python.display()
    ))
}

fn missing(message: impl Into<String>) -> WorkError {
    WorkError { kind: WorkErrorKind::ToolMissing, message: message.into() }
}
