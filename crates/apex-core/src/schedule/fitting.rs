//! Work that a budget may leave out: whether it still fits, and what becomes of it when it does
//! not.
//!
//! Such a job starts only when it is expected to end (by its high forecast) before the budgets of
//! its layer and of the run are used up. Time only passes, so a job that no longer fits never
//! will; it is deferred at once, and what is left of the budget goes to the next one that fits. The
//! check of a work that went wrong in parts has to fit, too: it must not use up the time of others.

use std::sync::Arc;
use std::time::Duration;

use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::judge;
use crate::outcome::Outcome;
use crate::plan::Standing;
use crate::time::Moment;

use super::Scheduler;
use super::state::{JobState, LayerState};

impl Scheduler {
    /// Why a waiting job can no longer start within the budgets, if it cannot.
    pub(super) fn misfit(&self, job: JobIx) -> Option<String> {
        let planned = self.plan.job(job);
        let forecast = planned.forecast.filter(|_| planned.standing == Standing::IfItFits)?;
        if !matches!(self.jobs[job.position()].state, JobState::Waiting) {
            return None;
        }
        let layer = self.plan.category(planned.category).layer;
        let (left, whose) = self.too_little_left(layer, forecast.high)?;
        Some(format!(
            "it may take {}, and {} of the budget {whose} are left",
            seconds(forecast.high),
            seconds(left)
        ))
    }

    /// Why the whole work that a job is a part of no longer fits the budgets, if it does not: it is
    /// expected to take what its parts take together.
    pub(super) fn check_misfit(&self, job: JobIx) -> Option<String> {
        let parts = self.plan.parts_of_work(job);
        let forecasts = parts.filter_map(|part| self.plan.job(part).forecast);
        let need = forecasts.map(|forecast| forecast.expected).sum();
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let (left, whose) = self.too_little_left(layer, need)?;
        Some(format!(
            "no whole run checked it: that takes about {}, and {} of the budget {whose} are left",
            seconds(need),
            seconds(left)
        ))
    }

    /// What is left of the budget of a layer or of the run, and of which, where it is less than
    /// this.
    fn too_little_left(&self, layer: LayerIx, need: Duration) -> Option<(Duration, String)> {
        let layer_ends = match self.layers[layer.position()].state {
            LayerState::Running { since } => {
                self.plan.layer(layer).budget.map(|budget| since.plus(budget))
            }
            _ => None,
        };
        let run_ends = self.plan.budget.map(Moment::after_start);
        let left = |end: Option<Moment>| end.map(|end| end.since(self.now));
        let too_little = |left: Option<Duration>| left.filter(|&left| left < need);
        match too_little(left(layer_ends)) {
            Some(left) => Some((left, format!("of layer {}", self.plan.layer(layer).id))),
            None => Some((too_little(left(run_ends))?, "of the run".to_owned())),
        }
    }

    /// Defers a waiting job that a budget leaves out.
    pub(super) fn defer(&mut self, job: JobIx, reason: String) {
        let category = self.plan.job(job).category;
        self.categories[category.position()].deferred += 1;
        self.finish_job_weighing(job, Outcome::Deferred, reason, judge::LEFT_OUT);
    }

    /// Whether a category was left out as a whole, by choice and not because something was cut.
    pub(super) fn was_left_out(&self, category: CategoryIx) -> bool {
        let deferred = self.categories[category.position()].deferred;
        deferred > 0 && deferred as usize == self.plan.jobs_of(category).count()
    }

    /// A category before this one was left out: what a budget may leave out is left out with it,
    /// the rest cannot run.
    pub(super) fn leave_out_with(&mut self, category: CategoryIx, before: CategoryIx) {
        let plan = Arc::clone(&self.plan);
        let why = format!("{} was deferred", plan.category(before).name);
        for job in plan.jobs_of(category) {
            let may_be_left_out = plan.job(job).standing == Standing::IfItFits
                && matches!(self.jobs[job.position()].state, JobState::Waiting);
            if may_be_left_out {
                self.defer(job, why.clone());
            }
        }
        self.give_up_category(category, Outcome::Blocked, &why);
    }
}

/// A duration in words, to a tenth of a second.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
