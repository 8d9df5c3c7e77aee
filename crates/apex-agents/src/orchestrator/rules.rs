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
    /// The rules of these categories of the configuration, in their order; those of a layer file
    /// that says nothing for each that is in none. Most have the same variables, and share them.
    #[must_use]
    pub fn of_all<'c>(categories: impl Iterator<Item = Option<&'c Category>>) -> Vec<Self> {
        let mut written: Vec<(_, Arc<_>)> = Vec::new();
        let rules = categories.map(|category| {
            let Some(category) = category else { return Self::default() };
            let told = (category.model, category.colour);
            let env = match written.iter().find(|(known, _)| *known == told) {
                Some((_, env)) => Arc::clone(env),
                None => {
                    let env = Arc::new(variables::of_tests(category.model, category.colour));
                    written.push((told, Arc::clone(&env)));
                    env
                }
            };
            Self { job: JobRules::of(&category.oversight), env }
        });
        rules.collect()
    }
}
