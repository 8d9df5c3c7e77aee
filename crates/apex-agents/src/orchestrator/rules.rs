//! What holds for the jobs of a category and is not in the plan, because no decision rests on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use apex_config::model::Category;

use super::variables;
use crate::executor::JobRules;

/// What holds for the jobs of a category beyond the plan.
#[derive(Clone, Debug, Default)]
pub struct CategoryRules {
    /// How they are watched, and how much of what they write is kept.
    pub job: JobRules,
    /// Variables that they get; those of the category itself beat them.
    pub env: Arc<BTreeMap<String, String>>,
}

impl CategoryRules {
    /// The rules of a category of the configuration.
    #[must_use]
    pub fn of(category: &Category) -> Self {
        let env = Arc::new(variables::of_category(category));
        Self { job: JobRules::of(&category.oversight), env }
    }
}
