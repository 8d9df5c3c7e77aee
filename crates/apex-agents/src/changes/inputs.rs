//! The inputs of a category: which of them changed, and what all of them amount to.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use apex_config::model::CommandLine;
use apex_core::CategoryIx;
use apex_core::Plan;
use apex_core::change::{Fingerprint, InputState};
use apex_core::plan::{JobSpec, Work};
use blake3::Hasher;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Hexadecimal digits that are kept of a digest: 64 bits tell the states of one category apart.
const DIGITS: usize = 16;

/// A project that was looked at.
pub(super) struct Looked<'a> {
    pub(super) root: &'a Path,
    /// The layer file: what it says may concern every category.
    pub(super) file: Option<&'a str>,
    /// Files that changed, in order.
    pub(super) changed: &'a [String],
    /// All files, in order.
    pub(super) present: &'a [String],
}

impl Looked<'_> {
    /// The inputs of a category that declares some; its own test files are inputs too.
    pub(super) fn state(
        &self,
        plan: &Plan,
        category: CategoryIx,
        declared: &[String],
    ) -> Option<InputState> {
        if declared.is_empty() {
            return None;
        }
        let jobs = plan.jobs_of(category).map(|job| plan.job(job));
        // The same whether earlier runs let trust its parts or not.
        let specs = jobs.map(|job| job.undivided.as_deref().unwrap_or(&job.spec));
        let specs: Vec<&JobSpec> = specs.collect();
        let inputs = Inputs::of(declared, &specs)?;
        let is_layer_file = |path: &str| Some(path) == self.file;
        let changed = self.changed.iter();
        let changed = changed.filter(|path| inputs.concern(path) || is_layer_file(path)).cloned();
        let fingerprint = self.fingerprint(plan, &inputs, &specs);
        Some(InputState { changed: changed.collect(), fingerprint })
    }

    /// Nothing when a file cannot be read: what is not known is not the same.
    fn fingerprint(&self, plan: &Plan, inputs: &Inputs, specs: &[&JobSpec]) -> Option<Fingerprint> {
        let mut declaration = Hasher::new();
        add(&mut declaration, env!("CARGO_PKG_VERSION"));
        add(&mut declaration, plan.request.environment.as_ref().map_or("", |name| name.as_str()));
        inputs.patterns.iter().for_each(|pattern| add(&mut declaration, pattern));
        program(specs).iter().for_each(|part| add(&mut declaration, part));
        let mut content = Hasher::new();
        for path in self.present.iter().filter(|path| inputs.concern(path)) {
            add(&mut content, path);
            add_file(&mut content, &self.root.join(path)).ok()?;
        }
        Some(Fingerprint::new(&digits(&declaration), &digits(&content)))
    }
}

/// Which files a category depends on.
struct Inputs {
    patterns: Vec<String>,
    globs: GlobSet,
    /// Files and folders of its tests.
    tests: Vec<String>,
}

impl Inputs {
    /// Nothing when a pattern is none: the configuration is checked, so that this does not happen.
    fn of(declared: &[String], specs: &[&JobSpec]) -> Option<Self> {
        let mut globs = GlobSetBuilder::new();
        for pattern in declared {
            globs.add(GlobBuilder::new(pattern).literal_separator(true).build().ok()?);
        }
        let tests = specs.iter().flat_map(|spec| test_paths(spec)).collect();
        Some(Self { patterns: declared.to_vec(), globs: globs.build().ok()?, tests })
    }

    fn concern(&self, path: &str) -> bool {
        self.globs.is_match(path) || self.tests.iter().any(|test| is_inside(path, test))
    }
}

fn is_inside(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The files and folders of a job's tests, relative to the project.
fn test_paths(spec: &JobSpec) -> Vec<String> {
    let Work::Tests { paths, .. } = &spec.work else { return Vec::new() };
    let file = |path: &String| path.split("::").next().unwrap_or(path).to_owned();
    let below = |path: String| match &*spec.working_directory {
        "" => path,
        folder => format!("{folder}/{path}"),
    };
    paths.iter().map(file).map(below).collect()
}

/// What the jobs of a category run, whatever they were cut into.
fn program(specs: &[&JobSpec]) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for spec in specs {
        let folder = &spec.working_directory;
        parts.insert(format!("{} in {folder}", spec.runner.as_str()));
        parts.extend(spec.env.iter().map(|(name, value)| format!("{name}={value}")));
        match &spec.work {
            Work::Command { command: CommandLine::Shell(text), .. } => {
                parts.insert(text.clone());
            }
            Work::Command { command: CommandLine::Arguments(arguments), .. } => {
                parts.insert(format!("{arguments:?}"));
            }
            Work::Tests { paths, markers, keyword, ignore, arguments } => {
                parts.extend(paths.iter().map(|path| format!("{folder}/{path}")));
                parts.insert(format!("{markers:?} {keyword:?} {ignore:?} {arguments:?}"));
            }
        }
    }
    parts
}

/// Adds a text with its length, so that no two lists of texts are the same to the digest.
fn add(hasher: &mut Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// Adds the content of a file; a file that was deleted and is still known to Git adds nothing.
fn add_file(hasher: &mut Hasher, path: &Path) -> io::Result<()> {
    if path.is_symlink() {
        let target = std::fs::read_link(path)?;
        add(hasher, &target.to_string_lossy());
        return Ok(());
    }
    // A folder that Git lists is a repository of its own; its commit is not read.
    match File::open(path) {
        Ok(file) if file.metadata()?.is_file() => {
            hasher.update(&file.metadata()?.len().to_le_bytes());
            hasher.update_reader(file)?;
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn digits(hasher: &Hasher) -> String {
    hasher.finalize().to_hex()[..DIGITS].to_owned()
}
