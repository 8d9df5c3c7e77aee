//! Which tests of a plan earlier runs call flaky, for rules that take their failures less
//! seriously.

use std::sync::Arc;

use apex_config::model::FailFast;

use crate::flakiness::Flakiness;
use crate::history::History;
use crate::id::CategoryIx;

use super::{Cutting, Plan};

/// The flaky tests of categories whose layer asks, and of those that are cut on trust, sorted.
pub(super) fn known_flaky(plan: &Plan, history: &History) -> Vec<(CategoryIx, Arc<str>)> {
    let mut known = Vec::new();
    for (position, category) in plan.categories.iter().enumerate() {
        let asks = plan.layer(category.layer).fail_fast == FailFast::Adaptive
            || matches!(category.cutting, Cutting::Parts { .. });
        let Some(past) = history.category(&category.name).filter(|_| asks) else { continue };
        for (id, test) in &past.tests {
            if Flakiness::of(&test.samples).is_some_and(|seen| seen.is_flaky()) {
                known.push((CategoryIx::at(position), Arc::clone(id)));
            }
        }
    }
    known
}
