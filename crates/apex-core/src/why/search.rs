//! Which subject a word means: a whole name, or a part that only one name has.

use std::collections::BTreeSet;
use std::sync::Arc;

use apex_config::model::CategoryName;

use super::{Known, Subject};

/// Most names that are offered when nothing bears the one that was typed.
const OFFERED: usize = 3;

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// This one.
    One(Subject),
    /// One of these; in order, never fewer than two.
    Several(Vec<Subject>),
    /// Nothing; names that are near to it.
    Nothing(Vec<String>),
}

/// Finds what a word means: names that it is, else names that it is a part of. A part that a file
/// has in its path means the file and not every test in it.
#[must_use]
pub fn search(known: Known<'_>, word: &str) -> Search {
    let all = subjects(known);
    let whole = all.iter().filter(|subject| subject.name() == word).cloned();
    let whole: Vec<Subject> = whole.collect();
    if !whole.is_empty() {
        return of(whole);
    }
    let part = word.to_lowercase();
    let has_part = |subject: &&Subject| subject.name().to_lowercase().contains(&part);
    let hits: Vec<&Subject> = all.iter().filter(has_part).collect();
    let files: BTreeSet<(&CategoryName, &Arc<str>)> = hits
        .iter()
        .filter(|subject| matches!(subject, Subject::File(..)))
        .filter_map(|subject| Some((subject.category(), subject.file()?)))
        .collect();
    let is_in_file = |subject: &Subject| {
        let file = subject.file().map(|file| (subject.category(), file));
        matches!(subject, Subject::Test(..)) && file.is_some_and(|file| files.contains(&file))
    };
    let hits: Vec<Subject> = hits.into_iter().filter(|hit| !is_in_file(hit)).cloned().collect();
    if hits.is_empty() { Search::Nothing(near(word, &all)) } else { of(hits) }
}

fn of(mut subjects: Vec<Subject>) -> Search {
    match subjects.len() {
        1 => Search::One(subjects.remove(0)),
        _ => Search::Several(subjects),
    }
}

/// Everything that has a name: categories, and the tests and files that history or the run knows.
fn subjects(known: Known<'_>) -> BTreeSet<Subject> {
    let names = known.config.categories.keys();
    let mut all: BTreeSet<Subject> = names.cloned().map(Subject::Category).collect();
    let mut add = |category: &CategoryName, id: &Arc<str>, file: Option<&Arc<str>>| {
        let test = Subject::Test(category.clone(), Arc::clone(id), file.cloned());
        all.insert(test);
        if let Some(file) = file {
            all.insert(Subject::File(category.clone(), Arc::clone(file)));
        }
    };
    for (category, past) in &known.history.categories {
        for (id, test) in &past.tests {
            add(category, id, test.file.as_ref());
        }
    }
    let Some(view) = known.run else { return all };
    for test in view.tests() {
        let job = view.plan().jobs.get(test.job.position());
        let category = job.and_then(|job| view.plan().categories.get(job.category.position()));
        let Some(category) = category.map(|category| &category.name) else { continue };
        if known.history.test(category, &test.case.id).is_none() {
            add(category, &test.case.id, test.case.file.as_ref());
        }
    }
    all
}

/// Names near to a word that nothing bears; of tests and files, their last parts are compared.
fn near(word: &str, all: &BTreeSet<Subject>) -> Vec<String> {
    let last = |name: &str| {
        let cut = name.rfind(['/', ':', '.', ' ']).map_or(0, |at| at + 1);
        name[cut..].to_owned()
    };
    let names: BTreeSet<String> = all
        .iter()
        .map(|subject| match subject {
            Subject::File(_, path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            subject => last(subject.name()),
        })
        .collect();
    apex_config::nearest_of(word, names.iter().map(String::as_str), OFFERED)
        .into_iter()
        .map(str::to_owned)
        .collect()
}
