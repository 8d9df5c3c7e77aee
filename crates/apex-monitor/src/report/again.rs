//! The commands that run again what failed in a run, and little else.
//!
//! A test is named where its framework can be asked for it, its file where that is all a framework
//! takes, else its category is run again. Words are quoted for a shell.

use std::collections::BTreeSet;

use apex_config::DEFAULT_ENVIRONMENT;
use apex_config::model::RunnerKind;
use apex_core::RunView;
use apex_core::view::TestView;

use super::shown::{broken_categories, category_of};

/// Tests that one command names; beyond it their files are run again.
const MOST_TESTS: usize = 30;

/// Files that one command names; beyond it their categories are run again.
const MOST_FILES: usize = 30;

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
    let mut paths: BTreeSet<String> = BTreeSet::new();
    let mut categories: BTreeSet<&str> = BTreeSet::new();
    for (_, test) in view.failed_tests() {
        match path(view, test) {
            Some(path) => {
                paths.insert(path);
            }
            None => {
                categories.insert(category_of(view, test.job));
            }
        }
    }
    categories.extend(broken_categories(view).map(|(planned, _)| planned.name.as_str()));
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
        commands.push(of_categories(view, categories));
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
