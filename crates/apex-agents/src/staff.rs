//! Agents that a user of the library adds to a run: what they are, and who looks after them.
//!
//! Each agent is a thread with a name, a mailbox of event batches, a health that is looked at
//! after every batch, a pulse that shows whether it hangs, and an owner ([`Staff`]) that joins it. An agent that fails or panics is
//! reported in the stream and to the owner; the run goes on without it. It is not started again:
//! what it knew of the run is gone, and a second one would judge by half of the events.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use apex_core::event::AgentEvent;
use apex_core::{Envelope, Event, RunId, RunView};
use tokio::sync::mpsc;

use crate::panics::panic_text;
use crate::progress::{Batch, Mail, Mailbox, mailbox};

/// Messages of agents that wait for the run; an agent that has more to say waits.
pub const MESSAGES: usize = 256;

/// How often the owner looks whether an agent has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

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
}

impl AgentMessage {
    pub(crate) fn into_event(self) -> Event {
        match self {
            Self::Warning(text) => Event::Warning(text),
            Self::Failed { agent, reason } => Event::Agent(AgentEvent::Failed { agent, reason }),
            Self::Stopped { agent } => Event::Agent(AgentEvent::Stopped { agent }),
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

/// The agents of a run.
pub struct Staff {
    members: Vec<Member>,
    messages: mpsc::Receiver<AgentMessage>,
}

struct Member {
    name: Arc<str>,
    pulse: Arc<Pulse>,
    is_stale: bool,
    mailbox: Mailbox,
    thread: JoinHandle<Result<(), String>>,
}

impl Staff {
    /// Starts a thread for each agent. They run until [`Staff::shut_down`].
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(agents: Vec<Box<dyn Agent>>, run: &RunId) -> std::io::Result<Self> {
        let (sender, messages) = mpsc::channel(MESSAGES);
        let mut members = Vec::with_capacity(agents.len());
        for agent in agents {
            let name: Arc<str> = agent.name().into();
            let context = AgentContext {
                run: run.clone(),
                name: Arc::clone(&name),
                messages: sender.clone(),
            };
            let (mailbox, mail) = mailbox();
            let pulse: Arc<Pulse> = Arc::default();
            let felt = Arc::clone(&pulse);
            let thread = std::thread::Builder::new()
                .name(format!("apex-agent-{name}"))
                .spawn(move || attend(agent, &context, &mail, &felt))?;
            members.push(Member { name, pulse, is_stale: false, mailbox, thread });
        }
        Ok(Self { members, messages })
    }

    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.members.iter().map(|member| Arc::clone(&member.name)).collect()
    }

    /// Feels the pulse of every agent; says whose stopped, and whose is there again, since the last
    /// time. An agent that has nothing to do is well.
    pub(crate) fn feel(&mut self, patience: Duration) -> Vec<AgentEvent> {
        let now = Instant::now();
        let mut changes = Vec::new();
        for member in &mut self.members {
            let silent = member.pulse.silent(now);
            let is_stale = silent >= patience && !member.thread.is_finished();
            if is_stale == member.is_stale {
                continue;
            }
            member.is_stale = is_stale;
            let agent = Arc::clone(&member.name);
            changes.push(match is_stale {
                true => AgentEvent::Stale { agent, silent },
                false => AgentEvent::Recovered { agent },
            });
        }
        changes
    }

    /// Whether there is anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Hands a batch to every agent. Never waits.
    pub(crate) fn send(&self, batch: &Batch) {
        for member in &self.members {
            member.mailbox.send(batch);
        }
    }

    /// The next message of an agent; waits for ever when there is none.
    pub(crate) async fn next(&mut self) -> AgentMessage {
        match self.messages.recv().await {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }

    /// Lets every agent end, and waits for that at most this long in all.
    #[must_use]
    pub fn shut_down(self, limit: Duration) -> Departure {
        let until = Instant::now() + limit;
        let mut messages = self.messages;
        // Without its mailbox an agent knows that the run is over; all may end side by side.
        let leaving: Vec<_> =
            self.members.into_iter().map(|member| (member.name, member.thread)).collect();
        let mut departure = Departure::default();
        for (name, thread) in leaving {
            while !thread.is_finished() && Instant::now() < until {
                departure.hear(&mut messages);
                std::thread::sleep(LOOK_AGAIN);
            }
            departure.hear(&mut messages);
            if !thread.is_finished() {
                departure.late.push(name.to_string());
                continue;
            }
            // Panics of the agent are caught inside its thread.
            let ended = thread.join().unwrap_or_else(|panic| Err(panic_text(panic.as_ref())));
            if let Err(reason) = ended {
                departure.troubles.push(AgentTrouble { agent: name.to_string(), reason });
            }
        }
        departure
    }
}

/// Since when an agent has been busy with one thing.
#[derive(Debug, Default)]
struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    /// It begins something, or has done it.
    fn beat(&self, is_busy: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = is_busy.then(Instant::now);
    }

    /// How long it has been busy.
    fn silent(&self, now: Instant) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// The inside of an agent's thread; the answer is why it failed, if it did.
fn attend(
    mut agent: Box<dyn Agent>,
    context: &AgentContext,
    mail: &Mail,
    pulse: &Pulse,
) -> Result<(), String> {
    let mut view = RunView::new();
    // Unwind safety: after a panic the agent is only dropped.
    let attended = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let worked = work(agent.as_mut(), context, (mail, pulse), &mut view);
        worked.and(agent.shut_down(&view))
    }));
    let ended = attended
        .unwrap_or_else(|panic| Err(format!("it panicked: {}", panic_text(panic.as_ref()))));
    let agent = Arc::clone(&context.name);
    let message = match &ended {
        Ok(()) => AgentMessage::Stopped { agent },
        Err(reason) => AgentMessage::Failed { agent, reason: reason.clone() },
    };
    // After the end of the run the stream is closed; the owner is told by the answer.
    let _ = context.messages.blocking_send(message);
    ended
}

fn work(
    agent: &mut dyn Agent,
    context: &AgentContext,
    (mail, pulse): (&Mail, &Pulse),
    view: &mut RunView,
) -> Result<(), String> {
    pulse.beat(true);
    agent.initialise(context)?;
    let mut impaired = None;
    loop {
        pulse.beat(false);
        let Ok(batch) = mail.next() else { return Ok(()) };
        pulse.beat(true);
        batch.iter().for_each(|envelope| view.apply(envelope));
        agent.execute(&batch, view)?;
        match agent.health() {
            Health::Fit => impaired = None,
            Health::Done => return Ok(()),
            Health::Impaired(why) => {
                if impaired.as_ref() != Some(&why) {
                    context.warn(&why);
                    impaired = Some(why);
                }
            }
        }
    }
}
