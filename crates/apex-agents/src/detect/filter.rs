//! The filters of a category on files: globs on paths and stems, words in paths.
//!
//! A word may also mean names or markers of tests. Where no file has it in its path, the words go
//! to the framework as a keyword expression; that is a substring match, so the reason says it.

use apex_config::model::Filters;
use globset::{Glob, GlobMatcher};

use super::inventory::stem;
use super::words::has_word;

/// One pattern, ready to match.
enum Pattern {
    Path(GlobMatcher),
    Stem(GlobMatcher),
    Word(String),
}

impl Pattern {
    fn new(text: &str) -> Self {
        let glob = |text: &str| Glob::new(text).ok().map(|glob| glob.compile_matcher());
        let is_glob = text.contains(['*', '?', '[']);
        let made = if text.contains('/') {
            glob(text).map(Self::Path)
        } else if is_glob {
            glob(text).map(Self::Stem)
        } else {
            None
        };
        made.unwrap_or_else(|| Self::Word(text.to_owned()))
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Path(glob) => glob.is_match(path),
            Self::Stem(glob) => glob.is_match(stem(path)),
            Self::Word(word) => has_word(path, word),
        }
    }
}

/// What the filters leave of a list of files.
pub(super) struct Filtered {
    /// The files.
    pub(super) files: Vec<String>,
    /// An expression over names that the framework still has to apply.
    pub(super) keyword: Option<String>,
}

/// Applies the filters of a category to its files.
pub(super) fn apply(filters: &Filters, files: Vec<String>) -> Filtered {
    let exclude: Vec<Pattern> = filters.exclude.iter().map(|text| Pattern::new(text)).collect();
    let include: Vec<Pattern> = filters.include.iter().map(|text| Pattern::new(text)).collect();
    let kept: Vec<String> =
        files.into_iter().filter(|path| !exclude.iter().any(|one| one.matches(path))).collect();
    let excluded = words(&exclude).map(|word| format!("not {word}"));
    if include.is_empty() {
        return Filtered { files: kept, keyword: joined(excluded, " and ") };
    }
    let named: Vec<String> =
        kept.iter().filter(|path| include.iter().any(|one| one.matches(path))).cloned().collect();
    if named.is_empty() {
        let included = joined(words(&include), " or ");
        let files = if included.is_some() { kept } else { Vec::new() };
        let parts = included.map(|one| format!("({one})")).into_iter().chain(excluded);
        return Filtered { files, keyword: joined(parts, " and ") };
    }
    Filtered { files: named, keyword: joined(excluded, " and ") }
}

/// The words among patterns that a keyword expression can carry.
fn words(patterns: &[Pattern]) -> impl Iterator<Item = String> {
    patterns.iter().filter_map(|pattern| match pattern {
        Pattern::Word(word) => {
            word.chars().all(|c| c.is_alphanumeric() || c == '_').then(|| word.clone())
        }
        _ => None,
    })
}

fn joined(words: impl Iterator<Item = String>, with: &str) -> Option<String> {
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(with))
}
