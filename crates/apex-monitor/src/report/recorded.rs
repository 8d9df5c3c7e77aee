//! A run as reports read it: the view, and the few facts of its events that a view does not keep.

use std::collections::BTreeSet;

use apex_core::event::{RunEvent, Setting};
use apex_core::{Envelope, Event, RunView};

use super::Timeline;
use crate::exit::{ExitRule, ExitStatus};
use crate::run_dir::{JournalError, JournalReader, RunDirectory};

/// A run that was recorded, up to its end or to where its record ends.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// What is known of it.
    pub view: RunView,
    /// What was tested, and on how large a machine.
    pub setting: Setting,
    /// What ran when.
    pub timeline: Timeline,
    /// How it ended.
    pub end: End,
    /// Its run directory, as people should read it; none when there is none.
    pub directory: Option<String>,
    /// Files that the change under test touches, relative to the project: what failed in them is
    /// named first where not everything is named.
    pub changed: BTreeSet<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum End {
    /// Its record does not say: it goes on, or Apex was ended before it.
    #[default]
    Open,
    /// In order.
    Status(ExitStatus),
}

impl End {
    /// The word for what the run amounts to: `passed`, `failed` or `unfinished`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Open => "unfinished",
            Self::Status(status) => status.verdict(),
        }
    }

    /// The exit code, when the run ended.
    #[must_use]
    pub const fn code(&self) -> Option<u8> {
        match self {
            Self::Open => None,
            Self::Status(status) => Some(status.code),
        }
    }

    /// What it means, for people.
    #[must_use]
    pub fn meaning(&self) -> &str {
        match self {
            Self::Open => "its record has no end",
            Self::Status(status) => &status.meaning,
        }
    }
}

impl Recorded {
    /// Reads the journal of a run directory.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn read(directory: &RunDirectory, rule: &ExitRule) -> Result<Self, JournalError> {
        let mut run = Self::default();
        for envelope in JournalReader::open(&directory.events())? {
            run.apply(&envelope?);
        }
        run.conclude(rule);
        Ok(run)
    }

    /// The run of a stream of events.
    #[must_use]
    pub fn of<'e>(stream: impl IntoIterator<Item = &'e Envelope>, rule: &ExitRule) -> Self {
        let mut run = Self::default();
        stream.into_iter().for_each(|envelope| run.apply(envelope));
        run.conclude(rule);
        run
    }

    /// The same run, its directory named as people should read it.
    #[must_use]
    pub fn in_directory(mut self, shown: String) -> Self {
        self.directory = Some(shown);
        self
    }

    fn apply(&mut self, envelope: &Envelope) {
        if let Event::Run(RunEvent::Started(started)) = &envelope.event {
            self.setting = started.setting.clone();
        }
        self.view.apply(envelope);
        self.timeline.apply(envelope);
    }

    fn conclude(&mut self, rule: &ExitRule) {
        self.timeline.conclude(self.view.last());
        self.end = self.view.result().map_or(End::Open, |result| End::Status(rule(result)));
    }

    /// The name of the run; empty when its record is.
    pub(super) fn id(&self) -> &str {
        self.view.identity().map_or("", |identity| identity.run.as_str())
    }

    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub(super) fn unix_millis(&self) -> u64 {
        self.view.identity().map_or(0, |identity| identity.unix_millis)
    }
}
