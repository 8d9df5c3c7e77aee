//! The commands that run again what failed in a run, and little else.
//!
//! A test is named where its framework can be asked for it, its file where that is all a framework
//! takes, else its category is run again. Words are quoted for a shell.

use std::collections::BTreeSet;

use apex_config::model::RunnerKind;
use apex_core::RunView;
use apex_core::view::TestView;

use super::shown::{broken_categories, category_of};

/// Tests and files that one command names; beyond it their categories are run again.
const MOST_PATHS: usize = 100;

/// The commands, in the order in which they should be typed; none when nothing failed.
#[must_use]
pub fn commands(view: &RunView) -> Vec<String> {
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
    if paths.len() > MOST_PATHS {
        paths.clear();
        categories.extend(view.failed_tests().map(|(_, test)| category_of(view, test.job)));
    }
    let mut commands = Vec::new();
    if !paths.is_empty() {
        let words = paths.iter().map(|path| quoted(path));
        commands.push(command(view, &words.collect::<Vec<_>>().join(" ")));
    }
    if !categories.is_empty() {
        let names = categories.into_iter().collect::<Vec<_>>().join(",");
        commands.push(command(view, &format!("--categories {names} --no-dependencies")));
    }
    commands
}

/// The command for what is meant, in the environment of the run.
fn command(view: &RunView, what: &str) -> String {
    let environment = view.plan().request.environment.as_ref().map(AsRef::<str>::as_ref);
    let beside = match environment {
        None | Some("test") => "",
        Some("production") => " --env production --allow-prod",
        Some(other) => &format!(" --env {}", quoted(other)),
    };
    format!("apex run {what}{beside}")
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

/// A word as a shell takes it; one that no shell can be told is left as it is.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
