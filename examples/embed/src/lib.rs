//! A sink of one's own: counts how the tests of a run ended.
//!
//! It relies on the one rule of every sink: each event comes once and in order. What it counts is
//! shared with whoever holds a [`Tally`], because the sink itself moves to a thread of the run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use apex_core::event::TestEvent;
use apex_core::{Envelope, Event, Outcome, RunView, Sink};

/// Numbers of tests by outcome.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Outcome, u32>>>);

impl Tally {
    /// How many tests ended like this.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&outcome).copied().unwrap_or(0)
    }

    /// How many tests ended at all.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// A sink that counts into this tally.
    #[must_use]
    pub fn sink(&self) -> Box<dyn Sink> {
        Box::new(Counting(self.clone()))
    }
}

struct Counting(Tally);

impl Sink for Counting {
    fn name(&self) -> &'static str {
        "tally"
    }

    fn accept(&mut self, batch: &[Envelope], _view: &RunView) -> Result<(), String> {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        for envelope in batch {
            // `Finished` ends one attempt; `Settled` says what the test amounts to.
            if let Event::Test(_, TestEvent::Settled { outcome, .. }) = &envelope.event {
                *counts.entry(*outcome).or_default() += 1;
            }
        }
        Ok(())
    }
}
