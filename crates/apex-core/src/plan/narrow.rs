//! A plan with less work: jobs are taken out, and what speaks of jobs by number is renumbered.

use crate::id::{CategoryIx, JobIx};

use crate::predict::predict;

use super::{CategoryWork, Plan};

impl Plan {
    /// The plan with only the jobs that `keep` wants. A category that loses all its jobs gets what
    /// `instead` says; one that had none stays as it is. Services that nobody needs any more stay
    /// in the plan and do not start.
    #[must_use]
    pub fn with_jobs(
        mut self,
        mut keep: impl FnMut(JobIx) -> bool,
        mut instead: impl FnMut(CategoryIx) -> CategoryWork,
    ) -> Self {
        let mut jobs = Vec::with_capacity(self.jobs.len());
        let mut all = std::mem::take(&mut self.jobs).into_iter().enumerate();
        for position in 0..self.categories.len() {
            let CategoryWork::Jobs { count, .. } = self.categories[position].work else { continue };
            let first = JobIx::at(jobs.len());
            let own = all.by_ref().take(count as usize);
            jobs.extend(own.filter(|(at, _)| keep(JobIx::at(*at))).map(|(_, job)| job));
            let kept = JobIx::at(jobs.len()).0 - first.0;
            self.categories[position].work = if kept > 0 {
                CategoryWork::Jobs { first, count: kept }
            } else {
                instead(CategoryIx::at(position))
            };
        }
        self.jobs = jobs;
        self.prediction = predict(&self);
        self
    }
}
