//! Which files a project's configuration is in, and where the project begins.
//!
//! The only file that reads the disk. It does not know what the files say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::combine::{Document, Documents};
use crate::environment_variables::{CONFIG, PROJECT_ROOT};
use crate::place::{Place, SourceKind};
use crate::problem::Problem;

/// Where a layer file may be, below the project root; the first that exists holds.
pub const LAYER_FILES: [&str; 5] = [
    "apex.yaml",
    "config/test_layers.yaml",
    "test_framework/config/test_layers.yaml",
    "test_layers.yaml",
    "apex.yml",
];
const CATEGORY_FILES: [&str; 2] = ["categories.yaml", "test_categories.yml"];

/// Where to look.
#[derive(Clone, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) project: Option<&'a Path>,
    pub(crate) start: &'a Path,
    pub(crate) config: Option<&'a Path>,
    pub(crate) variables: &'a BTreeMap<String, String>,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) root: PathBuf,
    pub(crate) file: Option<PathBuf>,
    pub(crate) documents: Documents,
}

/// Finds the root and the files, and reads them.
///
/// # Errors
/// A problem for a file that was named and cannot be read.
pub(crate) fn find(search: &Search<'_>) -> Result<Found, Box<Problem>> {
    let file = named_file(search)?;
    let root = root(search, file.as_deref())?;
    let file =
        file.or_else(|| LAYER_FILES.iter().map(|name| root.join(name)).find(|p| p.is_file()));
    let documents = documents(&root, file.as_deref())?;
    Ok(Found { root, file, documents })
}

/// The file of the flag or of the variable; it has to exist.
fn named_file(search: &Search<'_>) -> Result<Option<PathBuf>, Box<Problem>> {
    let variable = search.variables.get(CONFIG).filter(|value| !value.is_empty());
    let (path, place) = match (search.config, variable) {
        (Some(path), _) => (path, Place::whole(SourceKind::Flag, "--config")),
        (None, Some(value)) => (Path::new(value), Place::whole(SourceKind::Variable, CONFIG)),
        (None, None) => return Ok(None),
    };
    let path = lexically_clean(&search.start.join(path));
    if path.is_file() {
        return Ok(Some(path));
    }
    let what = if path.is_dir() { "is a folder, not a file" } else { "does not exist" };
    let problem = Problem::error(&place, format!("the layer file {} {what}", path.display()));
    Err(Box::new(problem.about(path.display().to_string()).hint("name an existing YAML file")))
}

/// The root that was named; else the nearest folder upwards from the layer file or the start that
/// has a layer file or `.git`; else where the search began.
///
/// # Errors
/// A problem for a named root that is no folder.
fn root(search: &Search<'_>, file: Option<&Path>) -> Result<PathBuf, Box<Problem>> {
    let variable = search.variables.get(PROJECT_ROOT).filter(|value| !value.is_empty());
    let flag = search.project.map(|path| (path, Place::whole(SourceKind::Flag, "--project")));
    let named = flag.or_else(|| {
        let place = Place::whole(SourceKind::Variable, PROJECT_ROOT);
        variable.map(|path| (Path::new(path), place))
    });
    if let Some((project, place)) = named {
        return named_root(&lexically_clean(&search.start.join(project)), &place);
    }
    let start = lexically_clean(search.start);
    let begin = file.and_then(Path::parent).unwrap_or(&start);
    if let Some(root) = begin.ancestors().find(|folder| is_root(folder, file)) {
        return Ok(root.to_owned());
    }
    Ok(begin.to_owned())
}

/// A root that was named has to be a folder: nothing is made there that nobody asked for.
fn named_root(root: &Path, place: &Place) -> Result<PathBuf, Box<Problem>> {
    if root.is_dir() {
        return Ok(root.to_owned());
    }
    let what = if root.exists() { "is not a folder" } else { "does not exist" };
    let problem = Problem::error(place, format!("the project folder {} {what}", root.display()));
    Err(Box::new(problem.about(root.display().to_string()).hint("name an existing folder")))
}

fn is_root(folder: &Path, file: Option<&Path>) -> bool {
    folder.join(".git").exists()
        || LAYER_FILES.iter().any(|name| {
            let candidate = folder.join(name);
            Some(candidate.as_path()) == file || candidate.is_file()
        })
}

fn documents(root: &Path, file: Option<&Path>) -> Result<Documents, Box<Problem>> {
    let usual = root.join("config");
    let folder = file.and_then(Path::parent).unwrap_or(&usual);
    let mut categories = Vec::new();
    for name in CATEGORY_FILES {
        categories.extend(read_if_present(&folder.join(name), root)?);
    }
    Ok(Documents {
        layer_file: file.map(|file| read(file, root)).transpose()?,
        categories,
        execution: read_if_present(&folder.join("execution.yaml"), root)?,
        services: read_if_present(&folder.join("services.yaml"), root)?,
        quarantine: read_if_present(&folder.join("quarantine.yaml"), root)?,
        environments: environments(&folder.join("environments"), root)?,
        variables: variables(root, folder)?,
    })
}

fn environments(folder: &Path, root: &Path) -> Result<Vec<(String, Document)>, Box<Problem>> {
    let mut found = Vec::new();
    for path in files_in(folder) {
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if let (true, Some(name)) = (is_yaml, path.file_stem().and_then(|stem| stem.to_str())) {
            found.push((name.to_owned(), read(&path, root)?));
        }
    }
    Ok(found)
}

/// `.env` and `.env.<name>` of the root, then of the folder of the file; the general ones of both
/// come before those of an environment.
fn variables(root: &Path, folder: &Path) -> Result<Vec<(Option<String>, Document)>, Box<Problem>> {
    let mut found = Vec::new();
    let mut folders = vec![root];
    if folder != root {
        folders.push(folder);
    }
    for folder in folders {
        found.extend(read_if_present(&folder.join(".env"), root)?.map(|document| (None, document)));
        for path in files_in(folder) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Samples are there to be copied and hold no values of anybody.
            let bound = name
                .strip_prefix(".env.")
                .filter(|name| !matches!(*name, "example" | "sample" | "template"));
            if let Some(bound) = bound {
                found.push((Some(bound.to_owned()), read(&path, root)?));
            }
        }
    }
    Ok(found)
}

/// The files of a folder by name; none when it cannot be read.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn read_if_present(path: &Path, root: &Path) -> Result<Option<Document>, Box<Problem>> {
    if path.is_file() { read(path, root).map(Some) } else { Ok(None) }
}

fn read(path: &Path, root: &Path) -> Result<Document, Box<Problem>> {
    let label = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let refuse = |message: String| {
        Box::new(Problem::error(&Place::whole(SourceKind::File, &label), message))
    };
    // The size is asked first: what is too large is not read into memory.
    let size = fs::metadata(path).map(|metadata| metadata.len());
    let most = crate::yaml::LARGEST_FILE as u64;
    match size {
        Ok(size) if size > most => {
            return Err(refuse(format!(
                "the file has {size} bytes, more than the {most} that are read"
            )));
        }
        _ => {}
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Document { label, bytes }),
        Err(error) => Err(refuse(format!("the file cannot be read: {error}"))),
    }
}

/// The text of a file of the project; nothing when there is no such file.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn text_of(path: &Path, root: &Path) -> Result<Option<String>, String> {
    let document = read_if_present(path, root).map_err(|problem| problem.message)?;
    let text = |document: Document| {
        String::from_utf8(document.bytes).map_err(|_| "the file is not UTF-8 text".to_owned())
    };
    document.map(text).transpose()
}

/// The path without `.` and with `..` taken away where a name stands before it.
pub(crate) fn lexically_clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
