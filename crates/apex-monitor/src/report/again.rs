//! The commands that run again what failed in a run, and little else.
//!
//! A test is named where its framework can be asked for it, its file where that is all a framework
//! takes, else its category is run again. Words are quoted for a shell.

use std::collections::BTreeSet;

use apex_config::DEFAULT_ENVIRONMENT;
use apex_config::model::RunnerKind;
use apex_core::view::{CategoryView, TestView};
use apex_core::{Outcome, RunView};

use super::shown::{broken_categories, category_of};

/// Tests that one command names; beyond it their files are run again.
const MOST_TESTS: usize = 30;

/// Files that one command names; beyond it their categories are run again.
const MOST_FILES: usize = 30;

/// Tests and files that are looked for one by one; beyond it their categories are run again.
const MOST_PATHS: usize = 1_000;

/// Which tests of a run are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that count against their layer, and categories that went wrong without them.
    Failed,
    /// Those that did not run to an end of their own: cut off, blocked, left out for time.
    NotRun,
    /// Those that failed and passed when they were tried again.
    Flaky,
}

/// What has to be run so that certain tests run again, and little else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// Tests and files, as `apex run` takes them.
    pub paths: BTreeSet<String>,
    /// Categories that have to run as a whole.
    pub categories: BTreeSet<String>,
}

impl Again {
    /// What has to be run for some of the tests of a run.
    #[must_use]
    pub fn of(view: &RunView, which: &[Which]) -> Self {
        let mut again = Self::default();
        let is_meant = |test: &&TestView| which.iter().any(|one| one.means(test.outcome()));
        let tests: Vec<&TestView> = view.tests().iter().filter(is_meant).collect();
        for test in &tests {
            match path(view, test) {
                Some(path) => again.paths.insert(path),
                None => again.categories.insert(category_of(view, test.job).to_owned()),
            };
        }
        if which.contains(&Which::Failed) {
            let broken = broken_categories(view);
            again.categories.extend(broken.map(|(planned, _)| planned.name.to_string()));
        }
        if which.contains(&Which::NotRun) {
            let open = view.plan().categories.iter().zip(view.categories()).filter(|(_, one)| {
                one.counts.discovered() == 0 && Which::NotRun.means(ending(one))
            });
            again.categories.extend(open.map(|(planned, _)| planned.name.to_string()));
        }
        if again.paths.len() > MOST_PATHS {
            again.paths.clear();
            let of = tests.iter().map(|test| category_of(view, test.job).to_owned());
            again.categories.extend(of);
        }
        again
    }

    /// Whether there is nothing to run again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.categories.is_empty()
    }
}

impl Which {
    /// The same in words behind "a test that".
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NotRun => "did not run to its end",
            Self::Flaky => "was flaky",
        }
    }

    /// Whether something with this outcome is meant; none for what has not ended.
    const fn means(self, outcome: Option<Outcome>) -> bool {
        match (self, outcome) {
            (Self::Failed, Some(outcome)) => outcome.is_bad(),
            (Self::NotRun, None) => true,
            (Self::NotRun, Some(outcome)) => matches!(
                outcome,
                Outcome::NotRun | Outcome::Cancelled | Outcome::Blocked | Outcome::Deferred
            ),
            (Self::Flaky, outcome) => matches!(outcome, Some(Outcome::Flaky)),
            (Self::Failed, None) => false,
        }
    }
}

/// How a category ended, if it did.
fn ending(category: &CategoryView) -> Option<Outcome> {
    category.progress.ending().map(|end| end.outcome)
}

/// The commands, in the order in which they should be typed; none when nothing failed.
#[must_use]
pub fn commands(view: &RunView) -> Vec<String> {
    let quoted =
        |words: Vec<String>| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    words(view).into_iter().map(|words| format!("apex run {}", quoted(words))).collect()
}

/// The words behind `apex run` of each command.
#[must_use]
pub fn words(view: &RunView) -> Vec<Vec<String>> {
    let Again { mut paths, categories } = Again::of(view, &[Which::Failed]);
    if paths.len() > MOST_TESTS {
        paths = match files(view) {
            Some(files) if files.len() <= MOST_FILES => files,
            _ => return vec![by_categories(view)],
        };
    }
    let mut commands = Vec::new();
    if !paths.is_empty() {
        commands.push(with_environment(view, paths.into_iter().collect()));
    }
    if !categories.is_empty() {
        commands.push(of_categories(view, categories.iter().map(String::as_str).collect()));
    }
    commands
}

/// The words of one command that runs all of it again, and maybe more; none when nothing failed.
#[must_use]
pub fn in_one(view: &RunView) -> Option<Vec<String>> {
    let mut commands = words(view);
    match commands.len() {
        0 | 1 => commands.pop(),
        _ => Some(by_categories(view)),
    }
}

fn by_categories(view: &RunView) -> Vec<String> {
    let failed = view.failed_tests().map(|(_, test)| category_of(view, test.job));
    let broken = broken_categories(view).map(|(planned, _)| planned.name.as_str());
    of_categories(view, failed.chain(broken).collect())
}

fn of_categories(view: &RunView, names: BTreeSet<&str>) -> Vec<String> {
    let names = names.into_iter().collect::<Vec<_>>().join(",");
    with_environment(view, vec!["--categories".to_owned(), names, "--no-dependencies".to_owned()])
}

/// What is meant, in the environment of the run.
fn with_environment(view: &RunView, mut words: Vec<String>) -> Vec<String> {
    let environment = view.plan().request.environment.as_ref().map(AsRef::<str>::as_ref);
    if let Some(name) = environment.filter(|name| *name != DEFAULT_ENVIRONMENT) {
        words.extend(["--env".to_owned(), name.to_owned()]);
        words.extend((name == "production").then(|| "--allow-prod".to_owned()));
    }
    words
}

/// What `apex run` takes for a test: the test itself, or the file that holds it.
fn path(view: &RunView, test: &TestView) -> Option<String> {
    let runner = view.plan().jobs.get(test.job.position())?.spec.runner;
    let file = test.case.file.as_deref();
    if runner.takes_ids() {
        match (runner, file) {
            (RunnerKind::Unittest, _) => return Some(test.case.id.to_string()),
            (_, Some(file)) => {
                let (_, inner) = test.case.id.split_once("::")?;
                return Some(format!("{file}::{inner}"));
            }
            (_, None) => return test.case.id.contains("::").then(|| test.case.id.to_string()),
        }
    }
    runner.takes_paths().then_some(file?).map(str::to_owned)
}

/// The files of all tests that can be named; none when one of them is in no file, or in one that
/// cannot be asked for.
fn files(view: &RunView) -> Option<BTreeSet<String>> {
    let named = view.failed_tests().filter(|(_, test)| path(view, test).is_some());
    let file = |test: &TestView| {
        let runner = view.plan().jobs.get(test.job.position())?.spec.runner;
        test.case.file.as_ref().filter(|_| runner.takes_paths()).map(|file| file.to_string())
    };
    named.map(|(_, test)| file(test)).collect()
}

/// A word as a shell takes it; one that no shell can be told is left as it is.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
