//! What `apex watch` does next, after each thing that happens: a value without I/O.
//!
//! Failing tests come first: after a change they are run alone, and only when they pass are those
//! that the change may concern. It knows nothing of files, processes or keys.

/// What a run of a watch covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that was asked for.
    All,
    /// What failed last, alone.
    Failing,
    /// What the changes may concern.
    Affected,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Files of the project changed.
    Changed,
    /// The user wants a run.
    Wanted(Scope),
    /// The run ended.
    Ended {
        /// Whether something in it failed that can be run alone.
        has_failures: bool,
    },
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait for what happens next.
    Wait,
    /// Begin a run.
    Run(Scope),
    /// Ask the run that goes on to end.
    Stop,
}

/// Where a watch stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    /// Whether a change ends the run that goes on.
    restarts: bool,
    running: Option<Scope>,
    /// Whether files changed since the latest run began that covered changes.
    is_changed: bool,
    /// Whether the run that goes on was asked to end, for the sake of a change.
    is_stopping: bool,
    has_failures: bool,
}

impl Course {
    /// Before the first run. With `restarts`, a change ends the run that goes on.
    #[must_use]
    pub fn new(restarts: bool) -> Self {
        Self { restarts, ..Self::default() }
    }

    /// Whether a run goes on.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Takes what happened; the answer is to be carried out.
    pub fn take(&mut self, happened: Happened) -> Step {
        match happened {
            Happened::Changed => self.changed(),
            Happened::Wanted(_) if self.is_running() => Step::Wait,
            Happened::Wanted(Scope::Failing) if !self.has_failures => Step::Wait,
            Happened::Wanted(scope) => self.begin(scope),
            Happened::Ended { has_failures } => self.ended(has_failures),
        }
    }

    fn changed(&mut self) -> Step {
        self.is_changed = true;
        if !self.is_running() {
            return self.next_after_change();
        }
        if self.restarts && !std::mem::replace(&mut self.is_stopping, true) {
            return Step::Stop;
        }
        Step::Wait
    }

    fn ended(&mut self, has_failures: bool) -> Step {
        let Some(scope) = self.running.take() else { return Step::Wait };
        let was_stopped = std::mem::take(&mut self.is_stopping);
        // A run that was stopped says nothing about what it did not come to.
        self.has_failures = has_failures || (was_stopped && self.has_failures);
        if self.is_changed {
            return self.next_after_change();
        }
        // What failed passes now: the rest may follow.
        if scope == Scope::Failing && !self.has_failures {
            self.begin(Scope::Affected)
        } else {
            Step::Wait
        }
    }

    fn next_after_change(&mut self) -> Step {
        self.begin(if self.has_failures { Scope::Failing } else { Scope::Affected })
    }

    fn begin(&mut self, scope: Scope) -> Step {
        self.running = Some(scope);
        self.is_changed = false;
        Step::Run(scope)
    }
}
