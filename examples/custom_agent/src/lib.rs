//! An agent of one's own: warns of tests that take longer than they should.
//!
//! It relies on getting every event once and in order, together with the view of the run after
//! them. It knows nothing of frameworks or processes, and can neither stop nor fail a run.

use std::time::Duration;

use apex_agents::{Agent, AgentContext};
use apex_core::event::TestEvent;
use apex_core::{Envelope, Event, RunView};

/// Warnings that one run gets at most: a slow machine makes every test slow.
pub const WARNINGS: u32 = 10;

/// Warns of tests that take longer than a limit.
pub struct SlowTests {
    limit: Duration,
    context: Option<AgentContext>,
    found: u32,
}

impl SlowTests {
    /// An agent that warns of tests that take longer than this.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, context: None, found: 0 }
    }

    fn warn(&self, text: &str) {
        if let Some(context) = &self.context {
            context.warn(text);
        }
    }

    fn found(&mut self, name: &str, duration: Duration) {
        self.found += 1;
        if self.found <= WARNINGS {
            let (took, limit) = (duration.as_secs_f64(), self.limit.as_secs_f64());
            self.warn(&format!("{name} took {took:.2} s, more than {limit:.2} s"));
        }
        if self.found == WARNINGS {
            self.warn("further slow tests are not named");
        }
    }
}

impl Agent for SlowTests {
    fn name(&self) -> &str {
        "slow-tests"
    }

    fn initialise(&mut self, context: &AgentContext) -> Result<(), String> {
        self.context = Some(context.clone());
        Ok(())
    }

    fn execute(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        for envelope in batch {
            let Event::Test(_, TestEvent::Finished { test, duration, .. }) = &envelope.event else {
                continue;
            };
            if let Some(duration) = duration.filter(|duration| *duration > self.limit) {
                let name = view.test(*test).map_or("a test", |test| &*test.case.id);
                self.found(name, duration);
            }
        }
        Ok(())
    }
}
