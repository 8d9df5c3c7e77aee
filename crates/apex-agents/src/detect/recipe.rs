//! Work that a layer file spells out: a command, or a runner with paths.

use apex_config::model::{CommandLine, RunnerKind};
use apex_core::plan::{Work, WorkError, WorkErrorKind};
use globset::Glob;

use super::cargo_project::join;
use super::inventory::{Inventory, Language, is_below, relative, stem};
use super::shards::{Found, by_arguments, tests};
use super::wanted::Wanted;

/// The command of a category.
pub(super) fn command(category: &Wanted<'_>) -> Option<Found> {
    let recipe = category.recipe;
    Some(Found {
        runner: RunnerKind::Command,
        folder: folder(category),
        work: Work::Command {
            command: recipe.command.clone()?,
            discover: recipe.discover.as_ref().map(arguments),
            report: recipe.report.clone(),
        },
        reason: "command of the layer file".to_owned(),
        by_name: false,
    })
}

/// A program as its argument vector.
fn arguments(command: &CommandLine) -> Vec<String> {
    match command {
        CommandLine::Arguments(arguments) => arguments.clone(),
        CommandLine::Shell(text) => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
    }
}

/// The folder a recipe names, without `./` and a trailing `/`.
pub(super) fn folder(category: &Wanted<'_>) -> String {
    let folder = category.recipe.working_directory.as_deref().unwrap_or_default();
    folder.trim_start_matches("./").trim_end_matches('/').trim_matches('.').to_owned()
}

/// The paths of a recipe for a runner.
///
/// # Errors
/// A path that does not exist, with the nearest one that does.
pub(super) fn paths(
    inventory: &Inventory,
    category: &Wanted<'_>,
    runner: RunnerKind,
) -> Result<Found, WorkError> {
    let folder = folder(category);
    let mut resolved = Vec::new();
    for pattern in &category.recipe.paths {
        resolved.extend(resolve(inventory, &folder, pattern)?);
    }
    resolved.dedup();
    let work = match runner {
        RunnerKind::Cargo | RunnerKind::Nextest => by_arguments(targets(&resolved)),
        runner if runner.runs_scripts() => tests(files_below(inventory, &folder, &resolved)),
        RunnerKind::Go => tests(resolved.iter().map(|path| packages_below(path)).collect()),
        RunnerKind::Maven | RunnerKind::Gradle => {
            tests(classes_below(inventory, &folder, &resolved))
        }
        _ => tests(resolved),
    };
    let reason = format!("paths {}", category.recipe.paths.join(", "));
    Ok(Found { runner, folder, work, reason, by_name: false })
}

/// A path or glob as paths relative to the folder. A glob keeps its files as they are, but
/// `dir/**` is the folder itself.
fn resolve(inventory: &Inventory, folder: &str, pattern: &str) -> Result<Vec<String>, WorkError> {
    let pattern = pattern.trim_start_matches("./");
    let below = ["/**", "/**/*", "/..."].iter().find_map(|end| pattern.strip_suffix(end));
    let plain = below.unwrap_or(pattern);
    let plain = plain.trim_end_matches('/');
    if !plain.contains(['*', '?', '[', '{']) {
        let file = plain.split("::").next().unwrap_or(plain);
        return if inventory.root.join(join(folder, file)).exists() {
            Ok(vec![plain.to_owned()])
        } else {
            Err(missing(inventory, folder, file))
        };
    }
    let glob = Glob::new(pattern).map_err(|error| WorkError {
        kind: WorkErrorKind::PathMissing,
        message: format!("`{pattern}` is not a glob: {error}"),
    })?;
    let matcher = glob.compile_matcher();
    let known = inventory.tests.iter().map(|(path, _)| path).chain(&inventory.rust);
    let found: Vec<String> = known
        .filter(|path| is_below(path, folder))
        .map(|path| relative(path, folder))
        .filter(|path| matcher.is_match(path))
        .map(str::to_owned)
        .collect();
    if found.is_empty() { Err(missing(inventory, folder, pattern)) } else { Ok(found) }
}

