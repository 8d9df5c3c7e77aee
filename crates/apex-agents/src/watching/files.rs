//! Which files of a project change.
//!
//! Folders that `.gitignore` names are not watched, nor is the state folder, nor `.git`. Tests write
//! files, too: what changes in several runs one after the other, and in between never, is taken for
//! the work of tests and no longer counts, because it would make them run for ever.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ignore::WalkBuilder;
use ignore::gitignore::Gitignore;
use notify_debouncer_full::notify::{self, EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, NoCache, new_debouncer_opt,
};
use tokio::sync::mpsc::{Receiver, channel};

/// How long a file has to be quiet before it counts as changed: editors write in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// Folders that are watched; a larger project has to name some in `.gitignore`.
const MOST_FOLDERS: usize = 20_000;

/// Batches of changes that wait; beyond it they are joined to those that do.
const WAITING: usize = 64;

/// How long after its end a run may still be heard of.
const AFTERWARDS: Duration = Duration::from_millis(50);

/// Runs in a row in which a file changes before it is taken for the work of tests.
const NOISY: u32 = 3;

/// Why files cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system refuses, for example because too many files are watched already.
    #[error("files cannot be watched: {0}")]
    Refused(#[from] notify::Error),
    /// The project has too many folders.
    #[error("the project has more than {MOST_FOLDERS} folders that `.gitignore` does not name")]
    TooLarge,
}

/// What happened to files; paths are relative to the project. Both may be empty.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What changed, each once.
    pub files: Vec<PathBuf>,
    /// What was just taken for the work of tests, and counts no longer.
    pub no_longer: Vec<PathBuf>,
}

/// Tells of files that change.
pub struct Files {
    root: PathBuf,
    state: PathBuf,
    debouncer: Debouncer<RecommendedWatcher, NoCache>,
    changes: Receiver<Vec<DebouncedEvent>>,
    folders: HashSet<PathBuf>,
    /// When the latest run began and ended.
    latest_run: Option<(Instant, Option<Instant>)>,
    /// In how many runs in a row a file has changed.
    noise: HashMap<PathBuf, u32>,
}

impl Files {
    /// Watches the files of a project, but for its state folder.
    ///
    /// # Errors
    /// [`WatchError`] when the system refuses or there is too much to watch.
    pub fn of(root: &Path, state: &Path) -> Result<Self, WatchError> {
        let (sender, changes) = channel(WAITING);
        let handler = move |result: DebounceEventResult| {
            // A full queue holds changes already, and one of them is enough for a run.
            let _ = result.map(|events| sender.try_send(events));
        };
        let config = notify::Config::default();
        let debouncer = new_debouncer_opt(QUIET, None, handler, NoCache::new(), config)?;
        let mut files = Self {
            root: root.to_owned(),
            state: state.to_owned(),
            debouncer,
            changes,
            folders: HashSet::new(),
            latest_run: None,
            noise: HashMap::new(),
        };
        files.watch_below(root)?;
        Ok(files)
    }

    /// Watches a folder and those in it; the answer is the files in them.
    fn watch_below(&mut self, folder: &Path) -> Result<Vec<PathBuf>, WatchError> {
        let state = self.state.clone();
        let walk = WalkBuilder::new(folder)
            .hidden(false)
            .require_git(false)
            .filter_entry(move |entry| entry.file_name() != ".git" && entry.path() != state)
            .build();
        let mut found = Vec::new();
        for entry in walk.filter_map(Result::ok) {
            if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                found.push(entry.into_path());
                continue;
            }
            if self.folders.contains(entry.path()) {
                continue;
            }
            if self.folders.len() >= MOST_FOLDERS {
                return Err(WatchError::TooLarge);
            }
            self.debouncer.watch(entry.path(), RecursiveMode::NonRecursive)?;
            self.folders.insert(entry.into_path());
        }
        Ok(found)
    }

    /// A run begins: what changes from here on may be the work of tests.
    pub fn run_begins(&mut self) {
        self.latest_run = Some((Instant::now(), None));
    }

    /// The run has ended.
    pub fn run_ended(&mut self) {
        if let Some((_, end)) = &mut self.latest_run {
            *end = Some(Instant::now());
        }
    }

    /// Waits for something to happen to files.
    pub async fn next(&mut self) -> Changes {
        let Some(events) = self.changes.recv().await else { return std::future::pending().await };
        // Each path once, with the latest time at which something happened to it.
        let mut changed: BTreeMap<PathBuf, Instant> = BTreeMap::new();
        for event in events.iter().filter(|event| is_change(event.kind)) {
            for path in &event.paths {
                changed.insert(path.clone(), event.time);
            }
        }
        changed.retain(|path, _| !self.is_left_out(path));
        let mut changes = Changes::default();
        for (path, at) in changed {
            // A folder that came with files in it tells of them no more.
            let inside = match path.is_dir() {
                true if self.folders.contains(&path) => continue,
                // One that cannot be watched is as good as one that was never there.
                true => self.watch_below(&path).unwrap_or_default(),
                false => {
                    // A folder that is gone is watched anew when it comes back.
                    if self.folders.contains(&path) {
                        self.folders.retain(|folder| !folder.starts_with(&path));
                    }
                    vec![path]
                }
            };
            for path in inside {
                self.add(&mut changes, &path, at);
            }
        }
        changes
    }

    fn add(&mut self, changes: &mut Changes, path: &Path, at: Instant) {
        let relative = path.strip_prefix(&self.root).unwrap_or(path).to_owned();
        match self.times(path, at) {
            0..NOISY => changes.files.push(relative),
            NOISY => changes.no_longer.push(relative),
            _ => {}
        }
    }

    /// In how many runs in a row a file has changed, when it changed in one now.
    fn times(&mut self, path: &Path, at: Instant) -> u32 {
        let is_inside = self.latest_run.is_some_and(|(began, ended)| {
            at >= began && ended.is_none_or(|ended| at <= ended + AFTERWARDS)
        });
        if !is_inside {
            self.noise.remove(path);
            return 0;
        }
        let times = self.noise.entry(path.to_owned()).or_default();
        *times += 1;
        *times
    }

    /// Whether `.gitignore` names a path, or it belongs to Apex, to Git or to an editor.
    fn is_left_out(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if path.starts_with(&self.state) || name == ".git" || is_of_editor(name) {
            return true;
        }
        let is_folder = path.is_dir();
        let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        for folder in folders {
            // A file that cannot be read names nothing.
            let (ignored, _) = Gitignore::new(folder.join(".gitignore"));
            let said = ignored.matched_path_or_any_parents(path, is_folder);
            if !said.is_none() {
                return said.is_ignore();
            }
        }
        false
    }
}

/// Whether what happened to a file changes it; reading it does not.
const fn is_change(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(_) | EventKind::Any
    )
}

/// Files that editors keep beside the one that is edited.
fn is_of_editor(name: &str) -> bool {
    name.ends_with('~')
        || name.starts_with(".#")
        || (name.starts_with('#') && name.ends_with('#'))
        || name.ends_with(".swp")
        || name.ends_with(".swx")
        || name == "4913"
}
