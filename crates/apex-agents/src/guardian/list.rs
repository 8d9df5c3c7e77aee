//! The list of what a run started: what has to be taken away when Apex itself is gone.
//!
//! One JSON object a line, only ever appended to, so that it is whole up to its last line however
//! its writer ended. The first line says whose list it is. Form `apex.guard/1`; a reader passes
//! over lines that it does not know.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::process::table::{self, Entry};

/// The form that is written, and the only one that is read.
pub(super) const FORM: &str = "apex.guard/1";

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// Whose list it is; the first line.
    Run(Whose),
    /// A program was started, or an orphan of one was found.
    Process(Listed),
    /// Something was made that is no process.
    Made(Made),
    /// Apex was gone, and this was taken away.
    Cleared(Cleared),
}

/// Whose list it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whose {
    /// [`FORM`].
    pub(super) form: String,
    /// The run.
    pub(super) run: String,
    /// Which start of the machine.
    pub(super) boot: String,
    /// The process of Apex.
    pub(super) apex: i32,
    /// When it began, in ticks since the start of the machine.
    pub(super) began: u64,
    /// What the environment of everything that it started carries.
    pub(super) mark: String,
}

/// A process, by its number and the time at which it began: between these ticks since the start of
/// the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) id: i32,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// Something beside processes that a run made and that has to go with it.
///
/// A further kind of thing is a further variant here and an arm in `clear.rs`; what a program can
/// take away needs neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Made {
    /// The private folder of an attempt, absolute.
    Folder(PathBuf),
    /// A control group, absolute; what is in it is killed.
    ControlGroup(PathBuf),
    /// Whatever this program takes away.
    TakenBy(CleanUp),
}

/// A program that takes something away. It runs without input, in the root of the file system, and
/// is killed after [`CleanUp::PATIENCE`]. It has to do no harm when there is nothing to take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUp {
    /// What is taken away, for people: `container web of the run`.
    pub what: String,
    /// Argument vector; the first is an absolute path.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
}

impl CleanUp {
    /// How long the program may take.
    pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
}

/// What was taken away after Apex was gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// How many processes were ended.
    pub processes: usize,
    /// The first of them, each with its id and its command.
    pub named: Vec<String>,
    /// How many private folders were removed.
    pub folders: usize,
    /// What else was taken away, in words.
    pub others: Vec<String>,
    /// What could not be taken away, in words, with what to do.
    pub left: Vec<String>,
}

/// A list that was read.
#[derive(Debug)]
pub(super) struct List {
    pub(super) whose: Whose,
    pub(super) processes: Vec<Listed>,
    pub(super) made: Vec<Made>,
    /// What its guardian has said.
    pub(super) cleared: Option<Cleared>,
}

impl List {
    /// Reads a list; none when it has no first line or one of another form.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = fs::read(path)?;
        let mut lines =
            text.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let Some(Line::Run(whose)) = lines.next() else { return Ok(None) };
        if whose.form != FORM {
            return Ok(None);
        }
        let mut list = Self { whose, processes: Vec::new(), made: Vec::new(), cleared: None };
        for line in lines {
            match line {
                Line::Process(process) => list.processes.push(process),
                Line::Made(made) => list.made.push(made),
                Line::Cleared(cleared) => list.cleared = Some(cleared),
                Line::Run(_) => {}
            }
        }
        Ok(Some(list))
    }
}

impl Whose {
    /// A list of this process.
    pub(super) fn ours(run: &str, mark: &str) -> Self {
        let apex = table::own_id();
        Self {
            form: FORM.to_owned(),
            run: run.to_owned(),
            boot: table::boot(),
            apex,
            began: Entry::of(apex).map_or(0, |entry| entry.start),
            mark: mark.to_owned(),
        }
    }

    /// Whether the machine was not started anew since.
    pub(super) fn is_of_this_boot(&self) -> bool {
        self.boot == table::boot()
    }

    /// Whether the process of Apex still runs.
    pub(super) fn is_alive(&self) -> bool {
        let is_it = |entry: Entry| entry.start == self.began && !entry.is_dead;
        self.is_of_this_boot() && Entry::of(self.apex).is_some_and(is_it)
    }
}

impl Listed {
    /// A process that was seen.
    pub(super) const fn seen(entry: &Entry) -> Self {
        Self { id: entry.id, from: entry.start, to: entry.start }
    }

    /// Its line, as [`Line::Process`] is written; by hand, because every start of a program pays it.
    pub(super) fn line(&self) -> String {
        let Self { id, from, to } = self;
        format!("{{\"process\":{{\"id\":{id},\"from\":{from},\"to\":{to}}}}}\n")
    }

    /// Whether a process is this one, and not another that got its number.
    pub(super) const fn is(&self, entry: &Entry) -> bool {
        self.id == entry.id && self.from <= entry.start && entry.start <= self.to
    }
}
