//! A plan that was asked for by category: the one layer that holds its categories, and their
//! order.

use std::time::Duration;

use apex_config::Config;
use apex_config::model::{Category, ExecutionMode, FailFast, LayerId, SuccessCriteria};

use crate::select::Selection;

use super::PlannedLayer;
use super::phases::{self, CategoryCycle};

/// The most categories in a phase, where phases are barriers: what the earlier planner took when
/// nobody said another number.
const PHASE_WIDTH: usize = 4;

/// A category in the order of such a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Its position among the chosen ones.
    pub(super) node: usize,
    /// Its phase from 1, where phases are barriers.
    pub(super) phase: Option<u32>,
}

/// The order of the chosen categories; phase after phase when the rule stops between phases.
///
/// # Errors
/// The names of a dependency cycle.
pub(super) fn order(
    categories: &[&Category],
    rule: FailFast,
) -> Result<Vec<Position>, CategoryCycle> {
    let sequence = phases::order(categories)?;
    if rule != FailFast::Phase {
        return Ok(sequence.into_iter().map(|node| Position { node, phase: None }).collect());
    }
    let phases = phases::phases(categories, &sequence, PHASE_WIDTH);
    let numbered = (1..).zip(phases);
    Ok(numbered
        .flat_map(|(phase, nodes)| {
            nodes.into_iter().map(move |node| Position { node, phase: Some(phase) })
        })
        .collect())
}

/// What a failure stops.
pub(super) fn rule(config: &Config, selection: &Selection) -> FailFast {
    selection.fail_fast.unwrap_or(config.execution.without_layers.fail_fast)
}

/// The layer that holds the categories; every failure fails it.
pub(super) fn layer(config: &Config, selection: &Selection) -> PlannedLayer {
    let rule = rule(config, selection);
    let execution_mode =
        if rule == FailFast::Phase { ExecutionMode::Hybrid } else { ExecutionMode::Parallel };
    PlannedLayer {
        id: selection_layer(),
        name: "Selected categories".to_owned(),
        reason: "categories were asked for by name".to_owned(),
        priority: 1,
        execution_order: 1,
        phase: 0,
        after: Vec::new(),
        conflicts: Vec::new(),
        budget: None,
        retry_budget: None,
        execution_mode,
        fail_fast: rule,
        background: false,
        max_parallel: selection.slots_up_to,
        max_memory_mb: config.execution.without_layers.max_memory_mb,
        success: SuccessCriteria {
            min_pass_rate: 1.0,
            max_failures: 0,
            critical_tests_must_pass: true,
            allow_partial_success: false,
        },
        grace: Duration::from_secs(10),
        categories: Vec::new(),
    }
}

/// The id of the single layer of a plan by category.
#[must_use]
#[expect(clippy::expect_used, reason = "the text is a legal layer id")]
pub fn selection_layer() -> LayerId {
    LayerId::new("selection").expect("`selection` is a layer id")
}
