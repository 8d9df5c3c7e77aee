//! Services that start while an earlier layer still runs, so that the next one need not wait.
//!
//! Only a guess about what comes next: a layer that does not begin after all gives its services
//! back like any other that is stopped. What services need of memory is known only where their
//! definition limits it.

use std::sync::Arc;

use apex_config::model::{FailFast, RunMode};

use crate::id::LayerIx;

use super::Scheduler;
use super::state::{LayerState, RunState, ServiceState};

/// Rounds of jobs before the end of the earlier layers at which the services of the next begin:
/// what runs, and as much again.
const ROUNDS: usize = 2;

impl Scheduler {
    /// Asks for the services of the layers whose turn is near.
    pub(super) fn start_services_early(&mut self) {
        if !std::mem::take(&mut self.look_for_early)
            || self.plan.services.is_empty()
            || self.state != RunState::Running
            || self.exclusive
        {
            return;
        }
        for position in 0..self.layers.len() {
            let layer = LayerIx::at(position);
            if self.is_near(layer) && self.memory_allows_services_of(layer) {
                self.want_services_of_layer(layer);
            }
        }
    }

    /// Whether a layer waits for nothing but the last jobs of layers that run.
    fn is_near(&self, layer: LayerIx) -> bool {
        if self.layers[layer.position()].state != LayerState::Waiting {
            return false;
        }
        let mut left = 0;
        for position in 0..self.layers.len() {
            let before = LayerIx::at(position);
            if before == layer || !self.comes_before(before, layer) {
                continue;
            }
            match self.layers[position].state {
                LayerState::Finished(_) => {}
                LayerState::Running { .. } if self.lets_hope(before, layer) => {
                    left += self.unfinished_jobs(before);
                }
                _ => return false,
            }
        }
        left <= ROUNDS * self.slots() as usize
    }

    /// Whether a layer has to end before another begins.
    fn comes_before(&self, one: LayerIx, other: LayerIx) -> bool {
        let (before, planned) = (self.plan.layer(one), self.plan.layer(other));
        let is_named = planned.after.contains(&one) || planned.conflicts.contains(&one);
        let is_behind = before.background && planned.background;
        let is_earlier = before.phase < planned.phase;
        is_named
            || match self.plan.run_mode {
                RunMode::Parallel => is_behind,
                RunMode::Sequential => one < other,
                RunMode::Waterfall => is_earlier,
                RunMode::WaterfallWithBackground => {
                    is_behind || (is_earlier && !before.background && !planned.background)
                }
            }
    }

    /// Whether a layer that runs may still end in a way that lets another begin, in time.
    fn lets_hope(&self, running: LayerIx, next: LayerIx) -> bool {
        let book = &self.layers[running.position()];
        let planned = self.plan.layer(running);
        let is_needed = self.plan.layer(next).after.contains(&running)
            && planned.fail_fast != FailFast::Disabled;
        let failures: u32 = planned
            .categories
            .iter()
            .map(|category| self.categories[category.position()].failures)
            .sum();
        let holds_up = is_needed && (book.is_closed() || failures > planned.success.max_failures);
        !holds_up && self.budget_reaches_beyond(running)
    }

    /// Whether the run is expected to have time left when a running layer has ended.
    fn budget_reaches_beyond(&self, running: LayerIx) -> bool {
        let Some(budget) = self.plan.budget else { return true };
        let LayerState::Running { since } = self.layers[running.position()].state else {
            return true;
        };
        let predicted = self.plan.prediction.as_ref();
        let expected = predicted.and_then(|all| all.layers.get(running.position()));
        let end = expected.map_or(self.now, |layer| since.plus(layer.expected).max(self.now));
        end.since_start() < budget
    }

    fn unfinished_jobs(&self, layer: LayerIx) -> usize {
        let categories = self.plan.layer(layer).categories.iter();
        categories.map(|one| self.categories[one.position()].unfinished as usize).sum()
    }

    /// Whether the services of a layer fit beside what runs.
    fn memory_allows_services_of(&self, layer: LayerIx) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(limit) = plan.max_memory_mb else { return true };
        let jobs = plan.layer(layer).categories.iter().flat_map(|&one| plan.jobs_of(one));
        let mut needed = vec![false; plan.services.len()];
        for service in jobs.flat_map(|job| &plan.job(job).services) {
            needed[service.position()] = true;
        }
        let lives = |state: &ServiceState| {
            matches!(
                state,
                ServiceState::Wanted
                    | ServiceState::Starting
                    | ServiceState::Ready
                    | ServiceState::Stopping
            )
        };
        let services = plan.services.iter().zip(&self.services).zip(needed);
        let together: u64 = services
            .filter(|((_, book), needed)| *needed || lives(&book.state))
            .map(|((planned, _), _)| u64::from(planned.memory_mb))
            .sum();
        self.memory_mb + together <= u64::from(limit)
    }
}
