//! Jobs of the same kind: those that one process may run one after the other.

use std::sync::atomic::{AtomicU32, Ordering};

/// Jobs of one category whose programs differ in nothing but the tests that they run.
///
/// How many of them are still to come is counted while the run goes on, so that a process that may
/// stay ends when nobody needs it any more. Only jobs that are sure to start unless the run goes
/// wrong are counted: a process that waits for one that never comes ends too late for its end to
/// count.
#[derive(Debug)]
pub struct Lot {
    number: u32,
    expected: AtomicU32,
}

impl Lot {
    /// The lot of this number, of which so many jobs are to come.
    #[must_use]
    pub const fn new(number: u32, expected: u32) -> Self {
        Self { number, expected: AtomicU32::new(expected) }
    }

    /// Its number; no other lot of the run has it.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// How many jobs are still to come.
    #[must_use]
    pub fn expected(&self) -> usize {
        self.expected.load(Ordering::Acquire) as usize
    }

    /// One of them starts, or is never going to.
    pub fn count_off(&self) {
        let less = |expected: u32| expected.checked_sub(1);
        // Below nothing there is nothing.
        let _ = self.expected.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }
}
