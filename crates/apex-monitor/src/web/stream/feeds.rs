//! The runs that are looked at. A bounded number: views of large runs are large.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use apex_core::RunId;

use super::Feed;
use crate::run_dir::Runs;

/// Runs that are held at once.
pub(in crate::web) const MOST_FEEDS: usize = 16;

/// The runs that are looked at.
pub(in crate::web) struct Feeds {
    runs: Runs,
    /// The one run that may be looked at; all of the folder when none.
    only: Option<RunId>,
    /// The latest one last.
    open: Mutex<Vec<Arc<Feed>>>,
}

impl Feeds {
    /// Those of a state folder, or of one run in it.
    pub(in crate::web) fn new(state: &Path, only: Option<RunId>) -> Self {
        Self { runs: Runs::in_state(state), only, open: Mutex::default() }
    }

    /// The runs that may be looked at, the newest first.
    ///
    /// # Errors
    /// Those of the file system.
    pub(in crate::web) fn list(&self) -> io::Result<Vec<RunId>> {
        match &self.only {
            Some(run) => Ok(vec![run.clone()]),
            None => self.runs.list(),
        }
    }

    /// The directories of runs.
    pub(in crate::web) const fn runs(&self) -> &Runs {
        &self.runs
    }

    /// A run; it is opened when it is not open. The one that was asked for longest ago makes room,
    /// unless somebody looks at it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a run that is not there or not shown, [`ErrorKind::ResourceBusy`]
    /// when too many runs are looked at, and those of the file system.
    pub(in crate::web) fn get(&self, run: &RunId) -> io::Result<Arc<Feed>> {
        if self.only.as_ref().is_some_and(|only| only != run) {
            let text = format!("this server shows run {} only", self.only.as_ref().unwrap_or(run));
            return Err(io::Error::new(ErrorKind::NotFound, text));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().position(|feed| feed.run() == run) {
            let feed = open.remove(at);
            open.push(Arc::clone(&feed));
            return Ok(feed);
        }
        let directory = self.runs.open(run)?;
        if open.len() >= MOST_FEEDS {
            let idle = open.iter().position(|feed| Arc::strong_count(feed) == 1);
            let Some(idle) = idle else {
                let text = format!("{MOST_FEEDS} runs are looked at already");
                return Err(io::Error::new(ErrorKind::ResourceBusy, text));
            };
            open.remove(idle);
        }
        let feed = Feed::start(run.clone(), directory)?;
        open.push(Arc::clone(&feed));
        Ok(feed)
    }

    /// The runs that are open now.
    pub(in crate::web) fn open(&self) -> Vec<Arc<Feed>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
