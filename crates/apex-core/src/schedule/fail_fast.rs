//! What a failure stops: the fail-fast rule of each layer, applied to tests and categories as they
//! end. What the numbers of a layer amount to is said by `watch`; how things end, by `stop`.

use std::sync::Arc;

use apex_config::model::FailFast;

use crate::event::{Event, LayerEvent, StopCause};
use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::outcome::Outcome;

use super::Scheduler;
use super::state::CategoryState;
use super::watch::{Reach, Seen};

impl Scheduler {
    /// A test of a job is over, all its attempts included: the rule of its layer may stop it.
    pub(super) fn test_seen(&mut self, job: JobIx, seen: Seen) {
        let plan = Arc::clone(&self.plan);
        let category = plan.job(job).category;
        let layer = plan.category(category).layer;
        let rule = plan.layer(layer).fail_fast;
        if !rule.looks_at_tests() || self.layers[layer.position()].halted {
            return;
        }
        let reason = if rule == FailFast::Immediate {
            let name = &plan.category(category).name;
            seen.failed.then(|| format!("a test of {name} failed (fail-fast: immediate)"))
        } else {
            let limits = &plan.failure_limits;
            let seen = Seen { half: seen.half && rule == FailFast::Adaptive, ..seen };
            self.layers[layer.position()].watch.take(self.now, seen, limits);
            let watch = &self.layers[layer.position()].watch;
            watch.stops(rule, limits, || self.reach_of_failures(layer))
        };
        if let Some(reason) = reason {
            self.layers[layer.position()].stopped = Some(reason.clone());
            self.emit(Event::Layer(layer, LayerEvent::Stopped { reason }));
            self.stop_layer(layer, StopCause::FailFast);
        }
    }

    /// How many categories of a layer that have not started depend on failed ones, directly or
    /// not. The plan holds dependencies before dependants.
    fn reach_of_failures(&self, layer: LayerIx) -> Reach {
        let mut behind = vec![false; self.plan.categories.len()];
        let mut reach = Reach { behind_failed: 0, waiting: 0 };
        for &category in &self.plan.layer(layer).categories {
            let mut before = self.plan.category(category).after.iter();
            let is_behind =
                before.any(|&before| behind[before.position()] || self.has_failed(before));
            behind[category.position()] = is_behind;
            if self.categories[category.position()].state == CategoryState::Waiting {
                reach.waiting += 1;
                reach.behind_failed += u32::from(is_behind);
            }
        }
        reach
    }

    /// Whether a category has a failed test, or ended badly without one.
    fn has_failed(&self, category: CategoryIx) -> bool {
        let book = &self.categories[category.position()];
        book.failures > 0
            || matches!(book.state, CategoryState::Finished(outcome) if outcome.is_bad())
    }

    /// A category ended badly: the rules `category` and `category_failure` keep others from
    /// starting.
    pub(super) fn category_failed(&mut self, layer: LayerIx, failed: CategoryIx) {
        let plan = Arc::clone(&self.plan);
        let rule = plan.layer(layer).fail_fast;
        let open_group = self.layers[layer.position()].open_group;
        let is_kept: fn(usize, usize) -> bool = match rule {
            FailFast::Category => |_, _| true,
            FailFast::Phase => |group, open| group > open,
            _ => return,
        };
        if self.layers[layer.position()].stopped.is_some() {
            return;
        }
        let name = &plan.category(failed).name;
        let reason = format!("{name} failed (fail-fast: {})", rule.as_str());
        self.layers[layer.position()].stopped = Some(reason.clone());
        self.emit(Event::Layer(layer, LayerEvent::Stopped { reason: reason.clone() }));
        for &category in &plan.layer(layer).categories {
            let book = &self.categories[category.position()];
            if book.state == CategoryState::Waiting && is_kept(book.group, open_group) {
                self.close_category(category);
                self.give_up_category(category, Outcome::NotRun, &reason);
            }
        }
    }
}
