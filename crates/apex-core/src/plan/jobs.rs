//! The jobs of a plan: found work cut by what earlier runs taught, then ordered, and, where the
//! budget of a layer chooses, chosen.

use std::sync::Arc;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::{BudgetPolicy, Category, Layer};

use super::build::FoundWork;
use super::choose;
use super::found::{FoundJob, MayCut};
use super::order::{self, Prospect};
use super::split::{self, Choice, CutJob, Rules};
use super::trust::{self, Trust};
use super::worth::Patience;
use super::{Cutting, Plan, PlannedJob, steadiness};
use crate::change::is_drawn;
use crate::estimate::{CategoryEstimate, Durations, usual_test};
use crate::history::History;
use crate::id::{CategoryIx, LayerIx, ServiceIx};

/// The share of its budget that a layer fills, on all slots, before its jobs are made for a
/// choice.
const TIGHT: f64 = 0.6;

/// The share of the budget that a job takes which is made to be chosen.
const CHOICE: f64 = 1.0 / 12.0;

/// What a plan is made with beside the configuration and the work.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// What earlier runs taught.
    pub history: &'a History,
    /// The present, milliseconds since 1970-01-01 UTC: how long ago that was.
    pub unix_millis: u64,
}

/// Makes the jobs of one plan.
pub(super) struct JobMaker<'a> {
    config: &'a Config,
    past: Past<'a>,
    /// How jobs of the layer that is planned are made for a budget to choose among.
    choice: Option<Choice>,
    /// Whether all work of the plan could be one job.
    is_all_one: bool,
    /// What is expected of each job of the plan.
    prospects: Vec<Prospect>,
}

/// A category in its place in the plan.
pub(super) struct Placed<'a> {
    pub(super) category: &'a Category,
    pub(super) ix: CategoryIx,
    pub(super) layer: LayerIx,
    pub(super) services: Vec<ServiceIx>,
}

impl<'a> JobMaker<'a> {
    /// For a plan of this work.
    pub(super) fn new(config: &'a Config, past: Past<'a>, work: &FoundWork) -> Self {
        let works = work.values().flatten().map(Vec::len).sum::<usize>();
        Self { config, past, choice: None, is_all_one: works == 1, prospects: Vec::new() }
    }

    /// The jobs that follow belong to this layer, the last of the plan.
    pub(super) fn begin_layer(&mut self, plan: &Plan, layer: &Layer) {
        let budget = plan.layers.last().and_then(|planned| planned.budget);
        self.choice = self.choice_in(layer, budget.unwrap_or(layer.budget), plan.slots);
    }

    /// Adds the jobs of a category to the plan; how many, and whether it is cut on trust.
    pub(super) fn add(
        &mut self,
        plan: &mut Plan,
        placed: &Placed<'_>,
        found: &[FoundJob],
    ) -> (u32, Cutting) {
        let before = plan.jobs.len();
        let category = placed.category;
        let trust = self.trust(plan, placed);
        let trusts = matches!(trust, Trust::Parts(_));
        let rules = Rules { trusts, ..self.rules(plan, placed) };
        let past = self.past.history.category(&category.name);
        let patience = self.patience(category);
        let usual = usual_test(category.kind, !category.services.is_empty());
        for found in found {
            let estimate = CategoryEstimate::new(past, usual, found.spec.runner);
            let jobs = split::split(found, &rules, &estimate);
            let is_on_trust = found.may_cut == MayCut::OnTrust && jobs.len() > 1;
            let undivided = is_on_trust.then(|| Arc::new(found.spec.clone()));
            for CutJob { spec, holds, content } in jobs {
                let prospect = Prospect::new(&content, &estimate, past, &patience);
                let job = PlannedJob {
                    undivided: undivided.clone(),
                    holds: both(holds, &category.serial),
                    forecast: estimate.forecast(prospect.expected, prospect.runs),
                    why: content.how.into(),
                    ..PlannedJob::new(placed.ix, placed.services.clone(), spec)
                };
                plan.jobs.push(job);
                self.prospects.push(prospect);
            }
        }
        let count = u32::try_from(plan.jobs.len() - before).unwrap_or(u32::MAX);
        (count, cutting_of(&plan.jobs[before..], found, trust))
    }

