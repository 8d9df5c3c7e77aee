//! The test files of work that was found, and what a glance at their text tells: how many tests
//! seem to be in them, and whether some must not overlap.
//!
//! The glance decides how work is cut, never what runs: a wrong number costs time, not a test.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use apex_config::model::{Category, RunnerKind, Shards};
use apex_core::plan::{FoundJob, JobSpec, MayCut, Serial, Source, Work};

use super::cargo_project::join;
use super::inventory::{Inventory, Language, is_below, relative};
use super::python_project::ROOTS;
use super::shards::takes_parts;

/// Most files that are looked into; further ones count as one test.
const FILES_READ: usize = 20_000;

/// How the marker of tests that must not overlap is written in Python.
const SERIAL: &str = "mark.serial";

/// What a glance at a file told.
#[derive(Clone, Debug, Default)]
struct Glance {
    bytes: u64,
    tests: u32,
    serial: Serial,
}

/// Looks at the test files of an inventory, at each once.
pub struct Sources<'a> {
    inventory: &'a Inventory,
    seen: RefCell<HashMap<String, Glance>>,
}

impl<'a> Sources<'a> {
    /// Nothing was looked at yet.
    #[must_use]
    pub fn new(inventory: &'a Inventory) -> Self {
        Self { inventory, seen: RefCell::default() }
    }

    /// Work of a category with what is known of its files.
    #[must_use]
    pub fn with_files(&self, category: &Category, spec: JobSpec) -> FoundJob {
        let files = self.files_of(&spec);
        let sources: Vec<Source> = files.iter().map(|path| self.source(&spec, path)).collect();
        let has_parts = takes_parts(&spec.work) || !sources.is_empty();
        let is_isolated = spec.runner.isolates_files();
        let may_cut = match (category.shards, spec.runner) {
            _ if spec.shard.is_some() || !has_parts => MayCut::No,
            (Shards::Auto, _) => MayCut::Freely,
            (Shards::WhereSafe, _) if is_isolated => MayCut::Freely,
            (Shards::WhereSafe, RunnerKind::Pytest | RunnerKind::Unittest) => MayCut::OnTrust,
            (Shards::WhereSafe | Shards::Fixed(_), _) => MayCut::No,
        };
        FoundJob { spec, sources, may_cut }
    }

    /// The test files of some work, relative to the root; none where its runner takes no files
    /// or they cannot be told for certain.
    fn files_of(&self, spec: &JobSpec) -> Vec<&'a str> {
        let Work::Tests { paths, ignore, .. } = &spec.work else { return Vec::new() };
        let language = match spec.runner {
            RunnerKind::Pytest | RunnerKind::Unittest => Language::Python,
            runner if runner.runs_scripts() => Language::Script,
            _ => return Vec::new(),
        };
        let folder = &*spec.working_directory;
        let covers = |list: &[String], path: &str| list.iter().any(|one| is_below(path, one));
        let files = self.inventory.tests_in(language).filter(|path| is_below(path, folder));
        let files: Vec<&str> = files
            .filter(|path| {
                let path = relative(path, folder);
                (paths.is_empty() || covers(paths, path)) && !covers(ignore, path)
            })
            .collect();
        let certain = match language {
            Language::Python => self.has_one_root(folder, &files),
            _ => files.len() == paths.len(),
        };
        let names_tests = paths.iter().any(|path| path.contains("::"));
        if certain && !names_tests { files } else { Vec::new() }
    }

    /// Whether no folder below the work has a configuration of its own: pytest would take it for
    /// the root when all paths of a job lie below it, and call the tests by other names.
    fn has_one_root(&self, folder: &str, files: &[&str]) -> bool {
        let mut below = ROOTS
            .iter()
            .flat_map(|name| self.inventory.marked(name))
            .filter(|root| *root != folder && is_below(root, folder));
        !below.any(|root| files.iter().any(|file| is_below(file, root)))
    }

    fn source(&self, spec: &JobSpec, path: &str) -> Source {
        let glance = self.glance(path);
        Source {
            path: relative(path, &spec.working_directory).into(),
            bytes: glance.bytes,
            tests: glance.tests,
            serial: glance.serial,
        }
    }

    fn glance(&self, path: &str) -> Glance {
        let mut seen = self.seen.borrow_mut();
        if let Some(known) = seen.get(path) {
            return known.clone();
        }
        if seen.len() >= FILES_READ {
            return Glance { tests: 1, ..Glance::default() };
        }
        let text = self.inventory.read(path);
        let is_python = path.ends_with(".py");
        let tests = text.lines().filter(|line| begins_test(line.trim_start(), is_python)).count();
        let tests = u32::try_from(tests).unwrap_or(u32::MAX).max(1);
        let mut serial = if is_python { serial_in(&text, tests) } else { Serial::default() };
        if is_python && self.is_marked_from_above(path) {
            serial.marks = tests;
            serial.plain = true;
        }
        let glance = Glance { bytes: text.len() as u64, tests, serial };
        seen.insert(path.to_owned(), glance.clone());
        glance
    }

    /// Whether a `conftest.py` of a folder above adds the marker.
    fn is_marked_from_above(&self, path: &str) -> bool {
        let mut above =
            self.inventory.marked("conftest.py").iter().filter(|folder| is_below(path, folder));
        above.any(|folder| {
            let text = self.inventory.read(&join(folder, "conftest.py"));
            let adds = |call: &str| text.contains(call);
            adds("add_marker(\"serial\")")
                || adds("add_marker('serial')")
                || adds("add_marker(pytest.mark.serial")
        })
    }
}

fn begins_test(line: &str, is_python: bool) -> bool {
    let begins: &[&str] = if is_python {
        &["def test", "async def test"]
    } else {
        &["test(", "it(", "await test(", "test.only(", "it.only("]
    };
    begins.iter().any(|begin| line.starts_with(begin))
}

/// What the text of a Python file says about the marker `serial`.
fn serial_in(text: &str, tests: u32) -> Serial {
    let mut serial = Serial::default();
    for line in text.lines() {
        for (at, _) in line.match_indices(SERIAL) {
            let rest = &line[at + SERIAL.len()..];
            if rest.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
                continue;
            }
            let is_of_all = line.trim_start().starts_with("pytestmark");
            serial.marks = if is_of_all { tests } else { serial.marks.saturating_add(1) };
            match name_in(rest) {
                Some(name) if !serial.names.contains(&name) => serial.names.push(name),
                Some(_) => {}
                None => serial.plain = true,
            }
        }
    }
    serial
}

/// The text in `("text")`.
fn name_in(rest: &str) -> Option<Arc<str>> {
    let inside = rest.strip_prefix('(')?.trim_start();
    let quote = inside.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (name, after) = inside[1..].split_once(quote)?;
    after.trim_start().starts_with(')').then(|| name.into())
}
