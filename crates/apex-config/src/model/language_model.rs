//! Which language model tests meet, and whether programs are asked for colours.

use std::time::Duration;

/// The language model that the tests of a category meet: what they are told in variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelAccess {
    /// Whether it is a real one; else a mock.
    pub is_real: bool,
    /// Limit of one request to it.
    pub timeout: Duration,
    /// Whether a mock is taken when the real one does not answer.
    pub falls_back: bool,
}

impl Default for ModelAccess {
    /// As a layer file that says nothing.
    fn default() -> Self {
        Self { is_real: false, timeout: Duration::from_secs(60), falls_back: true }
    }
}

/// Whether programs are asked for colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Colour {
    /// As they are outside.
    #[default]
    Inherit,
    /// They are.
    Always,
    /// They are asked for none.
    Never,
}
