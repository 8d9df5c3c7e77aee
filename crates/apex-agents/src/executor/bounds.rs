//! What an attempt may use of memory, and what it was seen to use of that and of processors.
//!
//! Where control groups hold the limit, the system ends what goes beyond it, and the group says
//! so. Elsewhere memory is measured from time to time, and the attempt that holds most of a layer
//! that went beyond its limit is ended by its owner.

use std::time::Duration;

use apex_core::JobIx;
use apex_core::report::OutOfMemory;

use super::Submission;
use super::local::Shared;
use crate::control_group::{Allowance, JobGroup};
use crate::process::Kin;
use crate::resources::{Ceiling, Owner, Watched, Watching};

/// The bounds of one attempt.
pub(super) struct Bounds<'a> {
    shared: &'a Shared,
    allowance: &'a Allowance,
    job: JobIx,
    /// None before the first program, and where there is none.
    group: Option<JobGroup>,
    has_begun: bool,
    peak_mb: Option<u32>,
    cpu_time: Option<Duration>,
    out_of_memory: Option<OutOfMemory>,
}

/// What is known of the use of an attempt when it has ended.
pub(super) struct Used {
    /// The largest memory of its processes together, in mebibytes.
    pub(super) peak_mb: Option<u32>,
    /// Processor time of its processes together that was seen.
    pub(super) cpu_time: Option<Duration>,
    /// Whether some of them were ended because memory was short.
    pub(super) out_of_memory: Option<OutOfMemory>,
    /// What went wrong, for people.
    pub(super) trouble: Option<String>,
}

impl<'a> Bounds<'a> {
    /// Those of an attempt that has not begun.
    pub(super) fn of(shared: &'a Shared, submission: &'a Submission) -> Self {
        Self {
            shared,
            allowance: &submission.allowance,
            job: submission.job,
            group: None,
            has_begun: false,
            peak_mb: None,
            cpu_time: None,
            out_of_memory: None,
        }
    }

    /// The group that its programs are put into; made for the first of them.
    pub(super) fn group(&mut self) -> Option<&JobGroup> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.group = self.shared.groups.job(self.allowance);
        }
        self.group.as_ref()
    }

    /// Gives the group to a program that outlives the attempt.
    pub(super) fn hand_over(&mut self) -> Option<JobGroup> {
        let group = self.group.take()?;
        self.peak_mb = self.peak_mb.max(group.peak_mb());
        self.out_of_memory = self.out_of_memory.or_else(|| group.out_of_memory());
        self.has_begun = false;
        Some(group)
    }

    /// Takes over the group of a program that was there before; the answer is what went wrong with
    /// the group of a program that ended here before.
    pub(super) fn take_over(&mut self, group: Option<JobGroup>) -> Option<String> {
        let before = self.hand_over();
        self.has_begun = true;
        self.group = group;
        before.and_then(|before| before.remove().err())
    }

    /// Watches a program from now on; one that is not new has worked for other attempts before.
    pub(super) fn watch(&self, kin: &Kin, is_new: bool) -> Option<Watched<'a>> {
        let is_held = self.group.is_some() && self.shared.groups.hold_memory();
        let limit_mb = self.allowance.memory_mb.filter(|_| !is_held);
        let ceiling =
            limit_mb.map(|limit_mb| Ceiling { layer: self.allowance.layer.clone(), limit_mb });
        let owner = Owner::Job(self.job);
        kin.group().map(|group| self.shared.watch.watch(Watching { group, owner, is_new, ceiling }))
    }

    /// Takes over what was seen of a program that has ended.
    pub(super) fn note(&mut self, watched: Option<&Watched<'_>>) {
        let Some(watched) = watched else { return };
        self.peak_mb = self.peak_mb.max(watched.peak_mb());
        if let Some(used) = watched.cpu_time() {
            self.cpu_time = Some(self.cpu_time.unwrap_or_default() + used);
        }
        if watched.is_over() {
            let out = self.allowance.memory_mb;
            self.out_of_memory =
                out.map(|limit_mb| OutOfMemory { limit_mb, peak_mb: watched.peak_mb() });
        }
    }

    /// What is known in the end; the group is removed.
    pub(super) fn end(&mut self) -> Used {
        let Some(group) = self.group.take() else {
            let (peak_mb, cpu_time) = (self.peak_mb, self.cpu_time);
            return Used { peak_mb, cpu_time, out_of_memory: self.out_of_memory, trouble: None };
        };
        Used {
            peak_mb: group.peak_mb().or(self.peak_mb),
            cpu_time: self.cpu_time,
            out_of_memory: group.out_of_memory().or(self.out_of_memory),
            trouble: group.remove().err(),
        }
    }
}
