//! The plan of one part: only the layers, categories, jobs and services that it has, numbered
//! anew.
//!
//! A category without work is in the part that has the categories it hangs together with, else in
//! the first; so its outcome is told once. A layer waits for what was before a layer that is not
//! in the part.

use super::Matrix;
use super::bundle::connected;
use crate::id::{CategoryIx, JobIx, LayerIx, ServiceIx};
use crate::plan::{CategoryWork, Plan, PlannedCategory, PlannedJob, PlannedLayer, PlannedService};

/// A part with the numbers that its things have in the plan of all parts.
#[derive(Clone, Debug)]
pub(crate) struct Narrowed {
    /// The part; nothing is predicted in it.
    pub(crate) plan: Plan,
    pub(crate) layers: Vec<LayerIx>,
    pub(crate) categories: Vec<CategoryIx>,
    pub(crate) jobs: Vec<JobIx>,
}

/// One part of a plan that is split; none of a plan that is not.
pub(crate) fn narrow(whole: &Plan, number: u32) -> Option<Narrowed> {
    let matrix = whole.matrix.as_ref().filter(|matrix| matrix.part.is_none())?;
    let is_mine = |job: JobIx| matrix.parts.get(job.position()) == Some(&number);
    let jobs: Vec<JobIx> =
        (0..whole.jobs.len()).map(JobIx::at).filter(|&job| is_mine(job)).collect();
    let homes = homes(whole, matrix);
    let has = |category: &CategoryIx| match whole.category(*category).work {
        CategoryWork::Jobs { .. } => whole.jobs_of(*category).any(is_mine),
        _ => homes[category.position()] == number,
    };
    let categories: Vec<CategoryIx> =
        (0..whole.categories.len()).map(CategoryIx::at).filter(has).collect();
    let is_kept = |layer: &LayerIx| match whole.layer(*layer).categories.as_slice() {
        [] => number == 1,
        members => members.iter().any(has),
    };
    let layers: Vec<LayerIx> = (0..whole.layers.len()).map(LayerIx::at).filter(is_kept).collect();
    let is_needed =
        |service: &ServiceIx| jobs.iter().any(|&job| whole.job(job).services.contains(service));
    let services: Vec<ServiceIx> =
        (0..whole.services.len()).map(ServiceIx::at).filter(is_needed).collect();
    let numbers = Numbers {
        layers: Numbering::of(whole.layers.len(), layers.iter().map(|ix| ix.position())),
        categories: Numbering::of(
            whole.categories.len(),
            categories.iter().map(|ix| ix.position()),
        ),
        services: Numbering::of(whole.services.len(), services.iter().map(|ix| ix.position())),
    };
    let mut plan = Plan {
        layers: layer_list(whole, &layers, &numbers),
        categories: category_list(whole, &categories, &numbers),
        jobs: jobs.iter().map(|&job| numbers.job(whole.job(job))).collect(),
        services: services.iter().map(|&one| numbers.service(whole.service(one))).collect(),
        matrix: Some(Matrix { part: Some(number), ..matrix.clone() }),
        prediction: None,
        ..whole.clone()
    };
    number_jobs(&mut plan);
    Some(Narrowed { plan, layers, categories, jobs })
}

/// The part of every category that has no work.
fn homes(whole: &Plan, matrix: &Matrix) -> Vec<u32> {
    let connected = connected(whole);
    let mut of_component = vec![1; whole.categories.len()];
    for (job, part) in whole.jobs.iter().zip(&*matrix.parts) {
        of_component[connected.of[job.category.position()]] = *part;
    }
    connected.of.iter().map(|&component| of_component[component]).collect()
}

/// What things are called in a part.
struct Numbers {
    layers: Numbering,
    categories: Numbering,
    services: Numbering,
}

/// For each old number the new one, where there is one.
struct Numbering(Vec<Option<u32>>);

