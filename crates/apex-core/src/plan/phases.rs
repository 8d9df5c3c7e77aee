//! Order and phases of categories that are planned without layers.
//!
//! The rules are those of the earlier planner: repeatedly take, of all categories whose planned
//! dependencies were taken, the one with the smallest (priority, name); then fill phase after
//! phase in that order, with members that pair with each other.

use apex_config::model::{Category, CategoryName, Load};

/// Why categories could not be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("categories depend on each other: {0}")]
pub struct CategoryCycle(pub String);

/// Puts categories in order. The answer holds positions of `categories`.
///
/// # Errors
/// The names of a dependency cycle.
pub fn order(categories: &[&Category]) -> Result<Vec<usize>, CategoryCycle> {
    let dependencies = planned_dependencies(categories);
    crate::graph::order(categories.len(), |node| &dependencies[node])
        .map_err(|cycle| CategoryCycle(cycle.describe(|node| categories[node].name.as_str())))?;
    let mut taken = vec![false; categories.len()];
    let mut sequence = Vec::with_capacity(categories.len());
    while sequence.len() < categories.len() {
        let ready = (0..categories.len()).filter(|&node| {
            !taken[node] && dependencies[node].iter().all(|&before| taken[before as usize])
        });
        let Some(next) =
            ready.min_by_key(|&node| (categories[node].priority, &categories[node].name))
        else {
            break;
        };
        taken[next] = true;
        sequence.push(next);
    }
    Ok(sequence)
}

/// Groups ordered categories into phases of at most `width` members that may run at once.
#[must_use]
pub fn phases(categories: &[&Category], sequence: &[usize], width: usize) -> Vec<Vec<usize>> {
    let dependencies = planned_dependencies(categories);
    let mut phase_of: Vec<Option<usize>> = vec![None; categories.len()];
    let mut phases: Vec<Vec<usize>> = Vec::new();
    while phases.iter().map(Vec::len).sum::<usize>() < sequence.len() {
        let number = phases.len();
        let mut members: Vec<usize> = Vec::new();
        for &node in sequence {
            let earlier = |&before: &u32| phase_of[before as usize].is_some_and(|at| at < number);
            if phase_of[node].is_none()
                && members.len() < width.max(1)
                && dependencies[node].iter().all(earlier)
                && members.iter().all(|&other| pair(categories[node], categories[other]))
            {
                phase_of[node] = Some(number);
                members.push(node);
            }
        }
        if members.is_empty() {
            break;
        }
        phases.push(members);
    }
    phases
}

/// Whether two categories may run at the same time.
#[must_use]
pub fn pair(one: &Category, other: &Category) -> bool {
    let names_it = |from: &Category, to: &Category| from.conflicts_with.contains(&to.name);
    let shares = |mark: Load| one.load.contains(&mark) && other.load.contains(&mark);
    let same_environment = one.only_in == other.only_in;
    one.parallel_safe
        && other.parallel_safe
        && !names_it(one, other)
        && !names_it(other, one)
        && !shares(Load::Memory)
        && !shares(Load::Cpu)
        && !(shares(Load::Database) && same_environment)
}

/// Positions of the dependencies of each category that are planned, too.
fn planned_dependencies(categories: &[&Category]) -> Vec<Vec<u32>> {
    let position =
        |name: &CategoryName| categories.iter().position(|category| category.name == *name);
    categories
        .iter()
        .map(|category| {
            let planned = category.depends_on.iter().filter_map(position);
            planned.map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        })
        .collect()
}
