//! A plan for several machines: which part of it each of them runs.
//!
//! [`Plan::split_among`] decides for the whole plan, from the plan alone, so that every machine
//! comes to the same answer; [`Plan::part`] is what one of them runs. A digest of what the split
//! was made from goes with both: parts with different digests do not belong together.
//!
//! What is chosen, ordered, spared and put into quarantine is decided before. What other parts
//! run is not in a part at all: it is neither passed nor skipped there.

mod bundle;
mod digest;
mod narrow;
mod share;

use std::sync::Arc;
use std::time::Duration;

use super::Plan;

pub(crate) use narrow::{Narrowed, narrow};

/// Where a plan stands in a matrix of machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Which part this plan is, from 1; none for the plan of all parts together.
    pub part: Option<u32>,
    /// How many parts.
    pub of: u32,
    /// What the split was made from, as 16 hexadecimal digits.
    pub digest: Arc<str>,
    /// For each job of the plan of all parts, in its order, the part that runs it.
    pub parts: Arc<[u32]>,
    /// What is expected of each part.
    pub loads: Vec<PartLoad>,
}

/// What is expected of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLoad {
    /// Its jobs.
    pub jobs: u32,
    /// How long they take on the slots of one machine.
    pub expected: Duration,
}

impl Matrix {
    /// `2 of 3`, when this is a part.
    #[must_use]
    pub fn which(&self) -> Option<String> {
        self.part.map(|part| format!("{part} of {}", self.of))
    }
}

impl Plan {
    /// The plan with the decision which of so many parts runs each job; at least one.
    ///
    /// The longest work is given away first, each time to the part that has least: the rule LPT
    /// (R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969). Jobs that must not
    /// overlap, and categories that depend on each other or exclude each other, stay together,
    /// because no machine can wait for another one.
    #[must_use]
    pub fn split_among(mut self, of: u32) -> Self {
        let of = of.max(1);
        let costs = share::costs(&self);
        let identities = digest::identities(&self);
        let bundles = bundle::bundles(&self, &costs, &identities);
        let (parts, loads) = share::among(&bundles, self.jobs.len(), of);
        self.notes.extend(bundle::too_large(&self, &bundles, &loads));
        let digest = digest::of(&self, &costs, &identities, of);
        self.matrix = Some(Matrix { part: None, of, digest, parts: parts.into(), loads });
        self
    }

    /// What one part of a plan that is split runs, from 1. A plan that is not split, or is a part
    /// already, stays as it is.
    #[must_use]
    pub fn part(&self, number: u32) -> Self {
        match narrow(self, number) {
            Some(Narrowed { mut plan, .. }) => {
                plan.prediction = crate::predict::predict(&plan);
                let is_known = self.jobs.iter().any(|job| job.forecast.is_some());
                plan.notes.extend(plan.matrix.as_ref().and_then(|matrix| note(matrix, is_known)));
                plan
            }
            None => self.clone(),
        }
    }

    /// Whether other machines run parts of the same plan.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.matrix.as_ref().is_some_and(|matrix| matrix.part.is_some())
    }

    /// Whether this is the plan of several parts together.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.matrix.as_ref().is_some_and(|matrix| matrix.part.is_none())
    }
}

/// Which part this is, and how large it is beside the others, where earlier runs know.
fn note(matrix: &Matrix, is_known: bool) -> Option<String> {
    let (part, which) = (matrix.part?, matrix.which()?);
    let own = matrix.loads.get(usize::try_from(part).ok()?.checked_sub(1)?)?;
    let all = matrix.parts.len();
    let seconds = |load: &PartLoad| load.expected.as_secs_f64();
    let least = matrix.loads.iter().map(seconds).fold(f64::INFINITY, f64::min);
    let most = matrix.loads.iter().map(seconds).fold(0.0, f64::max);
    if own.jobs == 0 {
        return Some(format!("nothing falls into part {which}; the {all} jobs are in other parts"));
    }
    let mut note = format!("part {which}: {} of {all} jobs", own.jobs);
    if is_known {
        let own = seconds(own);
        note.push_str(&format!(", about {own:.1} s; the parts take {least:.1} to {most:.1} s"));
    }
    Some(note)
}
