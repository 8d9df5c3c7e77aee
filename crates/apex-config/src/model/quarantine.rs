//! Tests that are known to be unsteady and wait to be mended.

use super::CategoryName;

/// A test, or some, that run and are reported but do not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The id of the test as reports show it; `*` stands for any text.
    pub test: String,
    /// The category it belongs to; any when there is none.
    pub category: Option<CategoryName>,
    /// Who mends it.
    pub owner: String,
    /// Why it may not decide.
    pub reason: String,
    /// The last day it holds, `2025-01-31`.
    pub expires: String,
}

impl Quarantined {
    /// Whether it is about a test.
    #[must_use]
    pub fn matches(&self, category: &CategoryName, id: &str) -> bool {
        self.category.as_ref().is_none_or(|own| own == category) && fits(&self.test, id)
    }
}

/// Whether a text is what a pattern says; `*` stands for any text, everything else for itself:
/// ids are full of brackets, so that no other sign can have a meaning.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}
