//! Finds secrets in text and puts something else there.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};

use super::forms;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// All secrets in all their forms, found in one pass.
#[derive(Debug, Default)]
pub struct Mask {
    /// None when there is nothing to look for.
    finder: Option<Finder>,
}

#[derive(Debug)]
struct Finder {
    automaton: AhoCorasick,
    /// What is looked for, sorted.
    patterns: Vec<Vec<u8>>,
    /// Whether some pattern begins with this byte.
    begins: [bool; 256],
    longest: usize,
}

impl Mask {
    /// Looks for these values.
    ///
    /// # Errors
    /// A sentence for people when they are too many to be looked for.
    pub fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Result<Self, String> {
        Self::default().and(values)
    }

    /// Looks for these values, too.
    ///
    /// # Errors
    /// A sentence for people when they are too many to be looked for.
    pub fn and<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> Result<Self, String> {
        let mut patterns = self.finder.as_ref().map_or_else(Vec::new, |one| one.patterns.clone());
        patterns.extend(values.into_iter().flat_map(forms::of).map(String::into_bytes));
        patterns.sort_unstable();
        patterns.dedup();
        let Some(longest) = patterns.iter().map(Vec::len).max() else { return Ok(Self::default()) };
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .map_err(|error| {
                format!("the secrets cannot be looked for: {error}; name fewer of them")
            })?;
        let mut begins = [false; 256];
        patterns.iter().filter_map(|one| one.first()).for_each(|&byte| {
            begins[usize::from(byte)] = true;
        });
        Ok(Self { finder: Some(Finder { automaton, patterns, begins, longest }) })
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// A text without secrets.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(finder) = &self.finder else { return Cow::Borrowed(text) };
        let mut shown = String::new();
        let mut from = 0;
        for found in finder.automaton.find_iter(text) {
            shown.push_str(&text[from..found.start()]);
            shown.push_str(MASK);
            from = found.end();
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        shown.push_str(&text[from..]);
        Cow::Owned(shown)
    }

    /// Writes bytes without secrets to `shown`, up to where a secret may have begun; the answer
    /// is how many were taken. Nothing is written when all of them, up to there, are as they were.
    pub(super) fn take(&self, bytes: &[u8], shown: &mut Vec<u8>) -> usize {
        let Some(finder) = &self.finder else { return bytes.len() };
        let mut from = 0;
        let mut open = finder.open_from(bytes, 0);
        for found in finder.automaton.find_iter(bytes) {
            // What begins earlier may still become a longer one.
            if found.start() >= open {
                break;
            }
            shown.extend_from_slice(&bytes[from..found.start()]);
            shown.extend_from_slice(MASK.as_bytes());
            from = found.end();
            if from > open {
                open = finder.open_from(bytes, from);
            }
        }
        if from > 0 {
            shown.extend_from_slice(&bytes[from..open]);
        }
        open
    }

    /// All bytes without secrets: nothing comes after them.
    pub(super) fn take_last(&self, bytes: &[u8], shown: &mut Vec<u8>) {
        let mut from = 0;
        if let Some(finder) = &self.finder {
            for found in finder.automaton.find_iter(bytes) {
                shown.extend_from_slice(&bytes[from..found.start()]);
                shown.extend_from_slice(MASK.as_bytes());
                from = found.end();
            }
        }
        shown.extend_from_slice(&bytes[from..]);
    }
}

impl Finder {
    /// Where the longest end of `bytes` begins that some secret begins with; not before `from`.
    fn open_from(&self, bytes: &[u8], from: usize) -> usize {
        let earliest = (bytes.len() + 1).saturating_sub(self.longest).max(from);
        (earliest..bytes.len())
            .find(|&at| self.begins[usize::from(bytes[at])] && self.is_beginning(&bytes[at..]))
            .unwrap_or(bytes.len())
    }

    fn is_beginning(&self, end: &[u8]) -> bool {
        let next = self.patterns.partition_point(|pattern| pattern.as_slice() <= end);
        self.patterns.get(next).is_some_and(|pattern| pattern.starts_with(end))
    }
}
