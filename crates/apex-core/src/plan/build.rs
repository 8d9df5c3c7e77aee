//! Building a plan: selected layers and categories, joined with the work that was found.

use std::collections::HashMap;
use std::sync::Arc;

use apex_config::Config;
use apex_config::model::{
    Category, CategoryName, Layer, LayerConflict, LayerId, ModeName, RunMode,
};

use crate::graph;
use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::predict;
use crate::select::{Arrangement, SelectedCategory, SelectedLayer, Selection};

use super::found::FoundJob;
use super::jobs::{JobMaker, Past, Placed};
use super::phases::CategoryCycle;
use super::service_set::{Needing, ServiceSet};
use super::{
    CategoryWork, Cutting, Plan, PlannedCategory, PlannedLayer, RequestSummary, WorkError,
    WorkErrorKind, without_layers,
};

/// The work that was found for each category, or why there is none.
pub type FoundWork = HashMap<CategoryName, Result<Vec<FoundJob>, WorkError>>;

/// Why no plan could be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Layers depend on each other.
    #[error("layers depend on each other: {0}")]
    LayerCycle(String),
    /// Categories depend on each other.
    #[error(transparent)]
    CategoryCycle(#[from] CategoryCycle),
    /// Services depend on each other.
    #[error("services depend on each other: {0}")]
    ServiceCycle(String),
}

/// Joins a selection with the work that was found for it, cut and ordered by what earlier runs
/// taught; an empty history is no hindrance. The plan shares no name with the configuration: it
/// outlives it, and a small piece that stays keeps the memory around it.
///
/// # Errors
/// A cycle among the layers, categories or services of the selection.
pub fn build(
    config: &Config,
    selection: &Selection,
    work: FoundWork,
    past: Past<'_>,
) -> Result<Plan, PlanError> {
    let mut builder = Builder {
        config,
        selection,
        jobs: JobMaker::new(config, past, &work),
        work,
        services: ServiceSet::new(config),
        plan: Plan {
            request: RequestSummary {
                mode: selection.mode.as_ref().map(ModeName::detached),
                environment: Some(config.environment.detached()),
                selectors: selection.selectors.clone(),
            },
            run_mode: config.execution.run_mode,
            budget: selection.budget,
            inter_layer_delay: config.execution.inter_layer_delay,
            startup_timeout: config.execution.startup_timeout,
            slots: selection.slots,
            slots_up_to: selection.slots_up_to,
            max_memory_mb: Some(config.execution.max_memory_mb),
            max_background_layers: config.execution.max_background_layers,
            admission: config.execution.conflict_resolution,
            left_out: selection.left_out.clone(),
            quarantine: config.quarantine.clone(),
            handed_over: selection.handed_over.iter().map(LayerId::detached).collect(),
            notes: selection.notes.clone(),
            failure_limits: config.execution.failure_limits,
            ..Plan::default()
        },
    };
    match &selection.arrangement {
        Arrangement::Layers(layers) => builder.layers(layers)?,
        Arrangement::Categories(categories) => builder.categories(categories)?,
    }
    builder.category_conflicts();
    let Builder { mut plan, services, jobs, .. } = builder;
    jobs.finish(&mut plan);
    plan.notes.extend(services.notes());
    plan.services = services.into_planned(&plan).map_err(PlanError::ServiceCycle)?;
    plan.prediction = predict::predict(&plan);
    Ok(plan)
}

struct Builder<'a> {
    config: &'a Config,
    selection: &'a Selection,
    work: FoundWork,
    jobs: JobMaker<'a>,
    services: ServiceSet<'a>,
    plan: Plan,
}

/// What a category is planned with beyond its own definition.
struct Placing<'a> {
    layer: LayerIx,
    reason: Arc<str>,
    requested: bool,
    named: bool,
    after: Vec<CategoryIx>,
    layer_services: &'a [apex_config::model::ServiceName],
    flaky: apex_config::model::FlakyPolicy,
    /// Its place among the categories of its layer.
    order: u32,
}

