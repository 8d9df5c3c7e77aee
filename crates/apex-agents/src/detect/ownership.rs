//! Which category a file belongs to by its place: the deepest folder that is named like one, else
//! a word in its name. Answers are kept, because every category asks for every file.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::inventory::stem;
use super::words::{TEST_ROOTS, contains, split, synonyms};

/// Who owns folders and files, for one set of known categories.
#[derive(Debug)]
pub(super) struct Ownership {
    /// Folder name (two joined by `/`) → category. A name beats a synonym.
    names: HashMap<String, usize>,
    categories: Vec<String>,
    /// Names and synonyms, cut into words, the longest first.
    words: Vec<(Vec<String>, usize)>,
    /// Folders whose name counts outside of test roots, too.
    projects: BTreeSet<String>,
    folders: RefCell<HashMap<String, Option<Owner>>>,
    stems: RefCell<HashMap<String, Option<usize>>>,
}

/// A category and how it came to a file.
type Owner = (usize, Claim);

/// How a file came to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// By this folder.
    Folder(Arc<str>),
    /// By this project folder.
    Project(Arc<str>),
    /// By a word in its name.
    Stem,
}

impl Ownership {
    pub(super) fn new(categories: Vec<String>, projects: BTreeSet<String>) -> Self {
        let mut names = HashMap::new();
        let mut words = Vec::new();
        for (index, category) in categories.iter().enumerate() {
            let synonyms = synonyms(category);
            words.extend(
                synonyms.iter().filter(|one| !one.contains('/')).map(|one| (split(one), index)),
            );
            for word in synonyms.into_iter().skip(1) {
                names.entry(word).or_insert(index);
            }
        }
        for (index, category) in categories.iter().enumerate() {
            names.insert(category.clone(), index);
        }
        // `e2e_critical` before `e2e`; among equals the order of the categories.
        words.sort_by_key(|(words, _)| usize::MAX - words.iter().map(String::len).sum::<usize>());
        let (folders, stems) = Default::default();
        Self { names, categories, words, projects, folders, stems }
    }

    /// The category of a file, and why.
    pub(super) fn owner(&self, path: &str) -> Option<(&str, Claim)> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (index, claim) = self
            .of_folder(folder)
            .or_else(|| self.of_words(stem(path)).map(|index| (index, Claim::Stem)))?;
        Some((self.categories[index].as_str(), claim))
    }

    fn of_folder(&self, folder: &str) -> Option<Owner> {
        if let Some(known) = self.folders.borrow().get(folder) {
            return known.clone();
        }
        let owner = self.search_folder(folder);
        self.folders.borrow_mut().insert(folder.to_owned(), owner.clone());
        owner
    }

    fn search_folder(&self, folder: &str) -> Option<Owner> {
        let folders: Vec<&str> = folder.split('/').collect();
        let root = folders.iter().position(|part| TEST_ROOTS.contains(part));
        for depth in (0..folders.len()).rev() {
            let folder = folders[..=depth].join("/");
            let is_below_root = root.is_some_and(|root| depth > root);
            if !is_below_root && !self.projects.contains(&folder) {
                continue;
            }
            let pair = (depth > 0).then(|| folders[depth - 1..=depth].join("/"));
            let found = pair
                .and_then(|pair| self.names.get(&pair))
                .or_else(|| self.names.get(folders[depth]));
            if let Some(index) = found {
                let folder = folder.into();
                let claim =
                    if is_below_root { Claim::Folder(folder) } else { Claim::Project(folder) };
                return Some((*index, claim));
            }
        }
        None
    }

    fn of_words(&self, name: &str) -> Option<usize> {
        if let Some(known) = self.stems.borrow().get(name) {
            return *known;
        }
        let parts = split(name);
        let found =
            self.words.iter().find(|(words, _)| contains(&parts, words)).map(|(_, index)| *index);
        self.stems.borrow_mut().insert(name.to_owned(), found);
        found
    }

    /// The category that a whole project is named after.
    pub(super) fn of_project(&self, folder: &str) -> Option<&str> {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let index = self
            .categories
            .iter()
            .position(|category| category == name || category.replace('_', "-") == name)?;
        Some(self.categories[index].as_str())
    }

    /// The category that a test target is named after.
    pub(super) fn of_target(&self, target: &str) -> Option<&str> {
        let index = self.names.get(target).copied().or_else(|| self.of_words(target))?;
        Some(self.categories[index].as_str())
    }
}
