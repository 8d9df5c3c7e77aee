//! Where the packages of frameworks are installed, and what to say when one is missing or too
//! old. Reads manifests only: nothing is started, and nothing is ever downloaded.

use std::path::{Path, PathBuf};

use apex_config::model::RunnerKind;
use serde_json::Value;

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePackage {
    /// Its program, to be run by Node.
    pub program: String,
    /// Its version, as its manifest says.
    pub version: String,
    /// The versions of Node that it asks for; empty where it does not say.
    pub node: String,
}

impl NodePackage {
    /// The first number of its version.
    pub(super) fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// What Apex needs of a framework: its package, the name of its program, the oldest major
/// version that tells what is needed.
struct Need {
    package: &'static str,
    program: &'static str,
    least: u32,
}

const fn need(runner: RunnerKind) -> Option<Need> {
    let (package, program, least) = match runner {
        RunnerKind::Jest => ("jest", "jest", 29),
        RunnerKind::Vitest => ("vitest", "vitest", 3),
        RunnerKind::Mocha => ("mocha", "mocha", 9),
        RunnerKind::Playwright => ("@playwright/test", "playwright", 1),
        RunnerKind::Cypress => ("cypress", "cypress", 10),
        _ => return None,
    };
    Some(Need { package, program, least })
}

/// The package of a framework as Node would find it from a folder: in its `node_modules`, else in
/// those of the folders above it, up to the root of the project. `None` where it is not installed.
pub(crate) fn package(root: &Path, folder: &Path, runner: RunnerKind) -> Option<NodePackage> {
    let need = need(runner)?;
    let folders = folder.ancestors().take_while(|one| one.starts_with(root));
    let mut places = folders.map(|one| one.join("node_modules").join(need.package));
    let place = places.find(|place| place.join("package.json").is_file())?;
    let text = std::fs::read_to_string(place.join("package.json")).ok()?;
    let manifest: Value = serde_json::from_str(&text).ok()?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let program = match &manifest["bin"] {
        Value::String(path) => path.clone(),
        programs => word(&programs[need.program]),
    };
    Some(NodePackage {
        program: place.join(program.trim_start_matches("./")).display().to_string(),
        version: word(&manifest["version"]),
        node: word(&manifest["engines"]["node"]),
    })
}

/// What is wrong with the package of a framework, and what to type; `found` is what [`package`]
/// found for the folder.
///
/// # Errors
/// A sentence for people when the package is missing or too old.
pub(crate) fn usable<'p>(
    root: &Path,
    folder: &Path,
    runner: RunnerKind,
    found: Option<&'p NodePackage>,
) -> Result<Option<&'p NodePackage>, String> {
    let Some(need) = need(runner) else { return Ok(None) };
    let place = match folder.strip_prefix(root).ok().and_then(Path::to_str) {
        Some("") | None => "the project".to_owned(),
        Some(folder) => format!("`{folder}`"),
    };
    let manager = Manager::of(root, folder);
    let Some(package) = found else {
        return Err(manager.missing(root, folder, &place, &need));
    };
    if package.major().is_some_and(|major| major < need.least) {
        return Err(format!(
            "{} {} of {place} is too old: Apex needs {} or later; install it with `{} {}@latest`",
            need.package, package.version, need.least, manager.add, need.package
        ));
    }
    Ok(Some(package))
}

/// A package manager, by the file in which it locks versions.
struct Manager {
    install: &'static str,
    add: &'static str,
}

const NPM: Manager = Manager { install: "npm install", add: "npm install --save-dev" };

const MANAGERS: [(&str, Manager); 4] = [
    ("pnpm-lock.yaml", Manager { install: "pnpm install", add: "pnpm add --save-dev" }),
    ("yarn.lock", Manager { install: "yarn install", add: "yarn add --dev" }),
    ("bun.lock", Manager { install: "bun install", add: "bun add --dev" }),
    ("bun.lockb", Manager { install: "bun install", add: "bun add --dev" }),
];

impl Manager {
    fn of(root: &Path, folder: &Path) -> Self {
        let known = MANAGERS.into_iter().find(|(lock, _)| find_above(root, folder, lock).is_some());
        known.map_or(NPM, |(_, manager)| manager)
    }

    fn missing(&self, root: &Path, folder: &Path, place: &str, need: &Need) -> String {
        let Need { package, least, .. } = need;
        if find_above(root, folder, ".pnp.cjs").is_some() {
            return format!(
                "{package} of {place} is not in a node_modules folder, and Apex does not read \
                 Yarn's Plug'n'Play: say `nodeLinker: node-modules` in .yarnrc.yml, or give the \
                 category a `command:`"
            );
        }
        let is_declared = folder.ancestors().take_while(|one| one.starts_with(root)).any(|one| {
            let text = std::fs::read_to_string(one.join("package.json")).unwrap_or_default();
            text.contains(&format!("\"{package}\""))
        });
        if is_declared {
            return format!(
                "{package} is not installed in {place}: run `{}` there first",
                self.install
            );
        }
        format!(
            "{package} is not installed in {place}: install {least} or later with `{} {package}`",
            self.add
        )
    }
}

fn find_above(root: &Path, folder: &Path, name: &str) -> Option<PathBuf> {
    let folders = folder.ancestors().take_while(|one| one.starts_with(root));
    folders.map(|one| one.join(name)).find(|path| path.exists())
}