impl<'a> Builder<'a> {
    /// Plans layers, dependencies before dependants.
    fn layers(&mut self, selected: &[SelectedLayer]) -> Result<(), PlanError> {
        let mut chosen: Vec<(&SelectedLayer, &Layer)> = selected
            .iter()
            .filter_map(|layer| Some((layer, self.config.layers.get(&layer.id)?)))
            .collect();
        chosen.sort_by_key(|(_, layer)| (layer.priority, layer.execution_order));
        let dependencies = layer_dependencies(&chosen);
        let order = graph::order(chosen.len(), |node| &dependencies[node]).map_err(|cycle| {
            PlanError::LayerCycle(cycle.describe(|node| chosen[node].1.id.as_str()))
        })?;
        let mut sequence: Vec<usize> = (0..chosen.len()).collect();
        sequence.sort_by_key(|&node| (order.phase[node], node));
        let place: HashMap<&LayerId, LayerIx> = sequence
            .iter()
            .enumerate()
            .map(|(position, &node)| (&chosen[node].1.id, LayerIx::at(position)))
            .collect();
        for &node in &sequence {
            let (selected, layer) = chosen[node];
            let after = dependencies[node]
                .iter()
                .filter_map(|&before| place.get(&chosen[before as usize].1.id).copied());
            let planned = PlannedLayer {
                phase: order.phase[node],
                after: after.collect(),
                conflicts: layer_conflicts(&chosen, layer, &place),
                ..self.planned_layer(selected, layer)
            };
            self.plan.layers.push(planned);
            self.categories_of(layer);
        }
        Ok(())
    }

    fn planned_layer(&self, selected: &SelectedLayer, layer: &Layer) -> PlannedLayer {
        let budget = layer.budget.mul_f64(self.selection.timeout_multiplier);
        PlannedLayer {
            id: layer.id.detached(),
            name: layer.name.clone(),
            reason: selected.reason.clone(),
            priority: layer.priority,
            execution_order: layer.execution_order,
            phase: 0,
            after: Vec::new(),
            conflicts: Vec::new(),
            budget: Some(budget),
            retry_budget: Some(budget.mul_f64(layer.retry_budget)),
            execution_mode: layer.execution_mode,
            fail_fast: self.selection.fail_fast.unwrap_or(layer.fail_fast),
            background: selected.background && self.config.execution.background_enabled,
            max_parallel: layer.limits.max_parallel,
            max_memory_mb: Some(layer.limits.max_memory_mb),
            success: layer.success,
            grace: layer.grace,
            categories: Vec::new(),
        }
    }

    /// Plans the categories of the layer that was planned last.
    fn categories_of(&mut self, layer: &'a Layer) {
        let ix = LayerIx::at(self.plan.layers.len() - 1);
        let reason: Arc<str> = format!("part of layer {}", layer.id).into();
        self.jobs.begin_layer(&self.plan, layer);
        let mut categories: Vec<&Category> = layer.categories.iter().map(Arc::as_ref).collect();
        categories.sort_by_key(|category| category.priority_order);
        self.plan.categories.reserve(categories.len());
        self.plan.jobs.reserve(categories.len());
        for category in categories {
            let placing = Placing {
                layer: ix,
                reason: Arc::clone(&reason),
                requested: true,
                named: false,
                after: Vec::new(),
                layer_services: &layer.required_services,
                flaky: layer.flaky,
                order: category.priority_order,
            };
            self.category(category, placing);
        }
    }

    /// Plans categories by their own dependencies, in one layer without a budget.
    fn categories(&mut self, selected: &[SelectedCategory]) -> Result<(), PlanError> {
        let chosen: Vec<(&SelectedCategory, &Category)> = selected
            .iter()
            .filter_map(|one| Some((one, self.config.category(one.name.as_str())?)))
            .collect();
        let definitions: Vec<&Category> = chosen.iter().map(|(_, category)| *category).collect();
        let rule = without_layers::rule(self.config, self.selection);
        let sequence = without_layers::order(&definitions, rule)?;
        self.plan.run_mode = RunMode::Parallel;
        self.plan.layers.push(without_layers::layer(self.config, self.selection));
        let mut place: HashMap<&CategoryName, CategoryIx> = HashMap::new();
        for position in sequence {
            let (selected, category) = chosen[position.node];
            let before = category.depends_on.iter();
            let placing = Placing {
                layer: LayerIx(0),
                reason: selected.reason.as_str().into(),
                requested: selected.requested,
                named: selected.named,
                after: before.filter_map(|name| place.get(name).copied()).collect(),
                layer_services: &[],
                flaky: apex_config::model::FlakyPolicy::default(),
                order: position.phase.unwrap_or(category.priority_order),
            };
            place.insert(&category.name, CategoryIx::at(self.plan.categories.len()));
            self.category(category, placing);
        }
        Ok(())
    }

