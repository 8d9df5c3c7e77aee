//! Names that jobs hold alone: no two running jobs share one, in whatever category or layer.
//!
//! Names become dense numbers once, so that a look at a job costs as many steps as it has names
//! and nothing where no job of the plan has any. A part that was cut on trust holds the names of all
//! parts while it runs the whole work. It knows nothing of why a job holds a name.

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
    /// The numbers of the names of the whole work that a job is a part of on trust, where any part
    /// of it holds one; ascending.
    of_whole: HashMap<JobIx, Vec<u32>>,
    /// Whether a running job holds the name of this number.
    held: Vec<bool>,
}

/// A job that runs or may run: itself, or the whole work that it is a part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) job: JobIx,
    pub(super) is_whole: bool,
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
        holds.add_whole_works(plan);
        holds
    }

    fn add_whole_works(&mut self, plan: &Plan) {
        let jobs = (0..plan.jobs.len()).map(JobIx::at);
        for job in jobs.filter(|&job| plan.job(job).undivided.is_some()) {
            let names = plan.parts_of_work(job).flat_map(|part| self.of(part));
            let mut names: Vec<u32> = names.copied().collect();
            names.sort_unstable();
            names.dedup();
            if !names.is_empty() {
                self.of_whole.insert(job, names);
            }
        }
    }

    /// The numbers of the names of a holder, ascending.
    fn of_holder(&self, holder: Holder) -> &[u32] {
        match self.of_whole.get(&holder.job) {
            Some(names) if holder.is_whole => names,
            _ => self.of(holder.job),
        }
    }

    /// The numbers of the names that a job holds, ascending.
    pub(super) fn of(&self, job: JobIx) -> &[u32] {
        match self.of_job.get(job.position()) {
            Some(range) => &self.names[range.start as usize..range.end as usize],
            None => &[],
        }
    }

    /// Whether a running job holds a name that this job would hold.
    pub(super) fn keep_out(&self, holder: Holder) -> bool {
        self.of_holder(holder).iter().any(|&name| self.held[name as usize])
    }

    /// Whether two holders have a name in common.
    pub(super) fn are_shared(&self, one: Holder, other: Holder) -> bool {
        let others = self.of_holder(other);
        self.of_holder(one).iter().any(|name| others.binary_search(name).is_ok())
    }

    /// A holder begins or ends to hold its names.
    pub(super) fn set(&mut self, holder: Holder, held: bool) {
        if self.held.is_empty() {
            return;
        }
        for name in self.of_holder(holder).to_vec() {
            self.held[name as usize] = held;
        }
    }
}
