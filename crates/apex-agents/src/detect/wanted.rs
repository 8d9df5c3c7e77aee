//! What the search needs to know of a category.

use apex_config::model::{Category, Filters, Recipe, Shards};

/// The part of a [`Category`] that says which work is its own.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether the repository made it up.
    pub is_own: bool,
    /// What the layer file says about its work.
    pub recipe: &'a Recipe,
    /// Which of the tests found belong to it.
    pub filters: &'a Filters,
    /// Into how many jobs its work is cut.
    pub shards: Shards,
}

impl<'a> From<&'a Category> for Wanted<'a> {
    fn from(category: &'a Category) -> Self {
        Self {
            name: category.name.as_str(),
            is_own: category.is_own,
            recipe: &category.recipe,
            filters: &category.filters,
            shards: category.shards,
        }
    }
}
