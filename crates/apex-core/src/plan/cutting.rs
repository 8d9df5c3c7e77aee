//! Whether a category was cut although nobody said so, as its plan tells it and its history keeps it.

use std::sync::Arc;

/// Whether a category whose tests share a program is cut, and why.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Cutting {
    /// As its layer file or its framework says; or only some of its tests run.
    #[default]
    AsWritten,
    /// All of it runs as it always did: what comes of it says what its parts may be trusted with.
    Whole {
        /// Why, for people.
        why: Arc<str>,
    },
    /// Parts of whole files, on trust: a failure is checked by a whole run before it counts.
    Parts {
        /// Why, for people.
        why: Arc<str>,
    },
}

impl Cutting {
    /// Why the category is cut or is not, for people; empty when there is nothing to say.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::AsWritten => "",
            Self::Whole { why } | Self::Parts { why } => why,
        }
    }
}
