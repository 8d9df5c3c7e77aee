//! The owner of the agents: starts them, feels their pulse, replaces those that can be replaced, and
//! joins them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use apex_core::event::AgentEvent;
use apex_core::{RunId, RunView};
use tokio::sync::mpsc;

use super::attend::{Attended, Pulse, attend};
use super::{
    Agent, AgentContext, AgentMessage, AgentTrouble, Departure, MESSAGES, SUCCESSORS, Successors,
};
use crate::panics::panic_text;
use crate::progress::{Batch, Mailbox, mailbox};

/// How often the owner looks whether an agent has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A thread of an agent; it ends with why the agent failed, if it did.
type Thread = JoinHandle<Result<(), String>>;

/// The agents of a run.
pub struct Staff {
    run: RunId,
    members: Vec<Member>,
    /// Those whose place another one took, and that have not ended.
    former: Vec<(Arc<str>, Thread)>,
    sender: mpsc::Sender<AgentMessage>,
    messages: mpsc::Receiver<AgentMessage>,
    /// The run so far, for successors; kept only where some agent may have one.
    view: Option<RunView>,
}

struct Member {
    name: Arc<str>,
    successors: Option<Successors>,
    replaced: u32,
    place: Place,
    is_stale: bool,
}

/// The thread of an agent, and how it is reached.
struct Place {
    pulse: Arc<Pulse>,
    mailbox: Mailbox,
    is_replaced: Arc<AtomicBool>,
    thread: Thread,
}

impl Staff {
    /// Starts a thread for each agent. They run until [`Staff::shut_down`].
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(agents: Vec<Box<dyn Agent>>, run: &RunId) -> std::io::Result<Self> {
        let (sender, messages) = mpsc::channel(MESSAGES);
        let mut staff = Self {
            run: run.clone(),
            members: Vec::with_capacity(agents.len()),
            former: Vec::new(),
            sender,
            messages,
            view: None,
        };
        for agent in agents {
            let name: Arc<str> = agent.name().into();
            let successors = agent.successors();
            if successors.is_some() {
                staff.view.get_or_insert_default();
            }
            let place = staff.place(agent, &name, RunView::new())?;
            staff.members.push(Member { name, successors, replaced: 0, place, is_stale: false });
        }
        Ok(staff)
    }

    /// Starts the thread of an agent that knows the run so far.
    fn place(
        &self,
        agent: Box<dyn Agent>,
        name: &Arc<str>,
        view: RunView,
    ) -> std::io::Result<Place> {
        let (mailbox, mail) = mailbox();
        let pulse: Arc<Pulse> = Arc::default();
        let is_replaced: Arc<AtomicBool> = Arc::default();
        let context = AgentContext {
            run: self.run.clone(),
            name: Arc::clone(name),
            messages: self.sender.clone(),
        };
        let attended = Attended {
            agent,
            context,
            mail,
            pulse: Arc::clone(&pulse),
            view,
            is_replaced: Arc::clone(&is_replaced),
        };
        let thread = std::thread::Builder::new()
            .name(format!("apex-agent-{name}"))
            .spawn(move || attend(attended))?;
        Ok(Place { pulse, mailbox, is_replaced, thread })
    }

    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.members.iter().map(|member| Arc::clone(&member.name)).collect()
    }

    /// Feels the pulse of every agent; says whose stopped, whose place another one took, and whose is
    /// there again, since the last time. An agent that has nothing to do is well.
    pub(crate) fn feel(&mut self, patience: Duration) -> Vec<AgentEvent> {
        let now = Instant::now();
        let mut changes = Vec::new();
        for position in 0..self.members.len() {
            let member = &mut self.members[position];
            let silent = member.place.pulse.silent(now);
            let is_stale = silent >= patience && !member.place.thread.is_finished();
            if is_stale == member.is_stale {
                continue;
            }
            member.is_stale = is_stale;
            let agent = Arc::clone(&member.name);
            if !is_stale {
                changes.push(AgentEvent::Recovered { agent });
                continue;
            }
            changes.push(AgentEvent::Stale { agent: Arc::clone(&agent), silent });
            if self.replace(position) {
                let reason = format!("it gave no sign of life for {:.1} s", silent.as_secs_f64());
                changes.push(AgentEvent::Restarted { agent, reason });
            }
        }
        changes
    }

    /// Puts a successor into the place of an agent; whether there was one.
    fn replace(&mut self, position: usize) -> bool {
        let Some(view) = self.view.clone() else { return false };
        let member = &mut self.members[position];
        if member.replaced >= SUCCESSORS {
            return false;
        }
        let Some(successors) = &mut member.successors else { return false };
        let successor = successors();
        let name = Arc::clone(&member.name);
        // Without a thread the run goes on as it would without a successor.
        let Ok(place) = self.place(successor, &name, view) else { return false };
        let member = &mut self.members[position];
        member.replaced += 1;
        member.is_stale = false;
        let before = std::mem::replace(&mut member.place, place);
        before.is_replaced.store(true, Ordering::Release);
        self.former.push((name, before.thread));
        true
    }

    /// Whether there is anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Hands a batch to every agent. Never waits.
    pub(crate) fn send(&mut self, batch: &Batch) {
        if let Some(view) = &mut self.view {
            batch.iter().for_each(|envelope| view.apply(envelope));
        }
        for member in &self.members {
            member.place.mailbox.send(batch);
        }
    }

    /// The next message of an agent, after a successor has taken the place of one that failed;
    /// waits for ever when there is none.
    pub(crate) async fn next(&mut self) -> AgentMessage {
        // The owner holds a sender itself, so there is always one.
        let Some(message) = self.messages.recv().await else {
            return std::future::pending().await;
        };
        let AgentMessage::Failed { agent, reason } = message else { return message };
        let position = self.members.iter().position(|member| member.name == agent);
        match position.is_some_and(|position| self.replace(position)) {
            true => AgentMessage::Restarted { agent, reason },
            false => AgentMessage::Failed { agent, reason },
        }
    }

    /// Lets every agent end, and waits for that at most this long in all.
    #[must_use]
    pub fn shut_down(self, limit: Duration) -> Departure {
        let until = Instant::now() + limit;
        let mut messages = self.messages;
        // Without its mailbox an agent knows that the run is over; all may end side by side.
        let leaving: Vec<_> =
            self.members.into_iter().map(|member| (member.name, member.place.thread)).collect();
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
        // Nobody waits for one whose place was taken; what went wrong with it is in the stream.
        let hanging = self.former.into_iter().filter(|(_, thread)| !thread.is_finished());
        departure.late.extend(hanging.map(|(name, _)| format!("{name} (replaced)")));
        departure
    }
}
