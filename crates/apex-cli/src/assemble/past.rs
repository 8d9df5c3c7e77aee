//! What earlier runs taught, for a command that plans. When it cannot be used, people are told
//! once, and the command goes on as if there had been no runs.

use std::path::Path;

use apex_agents::planning::{self, Wish};
use apex_config::Config;
use apex_config::model::Retention;
use apex_core::{History, Sink};
use apex_monitor::history::{HistoryError, HistoryFile, Limits, Recorder};
use apex_monitor::run_dir::Runs;

use crate::out;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// The history of a project for the time of a run.
pub(super) struct Past {
    file: HistoryFile,
    limits: Limits,
    is_usable: bool,
}

impl Past {
    /// The history in a state folder. Nothing is touched.
    pub(super) fn in_state(state: &Path, retention: &Retention) -> Self {
        Self { file: HistoryFile::in_state(state), limits: limits(retention), is_usable: true }
    }

    /// What is known for a wish, runs included whose Apex was killed.
    pub(super) fn read(&mut self, runs: &Runs, config: &Config, wish: &Wish) -> History {
        let known = |file: &HistoryFile| file.catch_up(runs).and_then(|_| read(file, config, wish));
        let error = match known(&self.file) {
            Ok(history) => return history,
            Err(error) => error,
        };
        // What the records of the latest runs still have is there again at once.
        let again = self.set_aside(&error).then(|| known(&self.file));
        again.and_then(Result::ok).unwrap_or_default()
    }

    /// Says what is wrong, and renames a damaged history; whether a new one may begin.
    fn set_aside(&mut self, error: &HistoryError) -> bool {
        let aside = if error.is_damage() { self.file.set_aside() } else { None };
        self.is_usable = aside.is_some();
        let what = match aside {
            Some(aside) => format!("it was renamed to `{}`, and a new one begins", aside.display()),
            None => "this run goes on without it".to_owned(),
        };
        out::people(&format!("warning: history: {error}; {what}; {}\n", error.advice()));
        self.is_usable
    }

    /// Adds the run to the history at its end, unless the history cannot be used.
    pub(super) fn recorder(self) -> Option<Box<dyn Sink>> {
        self.is_usable.then(|| -> Box<dyn Sink> { Box::new(Recorder::new(self.file, self.limits)) })
    }
}

/// What is known for a wish, for a command that changes nothing.
pub(super) fn look(state: &Path, config: &Config, wish: &Wish) -> History {
    read(&HistoryFile::in_state(state), config, wish).unwrap_or_else(|error| {
        let advice = error.advice();
        out::people(&format!("warning: history: {error}; this is without it; {advice}\n"));
        History::default()
    })
}

/// How much history is kept.
pub(crate) fn limits(retention: &Retention) -> Limits {
    Limits {
        days: retention.history_days,
        bytes: u64::from(retention.history_megabytes) * MEBIBYTE,
    }
}

fn read(file: &HistoryFile, config: &Config, wish: &Wish) -> Result<History, HistoryError> {
    if !file.path().exists() {
        return Ok(History::default());
    }
    file.read(planning::categories(config, wish).as_deref())
}
