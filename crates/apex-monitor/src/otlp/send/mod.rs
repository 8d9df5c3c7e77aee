//! Brings the bytes of a batch to where they go, once; whether it is tried again is not decided
//! here.

mod collector;
mod folder;
mod grpc;
mod poster;
mod tls;

use std::time::Duration;

use apex_config::model::OtlpProtocol;

use super::Signal;
use super::settings::Destination;

use collector::Collector;
use folder::Folder;
pub(crate) use poster::{Posted, Poster};

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It arrived; so many of its parts were refused, and this was said.
    Taken {
        /// How many.
        refused: u64,
        /// Why, in the words of the collector.
        said: String,
    },
    /// It did not arrive, and may later.
    Later {
        /// When the collector wants to be asked again, if it said.
        after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// It will not arrive.
    Never(String),
}

/// The way to one place.
pub(super) enum Way {
    Collector(Box<Collector>),
    Folder(Folder),
}

impl Way {
    /// Prepares it; nothing is sent or written.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn to(destination: &Destination, signal: Signal) -> Result<Self, String> {
        Ok(match destination {
            Destination::Collector(endpoint) => {
                Self::Collector(Box::new(Collector::new(endpoint, signal)?))
            }
            Destination::Folder(folder) => Self::Folder(Folder::new(folder, signal)),
        })
    }

    /// The form that it wants.
    pub(super) const fn protocol(&self) -> OtlpProtocol {
        match self {
            Self::Collector(collector) => collector.protocol(),
            Self::Folder(_) => OtlpProtocol::HttpJson,
        }
    }

    /// Brings a request there.
    pub(super) async fn bring(&mut self, request: &[u8]) -> Answer {
        match self {
            Self::Collector(collector) => collector.send(request).await,
            Self::Folder(folder) => folder.write(request),
        }
    }
}
