//! What the stream says of itself, between events: `apex.stream/1`.

use serde_json::{Value, json};

/// A note between events. Like events, each is one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) enum Note {
    /// The client was too slow for these events, and had asked for a snapshot in place of them; it
    /// follows.
    Missed {
        /// The first number that was left out.
        from: u64,
        /// The last number that was left out.
        to: u64,
    },
    /// Nothing more comes.
    End {
        /// The number behind the last event.
        next: u64,
        /// How far the run is: `finished`, `lost` or `damaged`.
        state: &'static str,
        /// What is damaged.
        reason: Option<String>,
    },
}

impl Note {
    /// The note as JSON.
    pub(in crate::web) fn json(&self) -> Value {
        let schema = crate::web::STREAM_SCHEMA;
        match self {
            Self::Missed { from, to } => {
                json!({ "schema": schema, "type": "missed", "from": from, "to": to })
            }
            Self::End { next, state, reason: None } => {
                json!({ "schema": schema, "type": "end", "next": next, "state": state })
            }
            Self::End { next, state, reason: Some(reason) } => json!({
                "schema": schema, "type": "end", "next": next, "state": state, "reason": reason,
            }),
        }
    }
}
