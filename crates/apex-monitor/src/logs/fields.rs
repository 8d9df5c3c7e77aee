//! What belongs to a line of the log by name, in the order in which it is read.

use serde_json::Value;

/// Room for the ids of a test and what is said of it, so that the list is made once.
const USUAL: usize = 10;

/// Names and values; what is not known is not in it.
pub(crate) struct Fields(Vec<(&'static str, Value)>);

/// Fields from names and values, written like an object of JSON.
macro_rules! fields {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::logs::Fields::new()$(.with($name, serde_json::json!($value)))*
    };
}
pub(crate) use fields;

impl Fields {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// With another one behind, if it is known.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        if !value.is_null() {
            if self.0.capacity() == 0 {
                self.0.reserve_exact(USUAL);
            }
            self.0.push((name, value));
        }
        self
    }

    /// With others behind.
    pub(super) fn and(mut self, more: Self) -> Self {
        if self.0.is_empty() {
            return more;
        }
        self.0.extend(more.0);
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(&'static str, Value)> {
        self.0.iter()
    }
}
