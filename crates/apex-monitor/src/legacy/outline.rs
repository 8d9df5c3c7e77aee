//! The plan as the earlier runner showed it: categories in phases, or layers with budgets.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::{Category, CategoryName};
use apex_core::plan::{CategoryWork, Plan, phases};
use apex_core::{CategoryIx, LayerIx};

use super::lists::{model_mark, priority};
use super::text::{banner, budget, clock};

/// The phases of a run by category, for the console and for reports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// The categories of each phase, in order; empty for a run by layer.
    pub phases: Vec<Vec<CategoryIx>>,
    /// What each category is expected to take, by its place in the plan.
    pub estimates: Vec<Duration>,
    /// What a plan says of a category in brackets, by its place in the plan.
    pub marks: Vec<Vec<String>>,
    /// Whether layers run.
    pub by_layers: bool,
}

impl Outline {
    /// The outline of a plan; phases have at most `width` members.
    #[must_use]
    pub fn of(config: &Config, plan: &Plan, by_layers: bool, width: usize) -> Self {
        let known: Vec<(CategoryIx, &Category)> = plan
            .categories
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((CategoryIx::at(at), config.category(one.name.as_str())?)))
            .collect();
        let phases = if by_layers { Vec::new() } else { in_phases(&known, width) };
        let marks = plan.categories.iter().map(|planned| {
            let category = config.category(planned.name.as_str());
            marks(planned, category)
        });
        Self {
            phases,
            estimates: plan.categories.iter().map(|one| one.estimate).collect(),
            marks: marks.collect(),
            by_layers,
        }
    }

    /// The same, expecting of categories what earlier runs took, where all of their jobs were
    /// measured.
    #[must_use]
    pub fn measured(mut self, plan: &Plan) -> Self {
        let slots = plan.slots.max(1);
        for (estimate, category) in self.estimates.iter_mut().zip(&plan.categories) {
            let CategoryWork::Jobs { first, count } = category.work else { continue };
            let of_category = plan.jobs.iter().skip(first.position()).take(count as usize);
            let taken: Option<Vec<Duration>> =
                of_category.map(|job| Some(job.forecast?.expected)).collect();
            let Some(taken) = taken else { continue };
            let beside = slots.min(count);
            let longest = taken.iter().copied().max().unwrap_or_default();
            *estimate = longest.max(taken.iter().sum::<Duration>() / beside.max(1));
        }
        self
    }

    /// What the run is expected to take: the longest of each phase, one phase after the other.
    #[must_use]
    pub fn estimate(&self) -> Duration {
        let of = |at: &CategoryIx| self.estimates.get(at.position()).copied().unwrap_or_default();
        let longest = |phase: &Vec<CategoryIx>| phase.iter().map(of).max().unwrap_or_default();
        self.phases.iter().map(longest).sum()
    }

    /// The phase of a category, from 1.
    #[must_use]
    pub fn phase_of(&self, category: CategoryIx) -> Option<usize> {
        self.phases.iter().position(|phase| phase.contains(&category)).map(|at| at + 1)
    }
}

fn in_phases(known: &[(CategoryIx, &Category)], width: usize) -> Vec<Vec<CategoryIx>> {
    let categories: Vec<&Category> = known.iter().map(|(_, category)| *category).collect();
    // A plan that was built has no cycle.
    let Ok(order) = phases::order(&categories) else { return Vec::new() };
    let phases = phases::phases(&categories, &order, width);
    phases.into_iter().map(|phase| phase.into_iter().map(|at| known[at].0).collect()).collect()
}

fn marks(planned: &apex_core::plan::PlannedCategory, category: Option<&Category>) -> Vec<String> {
    let mut marks = Vec::new();
    if !planned.requested {
        marks.push("dependency".to_owned());
    }
    match &planned.work {
        CategoryWork::Jobs { .. } => {}
        CategoryWork::Empty { .. } => marks.push("no tests found".to_owned()),
        CategoryWork::Unavailable { reason } => marks.push(format!("cannot run: {reason}")),
        CategoryWork::Skipped { reason } | CategoryWork::Spared { reason, .. } => {
            marks.push(format!("skipped: {reason}"));
        }
    }
    if let Some(category) = category {
        marks.extend(model_mark(category).map(str::to_owned));
        let wants_model = category.requires.iter().any(|one| one == "real_llm");
        if wants_model && model_mark(category).is_none() {
            marks.push("llm: mock (wants real)".to_owned());
        }
        if !category.parallel_safe {
            marks.push("alone".to_owned());
        }
    }
    marks.push(format!("timeout {}s", planned.timeout.as_secs()));
    marks
}

/// The page of a plan: `EXECUTION PLAN`.
#[must_use]
pub fn plan_page(plan: &Plan, outline: &Outline) -> String {
    let mut text = banner("EXECUTION PLAN");
    // Writing to a `String` cannot fail, here and below.
    let _ = writeln!(text, "Total Categories: {}", plan.categories.len());
    if outline.by_layers {
        layers(&mut text, plan, outline);
    } else {
        let _ = writeln!(text, "Execution Phases: {}", outline.phases.len());
        let _ = writeln!(text, "Estimated Duration: {}", clock(outline.estimate()));
        for (number, phase) in (1..).zip(&outline.phases) {
            let _ = writeln!(text, "\n{}", phase_title(number, phase.len()));
            for at in phase {
                category(&mut text, plan, outline, *at);
            }
        }
    }
    if let Some(limit) = plan.budget {
        let _ = writeln!(text, "\nRun limit: {}", clock(limit));
    }
    text
}

/// `Phase 1: 2 categories`; the word never changes, scripts look for it.
pub(super) fn phase_title(number: usize, members: usize) -> String {
    format!("Phase {number}: {members} categories")
}

fn layers(text: &mut String, plan: &Plan, outline: &Outline) {
    let mut members: HashMap<LayerIx, Vec<CategoryIx>> = HashMap::new();
    for (at, category) in plan.categories.iter().enumerate() {
        members.entry(category.layer).or_default().push(CategoryIx::at(at));
    }
    let total: Duration = plan.layers.iter().filter_map(|layer| layer.budget).sum();
    let _ = writeln!(text, "Execution Phases: {}", plan.layers.len());
    let _ = writeln!(text, "Estimated Duration: {}", clock(total));
    for (at, layer) in plan.layers.iter().enumerate() {
        let limit = layer
            .budget
            .map_or_else(|| "no budget".to_owned(), |one| format!("budget {}", budget(one)));
        let behind = if layer.background { " [background]" } else { "" };
        let _ = writeln!(text, "\nLayer {}: {} ({limit}){behind}", at + 1, layer.id);
        for member in members.get(&LayerIx::at(at)).into_iter().flatten() {
            category(text, plan, outline, *member);
        }
    }
}

fn category(text: &mut String, plan: &Plan, outline: &Outline, at: CategoryIx) {
    let planned = plan.category(at);
    let estimate = outline.estimates.get(at.position()).copied().unwrap_or_default();
    let marks = outline.marks.get(at.position()).map(|marks| marks.join("; ")).unwrap_or_default();
    let _ = writeln!(
        text,
        "  - {} ({}, ~{}) [{marks}]",
        planned.name,
        priority(planned.priority),
        clock(estimate)
    );
}

/// The names of some categories of a plan.
pub(super) fn names(plan: &Plan, of: &[CategoryIx]) -> Vec<CategoryName> {
    of.iter().map(|at| plan.category(*at).name.clone()).collect()
}
