//! Agents as a view holds them.

use std::sync::Arc;

use crate::event::AgentEvent;
use crate::time::Moment;

/// Agents that a view keeps; a record that names more is damaged.
const LIMIT: usize = 256;

/// An agent of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentView {
    /// Its name.
    pub name: Arc<str>,
    /// How it is.
    pub state: AgentState,
    /// Since when it is so.
    pub since: Moment,
}

/// How an agent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// It works.
    Running,
    /// It has been busy with one thing for so long that it may hang.
    Stale,
    /// It ended in order.
    Stopped,
    /// It failed; the run went on.
    Failed {
        /// Why.
        reason: String,
    },
}

impl AgentState {
    /// The word for it in files.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stale => "stale",
            Self::Stopped => "stopped",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Takes what happened to an agent.
pub(super) fn take(agents: &mut Vec<AgentView>, event: &AgentEvent, at: Moment) {
    let (name, state) = match event {
        AgentEvent::Started { agent }
        | AgentEvent::Recovered { agent }
        | AgentEvent::Restarted { agent, .. } => (agent, AgentState::Running),
        AgentEvent::Stale { agent, .. } => (agent, AgentState::Stale),
        AgentEvent::Stopped { agent } => (agent, AgentState::Stopped),
        AgentEvent::Failed { agent, reason } => {
            (agent, AgentState::Failed { reason: reason.clone() })
        }
    };
    if let Some(known) = agents.iter_mut().find(|known| known.name == *name) {
        (known.state, known.since) = (state, at);
    } else if agents.len() < LIMIT {
        agents.push(AgentView { name: Arc::clone(name), state, since: at });
    }
}