    fn category(&mut self, category: &'a Category, placing: Placing<'_>) {
        let ix = CategoryIx::at(self.plan.categories.len());
        let (work, cutting) = self.work_of(ix, category, placing.layer_services);
        self.plan.layers[placing.layer.position()].categories.push(ix);
        self.plan.categories.push(PlannedCategory {
            name: category.name.detached(),
            layer: placing.layer,
            reason: placing.reason,
            requested: placing.requested,
            named: placing.named,
            priority: category.priority,
            priority_order: placing.order,
            after: placing.after,
            conflicts: Vec::new(),
            parallel_safe: category.parallel_safe,
            load: category.load.clone(),
            exclusive: category.dedicated,
            timeout: category.timeout.mul_f64(self.selection.timeout_multiplier),
            grace: category.grace,
            slow_after: category.oversight.slow_after,
            no_output_timeout: category.oversight.no_output_timeout,
            max_parallel: category.max_parallel,
            memory_mb: category.min_memory_mb,
            retries: category.retries,
            retry_when: category.retry_when,
            retry_on: category.retry_on,
            flaky: category.flaky.unwrap_or(placing.flaky),
            critical: category.critical,
            estimate: category.estimate,
            fingerprint: None,
            is_sample: false,
            cutting,
            work,
        });
    }

    /// The jobs of a category, or why it has none, and whether they are parts on trust.
    fn work_of(
        &mut self,
        ix: CategoryIx,
        category: &'a Category,
        layer_services: &[apex_config::model::ServiceName],
    ) -> (CategoryWork, Cutting) {
        let none = |work: CategoryWork| (work, Cutting::AsWritten);
        let environment = &self.config.environment;
        if !category.only_in.is_empty() && !category.only_in.contains(environment) {
            let names: Vec<&str> = category.only_in.iter().map(|name| name.as_str()).collect();
            let reason = format!("runs only in {}, not in {environment}", names.join(", "));
            return none(CategoryWork::Skipped { reason });
        }
        let found = match self.work.remove(&category.name) {
            Some(Ok(found)) if !found.is_empty() => found,
            Some(Err(WorkError { kind, message })) => {
                return none(match kind {
                    WorkErrorKind::Nothing => CategoryWork::Empty { looked: message },
                    WorkErrorKind::ToolMissing | WorkErrorKind::PathMissing => {
                        CategoryWork::Unavailable { reason: message }
                    }
                });
            }
            Some(Ok(_)) | None => return none(CategoryWork::Empty { looked: String::new() }),
        };
        let layer = LayerIx::at(self.plan.layers.len() - 1);
        let services = self.services.needed(Needing { category, ix, layer }, layer_services);
        let first = JobIx::at(self.plan.jobs.len());
        let placed = Placed { category, ix, layer, services };
        let (count, cutting) = self.jobs.add(&mut self.plan, &placed, &found);
        (CategoryWork::Jobs { first, count }, cutting)
    }

    /// Turns the conflicts that categories name into both-way relations of the plan.
    fn category_conflicts(&mut self) {
        let place: HashMap<CategoryName, CategoryIx> = self
            .plan
            .categories
            .iter()
            .enumerate()
            .map(|(position, category)| (category.name.clone(), CategoryIx::at(position)))
            .collect();
        for (name, &one) in &place {
            let Some(category) = self.config.categories.get(name) else { continue };
            for other in category.conflicts_with.iter().filter_map(|name| place.get(name)) {
                add_once(&mut self.plan.categories[one.position()].conflicts, *other);
                add_once(&mut self.plan.categories[other.position()].conflicts, one);
            }
        }
        for category in &mut self.plan.categories {
            category.conflicts.sort_unstable();
        }
    }
}

fn add_once(list: &mut Vec<CategoryIx>, category: CategoryIx) {
    if !list.contains(&category) {
        list.push(category);
    }
}

/// Positions of the chosen layers that come before each chosen layer.
fn layer_dependencies(chosen: &[(&SelectedLayer, &Layer)]) -> Vec<Vec<u32>> {
    let position = |id: &LayerId| chosen.iter().position(|(_, layer)| layer.id == *id);
    chosen
        .iter()
        .map(|(selected, layer)| {
            if selected.waives_dependencies {
                return Vec::new();
            }
            let before = layer.dependencies.iter().filter_map(position);
            before.map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        })
        .collect()
}

/// Chosen layers that must not run at the same time as one of them, named from either side.
fn layer_conflicts(
    chosen: &[(&SelectedLayer, &Layer)],
    layer: &Layer,
    place: &HashMap<&LayerId, LayerIx>,
) -> Vec<LayerIx> {
    let names = |from: &Layer, to: &Layer| {
        from.conflicts.iter().any(|conflict| match conflict {
            LayerConflict::Layer(id) => *id == to.id,
            LayerConflict::Category(name) => {
                to.categories.iter().any(|category| category.name == *name)
            }
        })
    };
    let conflicting = chosen
        .iter()
        .filter(|(_, other)| other.id != layer.id && (names(layer, other) || names(other, layer)));
    conflicting.filter_map(|(_, other)| place.get(&other.id).copied()).collect()
}
