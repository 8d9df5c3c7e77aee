//! The inside of the thread of an agent: asks it in its order, and catches what goes wrong.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use apex_core::RunView;

use super::{Agent, AgentContext, AgentMessage, Health};
use crate::panics::panic_text;
use crate::progress::Mail;

/// Since when an agent has been busy with one thing.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    /// It begins something, or has done it.
    fn beat(&self, is_busy: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = is_busy.then(Instant::now);
    }

    /// How long it has been busy.
    pub(super) fn silent(&self, now: Instant) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// What an agent's thread begins with.
pub(super) struct Attended {
    pub(super) agent: Box<dyn Agent>,
    pub(super) context: AgentContext,
    pub(super) mail: Mail,
    pub(super) pulse: Arc<Pulse>,
    /// The run before the first batch that it gets.
    pub(super) view: RunView,
    /// Whether another one has taken its place: then it is asked nothing more and says nothing.
    pub(super) is_replaced: Arc<AtomicBool>,
}

/// The inside of an agent's thread; the answer is why it failed, if it did.
pub(super) fn attend(attended: Attended) -> Result<(), String> {
    let Attended { mut agent, context, mail, pulse, mut view, is_replaced } = attended;
    // Unwind safety: after a panic the agent is only dropped.
    let attended = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let worked = work(agent.as_mut(), &context, (&mail, &pulse), &mut view);
        if is_replaced.load(Ordering::Acquire) {
            return Ok(());
        }
        worked.and(agent.shut_down(&view))
    }));
    if is_replaced.load(Ordering::Acquire) {
        return Ok(());
    }
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
