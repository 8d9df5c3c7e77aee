//! What everything that the outcome of a category depends on amounts to.

use std::fmt;
use std::sync::Arc;

/// A digest in two parts: of the declaration (which files, what runs) and of the content of the
/// files. Equal fingerprints mean the same work on the same files. Its written form is
/// `<declaration>-<content>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(Arc<str>);

impl Fingerprint {
    /// A fingerprint of two digests, texts without `-`.
    #[must_use]
    pub fn new(declaration: &str, content: &str) -> Self {
        Self(format!("{declaration}-{content}").into())
    }

    /// Reads the written form.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (declaration, content) = text.split_once('-')?;
        (!declaration.is_empty() && !content.is_empty()).then(|| Self(text.into()))
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part that stays the same as long as the same files are declared and the same is run.
    #[must_use]
    pub fn declaration(&self) -> &str {
        self.0.split_once('-').map_or(&self.0, |(declaration, _)| declaration)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
