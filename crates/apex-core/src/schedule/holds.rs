//! Names that jobs hold alone: no two running jobs share one, in whatever category or layer.
//!
//! Names become dense numbers once, so that a look at a job costs as many steps as it has names
//! and nothing where no job of the plan has any. It knows nothing of why a job holds a name.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::id::JobIx;
use crate::plan::Plan;

/// Which names each job holds, and which are held now.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Where the names of each job are in [`Holds::names`]; empty when no job holds any.
    of_job: Vec<Range<u32>>,
    /// The numbers of the names of all jobs, ascending and none twice within a job.
    names: Vec<u32>,
    /// Whether a running job holds the name of this number.
    held: Vec<bool>,
}

impl Holds {
    pub(super) fn new(plan: &Plan) -> Self {
        if plan.jobs.iter().all(|job| job.holds.is_empty()) {
            return Self::default();
        }
        let mut numbers: HashMap<&Arc<str>, u32> = HashMap::new();
        let mut holds = Self::default();
        for job in &plan.jobs {
            let first = holds.names.len();
            for name in &job.holds {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                holds.names.push(*numbers.entry(name).or_insert(next));
            }
            holds.names[first..].sort_unstable();
            let mut of_job = holds.names.split_off(first);
            of_job.dedup();
            holds.names.append(&mut of_job);
            let range = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            holds.of_job.push(range(first)..range(holds.names.len()));
        }
        holds.held = vec![false; numbers.len()];
        holds
    }

    /// The numbers of the names that a job holds, ascending.
    pub(super) fn of(&self, job: JobIx) -> &[u32] {
        match self.of_job.get(job.position()) {
            Some(range) => &self.names[range.start as usize..range.end as usize],
            None => &[],
        }
    }

    /// Whether a running job holds a name that this job would hold.
    pub(super) fn keep_out(&self, job: JobIx) -> bool {
        self.of(job).iter().any(|&name| self.held[name as usize])
    }

    /// Whether two jobs have a name in common.
    pub(super) fn are_shared(&self, one: JobIx, other: JobIx) -> bool {
        let others = self.of(other);
        self.of(one).iter().any(|name| others.binary_search(name).is_ok())
    }

    /// A job begins or ends to hold its names.
    pub(super) fn set(&mut self, job: JobIx, held: bool) {
        if let Some(range) = self.of_job.get(job.position()) {
            for &name in &self.names[range.start as usize..range.end as usize] {
                self.held[name as usize] = held;
            }
        }
    }
}
