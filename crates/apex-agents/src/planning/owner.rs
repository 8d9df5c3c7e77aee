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
    /// A category runs it, with a framework that Apex cannot ask for so small a part.
    #[error("`{path}` is part of category `{category}`, and {} is not asked for a part that small", runner.as_str())]
    TooSmall {
        /// What was asked for.
        path: String,
        /// The category that runs it.
        category: CategoryName,
        /// Its framework.
        runner: RunnerKind,
    },
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
    let dotted = from_dotted(root, path, work);
    let path = dotted.as_deref().unwrap_or(path);
    let (file, id) = match path.split_once("::") {
        Some((file, _)) => (file, Some(path)),
        None => (path, None),
    };
    let file = file.trim_start_matches("./").trim_end_matches('/');
    if !root.join(file).exists() {
        return Err(PathError::Missing(file.to_owned()));
    }
    let mut closest = 0;
    let mut too_small = None;
    let mut owners: Vec<(CategoryName, Vec<JobSpec>)> = Vec::new();
    for (category, specs) in work {
        for spec in specs.iter().flatten() {
            let (closeness, narrowed) = match narrow(spec, file, id) {
                Fit::Narrowed(closeness, spec) => (closeness, spec),
                Fit::TooSmall(closeness) => {
                    let is_closer = |(known, ..): &(usize, _, _)| closeness > *known;
                    if too_small.as_ref().is_none_or(is_closer) {
                        too_small = Some((closeness, category.name.clone(), spec.runner));
                    }
                    continue;
                }
                Fit::Elsewhere => continue,
            };
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
    match too_small {
        _ if !owners.is_empty() => Ok(owners),
        Some((_, category, runner)) => {
            Err(PathError::TooSmall { path: path.to_owned(), category, runner })
        }
        None => Err(PathError::Unowned(file.to_owned())),
    }
}

/// An id of unittest (`package.module.Class.test`) as a path, when its module is a file of the
/// project: ids are asked for as `apex list tests` shows them.
fn from_dotted(
    root: &Path,
    id: &str,
    work: &[(&Category, Result<Vec<JobSpec>, WorkError>)],
) -> Option<String> {
    if id.contains(['/', ':']) || root.join(id).exists() {
        return None;
    }
    let parts: Vec<&str> = id.split('.').collect();
    let specs = work.iter().flat_map(|(_, specs)| specs.iter().flatten());
    let mut folders: Vec<&str> = specs.map(|spec| &*spec.working_directory).collect();
    folders.push("");
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        for end in (1..=parts.len()).rev() {
            let file = join(folder, &format!("{}.py", parts[..end].join("/")));
            if root.join(&file).is_file() {
                let inside = [&[file.as_str()], &parts[end..]].concat();
                return Some(inside.join("::"));
            }
        }
    }
    None
}

/// The closeness of a path that is a folder above the work.
const ABOVE: usize = 1;

/// How the work of a job and a path fit.
enum Fit {
    /// The job narrowed to the path, and how closely its work covered the path.
    Narrowed(usize, JobSpec),
    /// The path is a part of the work for which the framework is not asked; how closely the work
    /// covers it.
    TooSmall(usize),
    /// The one is no part of the other.
    Elsewhere,
}

fn narrow(spec: &JobSpec, file: &str, id: Option<&str>) -> Fit {
    let Work::Tests { paths, markers, keyword, ignore, arguments } = &spec.work else {
        return Fit::Elsewhere;
    };
    let folder = &*spec.working_directory;
    let inside = |path: &str| join(folder, path);
    let whole_folder = [String::new()];
    let covered = if paths.is_empty() { &whole_folder[..] } else { paths };
    let above: Vec<String> =
        covered.iter().filter(|path| is_below(&inside(path), file)).cloned().collect();
    if !above.is_empty() && id.is_none() {
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
        return Fit::Narrowed(closeness, JobSpec { work, ..spec.clone() });
    }
    let cover = covered.iter().map(|path| inside(path)).filter(|path| is_below(file, path));
    let Some(closeness) = cover.map(|path| ABOVE + path.len() + 1).max() else {
        return Fit::Elsewhere;
    };
    if !spec.runner.takes_paths() || (id.is_some() && !spec.runner.takes_ids()) {
        return Fit::TooSmall(closeness);
    }
    let wanted = id.unwrap_or(file);
    let relative = wanted.strip_prefix(folder).unwrap_or(wanted).trim_start_matches('/');
    let work = Work::Tests {
        paths: vec![relative.to_owned()],
        markers: markers.clone(),
        keyword: keyword.clone(),
        ignore: ignore.clone(),
        arguments: arguments.clone(),
    };
    Fit::Narrowed(closeness, JobSpec { work, shard: None, ..spec.clone() })
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
