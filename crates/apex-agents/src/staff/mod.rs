//! Agents that a user of the library adds to a run: what they are, and who looks after them.
//!
//! Each agent is a thread with a name, a mailbox of event batches, a health that is looked at
//! after every batch, a pulse that shows whether it hangs, and an owner ([`Staff`]) that joins it.
//! An agent that fails, panics or hangs is reported in the stream and to the owner, and the run goes
//! on without it, unless it says that another one can take its place: that one gets the view of the
//! run so far and every batch from then on. What the first one knew beside the view is gone, so only
//! the agent itself can say whether that is safe.

mod attend;
mod owner;

use std::sync::Arc;

use apex_core::event::AgentEvent;
use apex_core::{Envelope, Event, RunId, RunView};
use tokio::sync::mpsc;

pub use owner::Staff;

/// Messages of agents that wait for the run; an agent that has more to say waits.
pub const MESSAGES: usize = 256;

/// How often an agent is replaced in a run; one that fails once more is not.
pub const SUCCESSORS: u32 = 3;

/// Makes agents that can take the place of one that failed or hung.
pub type Successors = Box<dyn FnMut() -> Box<dyn Agent> + Send>;

/// An agent that takes part in a run.
///
/// It is asked in this order: [`Agent::initialise`] once, [`Agent::execute`] for every batch of
/// events, [`Agent::health`] after each, [`Agent::shut_down`] once. After an error it is asked
/// nothing more but to shut down, and after a panic nothing at all.
///
/// While more than [`crate::progress::TEXT_BACKLOG`] envelopes wait for it, it is told how much
/// text jobs wrote and not the text; every other event reaches it.
pub trait Agent: Send {
    /// Its name in events.
    fn name(&self) -> &str;

    /// Gets ready.
    ///
    /// # Errors
    /// A text for people.
    fn initialise(&mut self, _context: &AgentContext) -> Result<(), String> {
        Ok(())
    }

    /// Takes note of what happened; the view is the state after the batch.
    ///
    /// # Errors
    /// A text for people.
    fn execute(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String>;

    /// How it does.
    fn health(&self) -> Health {
        Health::Fit
    }

    /// Makes agents that can take its place, at most [`SUCCESSORS`] in a run; asked once, before
    /// the start. A successor that begins in the middle of a run has the view of all of it and gets
    /// the batches from then on; the one before it is asked nothing more, not even to shut down, and
    /// a thread that hangs stays behind. Without an answer the run goes on without the agent.
    fn successors(&self) -> Option<Successors> {
        None
    }

    /// Ends: the last chance to write something.
    ///
    /// # Errors
    /// A text for people.
    fn shut_down(&mut self, _view: &RunView) -> Result<(), String> {
        Ok(())
    }
}

/// How an agent does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Fit,
    /// It works worse than it should; the text says why. Reported once for each new text.
    Impaired(String),
    /// It has nothing more to do and may be shut down before the end of the run.
    Done,
}

/// What an agent may know and do.
#[derive(Clone)]
pub struct AgentContext {
    run: RunId,
    name: Arc<str>,
    messages: mpsc::Sender<AgentMessage>,
}

impl AgentContext {
    /// The run it takes part in.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Puts a warning into the stream of the run, behind the name of the agent; it comes back to
    /// every agent as an event. After the last event it goes to the outcome of the run. Waits while [`MESSAGES`] messages wait.
    ///
    /// # Panics
    /// When called from asynchronous code: an agent may wait, a runtime may not.
    pub fn warn(&self, text: &str) {
        let warning = AgentMessage::Warning(format!("{}: {text}", self.name));
        // Without a reader the owner did not wait any longer.
        let _ = self.messages.blocking_send(warning);
    }
}

/// What an agent tells the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentMessage {
    Warning(String),
    Failed { agent: Arc<str>, reason: String },
    Stopped { agent: Arc<str> },
    Restarted { agent: Arc<str>, reason: String },
}

impl AgentMessage {
    pub(crate) fn into_event(self) -> Event {
        match self {
            Self::Warning(text) => Event::Warning(text),
            Self::Failed { agent, reason } => Event::Agent(AgentEvent::Failed { agent, reason }),
            Self::Stopped { agent } => Event::Agent(AgentEvent::Stopped { agent }),
            Self::Restarted { agent, reason } => {
                Event::Agent(AgentEvent::Restarted { agent, reason })
            }
        }
    }
}

/// An agent that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentTrouble {
    /// Its name.
    pub agent: String,
    /// Why, for people.
    pub reason: String,
}

/// How the agents of a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Departure {
    /// Warnings that came when the stream was closed, at most [`MESSAGES`].
    pub warnings: Vec<String>,
    /// Those that failed, whether the stream could still say so or not.
    pub troubles: Vec<AgentTrouble>,
    /// Names of those that had not ended when their time was over.
    pub late: Vec<String>,
}

impl Departure {
    /// Takes what agents say after the end of the run, so that none of them waits for a reader.
    fn hear(&mut self, messages: &mut mpsc::Receiver<AgentMessage>) {
        for _ in 0..MESSAGES {
            match messages.try_recv() {
                Ok(AgentMessage::Warning(text)) if self.warnings.len() < MESSAGES => {
                    self.warnings.push(text);
                }
                // How it ended is known from its thread.
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}
