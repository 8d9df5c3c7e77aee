//! What failed before anybody asked its job to end has to be told as a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use apex_core::event::{Envelope, Event, TestEvent};
use apex_core::report::JobReport;
use apex_core::{AttemptNumber, JobIx, Outcome};

/// Failures that were reported before a request to end reached their attempt: these are the
/// tests' own, whatever has been decided meanwhile.
#[derive(Default)]
pub(super) struct Failures {
    /// Ids of the tests of each attempt, in the order of their numbers.
    ids: BTreeMap<(JobIx, AttemptNumber), Vec<Arc<str>>>,
    /// Attempts that a request to end has reached.
    reached: BTreeSet<(JobIx, AttemptNumber)>,
    /// Tests of each attempt that reported an end, and how.
    ended: BTreeMap<(AttemptNumber, Arc<str>), Outcome>,
}

impl Failures {
    /// Takes in what is about to be reported.
    pub(super) fn take(&mut self, job: JobIx, attempt: AttemptNumber, report: &JobReport) {
        match report {
            JobReport::Discovered(cases) => {
                let ids = cases.iter().map(|case| Arc::clone(&case.id));
                self.ids.entry((job, attempt)).or_default().extend(ids);
            }
            JobReport::StopReached => {
                self.reached.insert((job, attempt));
            }
            JobReport::TestFinished { test, report } if !self.reached.contains(&(job, attempt)) => {
                let ids = self.ids.get(&(job, attempt));
                let Some(id) = ids.and_then(|ids| ids.get(*test as usize)) else { return };
                self.ended.entry((attempt, Arc::clone(id))).or_insert(report.outcome);
            }
            _ => {}
        }
    }

    /// Checks that each of them is a failure in the stream.
    pub(super) fn are_in(&self, stream: &[Envelope]) -> Result<(), String> {
        let mut ids: Vec<Arc<str>> = Vec::new();
        let mut told = BTreeMap::new();
        for envelope in stream {
            let Event::Test(_, event) = &envelope.event else { continue };
            match event {
                TestEvent::Discovered { cases, .. } => {
                    ids.extend(cases.iter().map(|case| Arc::clone(&case.id)));
                }
                TestEvent::Finished { test, attempt, outcome, .. } => {
                    told.insert((*attempt, Arc::clone(&ids[test.position()])), *outcome);
                }
                _ => {}
            }
        }
        let failed = self.ended.iter().filter(|(_, outcome)| outcome.is_bad());
        for (test, outcome) in failed {
            if told.get(test) != Some(outcome) {
                return Err(format!("{test:?} {outcome}, and was told as {:?}", told.get(test)));
            }
        }
        Ok(())
    }
}
