//! Names as types, so that a layer cannot be taken for a category.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A text that is not a legal name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: {rule}")]
pub struct InvalidName {
    /// The text in question.
    pub text: String,
    /// What it should have named.
    pub what: &'static str,
    /// What such a name looks like.
    pub rule: &'static str,
}

/// Lower case first, then letters, digits and `_`: the older files' rule for layer ids.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Letters, digits, `_`, `-` and `.`, at most 64: legal for files, labels and container engines.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn is_category(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Makes the name.
            ///
            /// # Errors
            /// [`InvalidName`] when the text breaks the rule of such names.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if $check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { text: text.to_owned(), what: $what, rule: $rule })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same name, sharing no memory with this one: for what is kept when the
            /// configuration around this one is given up.
            #[must_use]
            pub fn detached(&self) -> Self {
                Self(Arc::from(&*self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The id of a layer, for example `fast_feedback`.
    LayerId,
    "layer id",
    "a lower-case letter, then lower-case letters, digits and `_`",
    is_identifier
);
name!(
    /// The name of a category, for example `unit`.
    CategoryName,
    "category name",
    "1 to 64 lower-case letters, digits and `_`",
    is_category
);
name!(
    /// The main name of a service, for example `postgresql`.
    ServiceName,
    "service name",
    "1 to 64 letters, digits, `_`, `-` and `.`, the first a letter or digit",
    is_word
);
name!(
    /// The name of an environment, for example `staging`.
    EnvironmentName,
    "environment name",
    "1 to 64 letters, digits, `_`, `-` and `.`, the first a letter or digit",
    is_word
);
name!(
    /// The name of a mode, for example `nightly`.
    ModeName,
    "mode name",
    "1 to 64 letters, digits, `_`, `-` and `.`, the first a letter or digit",
    is_word
);
