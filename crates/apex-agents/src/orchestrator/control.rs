//! Wishes of those who look at a run: to stop it, to skip the rest of a layer.
//!
//! They are wishes only: the scheduler decides what becomes of them, and says so in events.

use apex_core::LayerIx;
use apex_core::schedule::Input;
use tokio::sync::mpsc::Receiver;

/// A wish about a run that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// End it in order, as the first Ctrl-C does; a second one kills what runs.
    Stop,
    /// End what runs of a layer and go on with those behind it.
    SkipLayer(LayerIx),
}

impl Control {
    /// What the scheduler is told; the number is that of `SIGINT`.
    pub(super) const fn input(self) -> Input {
        match self {
            Self::Stop => Input::Interrupt { signal: 2 },
            Self::SkipLayer(layer) => Input::SkipLayer(layer),
        }
    }
}

/// Where wishes come from.
#[derive(Debug, Default)]
pub struct Controls(Option<Receiver<Control>>);

impl Controls {
    /// Nobody wishes anything.
    #[must_use]
    pub const fn never() -> Self {
        Self(None)
    }

    /// Whoever holds the other end of this channel.
    #[must_use]
    pub const fn from_channel(receiver: Receiver<Control>) -> Self {
        Self(Some(receiver))
    }

    /// Waits for the next wish; for ever, when none can come.
    pub(super) async fn next(&mut self) -> Control {
        if let Some(receiver) = &mut self.0 {
            match receiver.recv().await {
                Some(control) => return control,
                None => self.0 = None,
            }
        }
        std::future::pending().await
    }
}