    /// What earlier runs say of running a category in parts.
    fn trust(&self, plan: &Plan, placed: &Placed<'_>) -> Trust {
        let category = placed.category;
        let past = self.past.history.category(&category.name);
        // Another one in each run and on each day, and the same for a plan and the run after it.
        let seed = u64::from(self.past.history.runs) ^ ((self.past.unix_millis / 86_400_000) << 32);
        let is_drawn = is_drawn(category.name.as_str(), seed, trust::SAMPLE_PERCENT);
        let usual = usual_test(category.kind, !category.services.is_empty());
        let whole = Durations::new(past, usual).total().mean;
        trust::decide(&trust::Known {
            runs: past.map_or(&[][..], |past| &past.cuttings),
            unix_millis: self.past.unix_millis,
            is_drawn,
            whole: Duration::try_from_secs_f64(whole).unwrap_or(Duration::MAX),
            budget: plan.layer(placed.layer).budget,
        })
    }

    /// Orders the jobs of a plan that is complete, and chooses where budgets do.
    pub(super) fn finish(self, plan: &mut Plan) {
        order::take_turns(plan, &self.prospects);
        plan.known_flaky = steadiness::known_flaky(plan, self.past.history);
        for layer in 0..plan.layers.len() {
            let definition = self.config.layers.get(&plan.layers[layer].id);
            if definition.is_some_and(|layer| self.chooses(layer)) {
                choose::by_budget(plan, layer, &self.prospects);
            }
        }
    }

    /// Whether the budget of a layer chooses: its policy says so, and there is something to
    /// choose by.
    fn chooses(&self, layer: &Layer) -> bool {
        layer.budget_policy == BudgetPolicy::Select && self.past.history.runs > 0
    }

    /// What limits the cutting of a category in a layer of the plan.
    fn rules(&self, plan: &Plan, placed: &Placed<'_>) -> Rules {
        let category = placed.category;
        let slots = plan.slots.max(plan.slots_up_to);
        let width = category.max_parallel.min(plan.layer(placed.layer).max_parallel);
        Rules {
            width: width.min(slots).max(1),
            most: category.split.max_shards,
            window: category.split.window,
            guess: category.estimate,
            choice: self.choice,
            idle_slots: if self.is_all_one { plan.slots.min(width) } else { 0 },
            trusts: false,
        }
    }

    /// When a test of a category has waited long enough: as its layer says.
    fn patience(&self, category: &Category) -> Patience {
        let layer = category.layer.as_ref().and_then(|layer| self.config.layers.get(layer));
        Patience {
            runs: layer.map_or(u32::MAX, |layer| layer.at_least_every.runs),
            time: layer.map_or(Duration::MAX, |layer| layer.at_least_every.time),
            unix_millis: self.past.unix_millis,
        }
    }

    /// How jobs of a layer are made when its budget chooses and what its tests took is near to
    /// what fits, or more.
    fn choice_in(&self, layer: &Layer, budget: Duration, slots: u32) -> Option<Choice> {
        if !self.chooses(layer) {
            return None;
        }
        let mut total = 0.0;
        for category in &layer.categories {
            let past = self.past.history.category(&category.name);
            let usual = usual_test(category.kind, !category.services.is_empty());
            total += Durations::new(past, usual).total().mean;
        }
        let slots = layer.limits.max_parallel.min(slots).max(1);
        let is_tight = total > TIGHT * budget.as_secs_f64() * f64::from(slots);
        let patience = self.patience(layer.categories.first()?);
        is_tight.then(|| Choice { size: budget.mul_f64(CHOICE), patience })
    }
}

/// Whether a category with these jobs is cut on trust. It teaches something only when all of it
/// could have been.
fn cutting_of(jobs: &[PlannedJob], found: &[FoundJob], trust: Trust) -> Cutting {
    if found.is_empty() || found.iter().any(|found| found.may_cut != MayCut::OnTrust) {
        return Cutting::AsWritten;
    }
    let parts = jobs.iter().filter(|job| job.undivided.is_some()).count();
    match trust {
        Trust::Parts(why) if parts > 0 => {
            Cutting::Parts { why: format!("cut into {parts} by files: {why}").into() }
        }
        Trust::Parts(_) => Cutting::Whole { why: "whole: parts of it would save no time".into() },
        Trust::Whole(why) => Cutting::Whole { why: format!("whole: {why}").into() },
    }
}

/// The names of two lists, each once.
fn both(mut names: Vec<Arc<str>>, more: &[Arc<str>]) -> Vec<Arc<str>> {
    names.extend_from_slice(more);
    names.sort();
    names.dedup();
    names
}
