//! What is going on in the process of one package: which tests have begun, and what they wrote.
//!
//! Before Go 1.20 the results of subtests are told when their parent ends. So that a test after
//! another of the same parent has begun means that the other one has ended or waits, whatever was
//! told; it is not the one that runs.

use std::collections::HashMap;

use crate::runners::text::Tail;

use super::message;

/// A test that has begun and whose end was not told.
#[derive(Debug, Default)]
pub(super) struct Begun {
    pub(super) name: String,
    pub(super) output: String,
    /// It gave way to others until it can run beside them.
    pub(super) waits: bool,
    /// A later test of the same parent has begun.
    pub(super) is_over: bool,
    /// One of its subtests that failed.
    pub(super) failed_part: Option<String>,
    /// Its position among those that began.
    number: usize,
}

impl Begun {
    fn named(name: &str, number: usize) -> Self {
        Self { name: name.to_owned(), number, ..Self::default() }
    }

    /// Whether it is at work itself, as far as anybody can tell.
    pub(super) fn is_at_work(&self) -> bool {
        !self.waits && !self.is_over
    }
}

/// The process of one package.
#[derive(Debug, Default)]
pub(super) struct Scene {
    begun: HashMap<String, Begun>,
    /// Test → the last of its parts that began.
    latest: HashMap<String, String>,
    count: usize,
    /// What it wrote beside its tests.
    pub(super) output: Tail<4096>,
    /// Whether some test of it failed.
    pub(super) has_failed: bool,
    /// Whether some test told of a panic, which ends the process.
    pub(super) has_panicked: bool,
    /// Whether its end was told.
    pub(super) is_over: bool,
}

impl Scene {
    /// A test begins.
    pub(super) fn begin(&mut self, name: &str) {
        if let Some(parent) = self.parent_of(name).map(str::to_owned) {
            let before = self.latest.insert(parent, name.to_owned());
            if let Some(before) = before.and_then(|before| self.begun.get_mut(&before)) {
                before.is_over |= !before.waits;
            }
        }
        self.count += 1;
        self.begun.insert(name.to_owned(), Begun::named(name, self.count));
    }

    /// The test of which this is a part. Names may hold slashes of their own.
    fn parent_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let mut above = name.rmatch_indices('/').map(|(at, _)| &name[..at]);
        above.find(|parent| self.begun.contains_key(*parent))
    }

    /// A test gives way to others, or goes on.
    pub(super) fn wait(&mut self, name: &str, waits: bool) {
        if let Some(test) = self.begun.get_mut(name) {
            test.waits = waits;
        }
    }

    /// A test, or the process, writes.
    pub(super) fn write(&mut self, name: &str, piece: &str) {
        self.has_panicked |= piece.trim_start().starts_with("panic: ");
        match self.begun.get_mut(name) {
            Some(test) => message::add(&mut test.output, piece),
            None => self.output.feed(piece.as_bytes()),
        }
    }

    /// A test ended: what is known of it.
    pub(super) fn end(&mut self, name: &str, has_failed: bool) -> Begun {
        self.has_failed |= has_failed;
        if has_failed
            && let Some(parent) = self.parent_of(name)
            && let Some(parent) = self.begun.get_mut(parent)
        {
            parent.failed_part = Some(name.to_owned());
        }
        self.begun.remove(name).unwrap_or_else(|| Begun::named(name, 0))
    }

    /// Takes all tests whose end was not told, in the order in which they began.
    pub(super) fn take(&mut self) -> Vec<Begun> {
        let mut begun: Vec<Begun> = std::mem::take(&mut self.begun).into_values().collect();
        begun.sort_by_key(|test| test.number);
        begun
    }
}

/// The function of a test or of a part of it.
pub(super) fn function_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// Whether `part` is a part of `name`, at any depth.
pub(super) fn is_part_of(part: &str, name: &str) -> bool {
    part.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
}
