//! Whether a plan that comes from outside refers only to what is in it.

use super::{CategoryWork, Plan};

/// Most parts of a plan that is split: more machines than any CI system gives at once.
pub const MOST_PARTS: u32 = 1_000;

impl Plan {
    /// Whether every number in the plan names something of it, and what comes before a thing is
    /// listed before it. A plan that was built is sound; one that was read may be damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.layers_are_sound()
            && self.categories_are_sound()
            && self.jobs_are_sound()
            && self.matrix_is_sound()
    }

    fn layers_are_sound(&self) -> bool {
        self.layers.iter().enumerate().all(|(position, layer)| {
            layer.after.iter().all(|before| before.position() < position)
                && layer.conflicts.iter().all(|other| other.position() < self.layers.len())
                && layer.categories.iter().all(|one| one.position() < self.categories.len())
        })
    }

    fn categories_are_sound(&self) -> bool {
        let mut next = 0;
        let with_jobs = self.categories.iter().enumerate().all(|(position, category)| {
            let is_in_turn = match category.work {
                CategoryWork::Jobs { first, count } => {
                    let follows = first.0 == next;
                    next = next.saturating_add(count);
                    follows
                }
                _ => true,
            };
            is_in_turn
                && category.layer.position() < self.layers.len()
                && category.after.iter().all(|before| before.position() < position)
                && category.conflicts.iter().all(|one| one.position() < self.categories.len())
        });
        with_jobs && next as usize == self.jobs.len()
    }

    fn jobs_are_sound(&self) -> bool {
        let is_service = |position: usize| position < self.services.len();
        self.jobs.iter().all(|job| {
            job.category.position() < self.categories.len()
                && job.services.iter().all(|service| is_service(service.position()))
        }) && self
            .services
            .iter()
            .all(|service| service.after.iter().all(|before| is_service(before.position())))
    }

    fn matrix_is_sound(&self) -> bool {
        self.matrix.as_ref().is_none_or(|matrix| {
            let numbers = 1..=matrix.of;
            matrix.of <= MOST_PARTS
                && matrix.part.is_none_or(|part| numbers.contains(&part))
                && matrix.parts.iter().all(|part| numbers.contains(part))
                && (matrix.part.is_some() || matrix.parts.len() == self.jobs.len())
        })
    }
}
