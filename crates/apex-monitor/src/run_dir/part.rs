//! A part of a run that several machines shared, as it was recorded: its plan, the plan of all
//! parts, and its events.

use std::io;
use std::path::Path;

use apex_core::event::{RunEvent, RunStarted};
use apex_core::join::Recorded;
use apex_core::{Envelope, Event, Plan};

use super::{JournalError, JournalReader, RunDirectory};

/// A recorded part, its events unread but for the first.
pub struct RecordedPart {
    /// What it is called and what it is part of.
    pub recorded: Recorded,
    /// How it began.
    pub started: Box<RunStarted>,
    pub(super) directory: RunDirectory,
    pub(super) journal: JournalReader,
}

/// Why a directory is no part that can be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// There is no directory, or a file of it cannot be read.
    #[error("`{name}` cannot be read: {source}")]
    Unreadable {
        /// The directory.
        name: String,
        /// What the system says, or what is wrong with the file.
        source: io::Error,
    },
    /// Its run goes on.
    #[error("the run in `{name}` goes on")]
    Running {
        /// The directory.
        name: String,
    },
    /// It is the record of a run that was not split.
    #[error("`{name}` is the record of a run, but not of a part of one")]
    NoPart {
        /// The directory.
        name: String,
    },
    /// Its plans do not belong to each other, or refer to what is not in them.
    #[error("`plan.json` and `whole.json` in `{name}` contradict each other or themselves")]
    Contradiction {
        /// The directory.
        name: String,
    },
    /// Its journal has no beginning that can be read.
    #[error("`{name}` has no journal that can be read: {why}")]
    NoJournal {
        /// The directory.
        name: String,
        /// Why.
        why: String,
    },
}

impl RecordedPart {
    /// Opens the run directory of a part.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn open(path: &Path) -> Result<Self, PartError> {
        let name = path.display().to_string();
        let unreadable = |source| PartError::Unreadable { name: name.clone(), source };
        let directory = RunDirectory::at(path).map_err(unreadable)?;
        if directory.is_running().map_err(unreadable)? {
            return Err(PartError::Running { name });
        }
        let plan = directory.read_plan().map_err(unreadable)?;
        let Some(part) = number(&plan) else { return Err(PartError::NoPart { name }) };
        let whole = directory.read_whole().map_err(unreadable)?;
        if !belong(&plan, &whole) {
            return Err(PartError::Contradiction { name });
        }
        let mut journal = JournalReader::open(&directory.events())
            .map_err(|error| PartError::NoJournal { name: name.clone(), why: error.to_string() })?;
        let started = beginning(&mut journal)
            .map_err(|why| PartError::NoJournal { name: name.clone(), why })?;
        let setting = started.setting.clone();
        let recorded = Recorded { name, part, setting, whole };
        Ok(Self { recorded, started, directory, journal })
    }
}

fn number(plan: &Plan) -> Option<u32> {
    plan.matrix.as_ref().and_then(|matrix| matrix.part)
}

/// Whether one plan is a part of the other.
fn belong(part: &Plan, whole: &Plan) -> bool {
    let digest = |plan: &Plan| plan.matrix.as_ref().map(|matrix| matrix.digest.clone());
    part.is_sound() && whole.is_sound() && whole.is_joined() && digest(part) == digest(whole)
}

fn beginning(journal: &mut JournalReader) -> Result<Box<RunStarted>, String> {
    let first: Option<Result<Envelope, JournalError>> = journal.next();
    match first {
        Some(Ok(Envelope { event: Event::Run(RunEvent::Started(started)), .. })) => Ok(started),
        Some(Ok(_)) => Err("it does not begin with the beginning of a run".to_owned()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("it is empty".to_owned()),
    }
}
