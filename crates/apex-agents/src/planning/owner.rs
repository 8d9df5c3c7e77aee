//! Who owns the tests under a path: the category whose work covers it most closely.

use std::path::Path;

use apex_config::model::{Category, CategoryName, RunnerKind};
use apex_core::plan::{JobSpec, Work, WorkError};

/// A path that leads to no test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing is there.
    #[error("there is no `{0}` in the project")]
    Missing(String),
    /// It is there, and no category runs it.
    #[error("no category runs tests under `{0}`")]
    Unowned(String),
}

/// The categories that own the tests under a path, each with its jobs narrowed to the path.
///
/// # Errors
/// [`PathError`] when there is nothing at the path, or no category runs it.
pub(super) fn of_path(
    root: &Path,
    path: &str,
    work: &[(&Category, Result<Vec<JobSpec>, WorkError>)],
) -> Result<Vec<(CategoryName, Vec<JobSpec>)>, PathError> {
    let (file, id) = match path.split_once("::") {
        Some((file, _)) => (file, Some(path)),
        None => (path, None),
    };
    let file = file.trim_start_matches("./").trim_end_matches('/');
    if !root.join(file).exists() {
        return Err(PathError::Missing(file.to_owned()));
    }
    let mut closest = 0;
    let mut owners: Vec<(CategoryName, Vec<JobSpec>)> = Vec::new();
    for (category, specs) in work {
        for spec in specs.iter().flatten() {
            let Some((closeness, narrowed)) = narrow(spec, file, id) else { continue };
            if closeness > closest {
                owners.clear();
                closest = closeness;
            }
            if closeness < closest {
                continue;
            }
            match owners.last_mut() {
                Some((name, specs)) if *name == category.name => specs.push(narrowed),
                // The first category in order owns what several cover equally closely, unless
                // the path is a folder above the work of each of them.
                Some(_) if closeness != ABOVE => {}
                _ => owners.push((category.name.clone(), vec![narrowed])),
            }
        }
    }
    if owners.is_empty() { Err(PathError::Unowned(file.to_owned())) } else { Ok(owners) }
}

/// The closeness of a path that is a folder above the work.
const ABOVE: usize = 1;

/// A job narrowed to a path, and how closely its work covered the path.
fn narrow(spec: &JobSpec, file: &str, id: Option<&str>) -> Option<(usize, JobSpec)> {
    let Work::Tests { paths, markers, keyword, ignore, arguments } = &spec.work else {
        return None;
    };
    let folder = &*spec.working_directory;
    let inside = |path: &str| join(folder, path);
    let whole_folder = [String::new()];
    let covered = if paths.is_empty() { &whole_folder[..] } else { paths };
    let above: Vec<String> =
        covered.iter().filter(|path| is_below(&inside(path), file)).cloned().collect();
    if !above.is_empty() {
        let work = Work::Tests {
            paths: if paths.is_empty() { Vec::new() } else { above },
            markers: markers.clone(),
            keyword: keyword.clone(),
            ignore: ignore.clone(),
            arguments: arguments.clone(),
        };
        // A path that is exactly the work is closer than one above it.
        let exact = covered.iter().any(|path| inside(path) == file);
        let closeness = if exact { ABOVE + file.len() + 1 } else { ABOVE };
        return Some((closeness, JobSpec { work, ..spec.clone() }));
    }
    let cover = covered.iter().map(|path| inside(path)).filter(|path| is_below(file, path));
    let closeness = cover.map(|path| ABOVE + path.len() + 1).max()?;
    if !takes_paths(spec.runner) {
        return None;
    }
    let wanted = id.unwrap_or(file);
    let relative = match folder {
        "" => wanted,
        folder => wanted.strip_prefix(folder)?.trim_start_matches('/'),
    };
    let work = Work::Tests {
        paths: vec![relative.to_owned()],
        markers: markers.clone(),
        keyword: keyword.clone(),
        ignore: ignore.clone(),
        arguments: arguments.clone(),
    };
    Some((closeness, JobSpec { work, shard: None, ..spec.clone() }))
}

/// Whether a runner can be asked for a file of its tests.
const fn takes_paths(runner: RunnerKind) -> bool {
    matches!(runner, RunnerKind::Pytest | RunnerKind::Unittest | RunnerKind::Node)
}

fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// Whether `path` is `folder` or something in it.
fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