impl Numbering {
    fn of(count: usize, kept: impl Iterator<Item = usize>) -> Self {
        let mut numbers = vec![None; count];
        for (new, old) in (0..).zip(kept) {
            numbers[old] = Some(new);
        }
        Self(numbers)
    }

    fn get(&self, old: u32) -> Option<u32> {
        self.0.get(old as usize).copied().flatten()
    }
}

impl Numbers {
    fn job(&self, job: &PlannedJob) -> PlannedJob {
        let category = self.categories.get(job.category.0).unwrap_or_default();
        let services = job.services.iter().filter_map(|one| self.services.get(one.0));
        PlannedJob {
            category: CategoryIx(category),
            services: services.map(ServiceIx).collect(),
            ..job.clone()
        }
    }

    fn service(&self, service: &PlannedService) -> PlannedService {
        let after = service.after.iter().filter_map(|one| self.services.get(one.0));
        PlannedService { after: after.map(ServiceIx).collect(), ..service.clone() }
    }
}

fn layer_list(whole: &Plan, kept: &[LayerIx], numbers: &Numbers) -> Vec<PlannedLayer> {
    let before = before(&whole.layers, |layer| layer.after.iter().map(|ix| ix.0), &numbers.layers);
    let layer = |&ix: &LayerIx| {
        let planned = whole.layer(ix);
        let conflicts = planned.conflicts.iter().filter_map(|ix| numbers.layers.get(ix.0));
        let categories = planned.categories.iter().filter_map(|ix| numbers.categories.get(ix.0));
        PlannedLayer {
            after: before[ix.position()].iter().copied().map(LayerIx).collect(),
            conflicts: conflicts.map(LayerIx).collect(),
            categories: categories.map(CategoryIx).collect(),
            ..planned.clone()
        }
    };
    kept.iter().map(layer).collect()
}

fn category_list(whole: &Plan, kept: &[CategoryIx], numbers: &Numbers) -> Vec<PlannedCategory> {
    let after = |category: &PlannedCategory| {
        category.after.iter().map(|ix| ix.0).collect::<Vec<_>>().into_iter()
    };
    let before = before(&whole.categories, after, &numbers.categories);
    let category = |&ix: &CategoryIx| {
        let planned = whole.category(ix);
        let conflicts = planned.conflicts.iter().filter_map(|ix| numbers.categories.get(ix.0));
        PlannedCategory {
            layer: LayerIx(numbers.layers.get(planned.layer.0).unwrap_or_default()),
            after: before[ix.position()].iter().copied().map(CategoryIx).collect(),
            conflicts: conflicts.map(CategoryIx).collect(),
            ..planned.clone()
        }
    };
    kept.iter().map(category).collect()
}

/// For each thing the new numbers of what comes before it: in place of what is not kept, what
/// comes before that. It relies on things being listed after what comes before them.
fn before<'a, T, I: Iterator<Item = u32>>(
    all: &'a [T],
    after: impl Fn(&'a T) -> I,
    numbering: &Numbering,
) -> Vec<Vec<u32>> {
    let mut before: Vec<Vec<u32>> = Vec::with_capacity(all.len());
    for one in all {
        let mut list = Vec::new();
        for old in after(one) {
            match numbering.get(old) {
                Some(new) => list.push(new),
                None => list.extend(before.get(old as usize).into_iter().flatten()),
            }
        }
        list.sort_unstable();
        list.dedup();
        before.push(list);
    }
    before
}

/// Tells the categories which jobs they have now.
fn number_jobs(plan: &mut Plan) {
    let mut counts = vec![0; plan.categories.len()];
    plan.jobs.iter().for_each(|job| counts[job.category.position()] += 1);
    let mut first = 0;
    for (category, count) in plan.categories.iter_mut().zip(counts) {
        if let CategoryWork::Jobs { .. } = category.work {
            category.work = CategoryWork::Jobs { first: JobIx(first), count };
            first += count;
        }
    }
}
