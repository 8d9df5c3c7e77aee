//! Which tests a program of Rust runs at the moment, inferred from the results that it prints.
//!
//! libtest says when a test ends, and not when it begins. But it begins tests in the order of its
//! list, as many at once as it has threads, and a further one only when it has printed the end of
//! one: after n ends, the first n + threads of the list have begun. A result that contradicts this
//! (a harness of its own, tests in groups) ends the inference, and nothing more is said.

use std::collections::HashMap;
use std::ops::Range;

/// The tests of a program by their turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    names: Vec<String>,
    positions: HashMap<String, usize>,
    threads: usize,
    begun: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// The program has not said how many tests it runs.
    #[default]
    Silent,
    Holds,
    Broken,
}

impl Turns {
    /// The tests of a program, in the order of its list.
    pub(super) fn of(names: Vec<String>, threads: usize) -> Self {
        let positions = names.iter().cloned().zip(0..).collect();
        Self { names, positions, threads: threads.max(1), ..Self::default() }
    }

    /// Whether the program has this test, as far as its tests are known.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        self.names.is_empty() || self.positions.contains_key(name)
    }

    /// The program said that it runs this many tests; the answer is what begins.
    pub(super) fn announced(&mut self, count: usize) -> &[String] {
        if self.state == State::Silent {
            self.state = if count == self.names.len() { State::Holds } else { State::Broken };
        }
        let begin = if self.state == State::Holds && self.begun == 0 { self.threads } else { 0 };
        let range = self.begin(begin);
        &self.names[range]
    }

    /// A test ended; the answer is what begins in its place.
    pub(super) fn ended(&mut self, name: &str) -> &[String] {
        let has_begun = self.positions.get(name).is_some_and(|position| *position < self.begun);
        if !has_begun {
            self.state = State::Broken;
        }
        let range = self.begin(usize::from(self.state == State::Holds));
        &self.names[range]
    }

    fn begin(&mut self, count: usize) -> Range<usize> {
        let from = self.begun;
        self.begun = (from + count).min(self.names.len());
        from..self.begun
    }
}
