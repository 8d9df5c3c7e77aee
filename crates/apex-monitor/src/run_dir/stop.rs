//! The way to ask a run from outside to stop: a file in its directory, which the run itself looks
//! for. Nobody needs to know its process.

use std::path::PathBuf;
use std::time::Duration;

use apex_core::{Envelope, Moment, RunView, Sink};

use super::{RunDirectory, STOP};

/// Time between two looks at least.
const APART: Duration = Duration::from_millis(200);

/// A sink that looks for the request while its run goes on, and tells of it once.
pub struct StopRequests<F> {
    path: PathBuf,
    tell: F,
    next_look: Moment,
    is_told: bool,
}

impl<F: FnMut() + Send> StopRequests<F> {
    /// Looks in the directory of the run; `tell` is called once, and must not wait.
    pub fn new(directory: &RunDirectory, tell: F) -> Self {
        let path = directory.path().join(STOP);
        Self { path, tell, next_look: Moment::START, is_told: false }
    }

    fn look(&mut self, now: Moment) {
        if self.is_told || now < self.next_look {
            return;
        }
        self.next_look = now.plus(APART);
        if self.path.exists() {
            self.is_told = true;
            (self.tell)();
        }
    }
}

impl<F: FnMut() + Send> Sink for StopRequests<F> {
    fn name(&self) -> &'static str {
        "stop requests"
    }

    fn accept(&mut self, _: &[Envelope], view: &RunView) -> Result<(), String> {
        self.look(view.last());
        Ok(())
    }

    fn tick(&mut self, now: Moment, _: &RunView) -> Result<(), String> {
        self.look(now);
        Ok(())
    }
}