fn missing(inventory: &Inventory, folder: &str, path: &str) -> WorkError {
    let wanted = join(folder, path);
    let mut nearest = wanted.as_str();
    while let Some((parent, _)) = nearest.rsplit_once('/') {
        nearest = parent;
        if inventory.root.join(parent).is_dir() {
            break;
        }
    }
    let nearest =
        if nearest == wanted || !inventory.root.join(nearest).is_dir() { "." } else { nearest };
    let message = if path.contains(['*', '?', '[', '{']) {
        format!("no test file matches `{wanted}`; the nearest folder that exists is `{nearest}`")
    } else {
        format!("`{wanted}` does not exist; the nearest folder that does is `{nearest}`")
    };
    WorkError { kind: WorkErrorKind::PathMissing, message }
}

/// Go takes packages: a folder means those in it.
fn packages_below(path: &str) -> String {
    if path.ends_with(".go") { path.to_owned() } else { format!("{path}/...") }
}

/// Maven and Gradle take classes: folders become those below them.
fn classes_below(inventory: &Inventory, folder: &str, paths: &[String]) -> Vec<String> {
    below(inventory, Language::Jvm, folder, paths)
}

/// Node takes files: folders become the test files below them.
fn files_below(inventory: &Inventory, folder: &str, paths: &[String]) -> Vec<String> {
    below(inventory, Language::Script, folder, paths)
}

/// Paths with the test files of a language in place of the folders that hold some.
fn below(inventory: &Inventory, language: Language, folder: &str, paths: &[String]) -> Vec<String> {
    let mut files = Vec::new();
    for path in paths {
        let below: Vec<String> = inventory
            .tests_in(language)
            .filter(|file| is_below(file, folder))
            .map(|file| relative(file, folder))
            .filter(|file| is_below(file, path))
            .map(str::to_owned)
            .collect();
        if below.is_empty() { files.push(path.clone()) } else { files.extend(below) }
    }
    files
}

/// The cargo targets of source files.
fn targets(paths: &[String]) -> Vec<String> {
    let mut arguments = Vec::new();
    for path in paths {
        let is_test = path.split('/').any(|part| part == "tests") && path.ends_with(".rs");
        let new = if is_test {
            vec!["--test".to_owned(), stem(path).to_owned()]
        } else if path.starts_with("tests") {
            vec!["--test".to_owned(), "*".to_owned()]
        } else {
            vec!["--lib".to_owned(), "--bins".to_owned()]
        };
        if !arguments.ends_with(&new) {
            arguments.extend(new);
        }
    }
    arguments
}

/// The runner of paths whose recipe names none, by their ending.
pub(super) fn runner_of(inventory: &Inventory, category: &Wanted<'_>) -> Option<RunnerKind> {
    let folder = folder(category);
    let mut found = category.recipe.paths.iter().filter_map(|path| {
        let last = path.rsplit('/').next().unwrap_or(path);
        let base =
            path.split(['*', '?', '[', '{']).next().unwrap_or_default().trim_end_matches('/');
        let base = join(&folder, base);
        let extension =
            last.rsplit_once('.').map(|(_, extension)| extension).filter(|one| !one.contains('*'));
        let known = match extension {
            Some("java" | "kt" | "groovy" | "scala") => Some(jvm_runner(inventory, &folder)),
            extension => extension.and_then(runner_of_extension),
        };
        known.or_else(|| {
            inventory.tests.iter().find(|(path, _)| is_below(path, &base)).map(|(_, language)| {
                match language {
                    Language::Python => RunnerKind::Pytest,
                    Language::Script => RunnerKind::Node,
                    Language::Go => RunnerKind::Go,
                    Language::Jvm => jvm_runner(inventory, &folder),
                }
            })
        })
    });
    found.next()
}

/// The build of a folder: Gradle where only Gradle's files mark it.
fn jvm_runner(inventory: &Inventory, folder: &str) -> RunnerKind {
    let has_pom = inventory.marked("pom.xml").iter().any(|one| one == folder);
    if has_pom { RunnerKind::Maven } else { RunnerKind::Gradle }
}

fn runner_of_extension(extension: &str) -> Option<RunnerKind> {
    match extension.split("::").next().unwrap_or(extension) {
        "py" => Some(RunnerKind::Pytest),
        "rs" => Some(RunnerKind::Cargo),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "jsx" | "tsx" => Some(RunnerKind::Node),
        "go" => Some(RunnerKind::Go),
        _ => None,
    }
}
