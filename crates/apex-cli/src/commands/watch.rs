//! `apex watch`: runs tests, and runs them again when files change.
//!
//! What comes next is decided by [`Course`]; here it is carried out and told.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use apex_agents::watching::{Files, Run, Signals};
use apex_core::course::{Course, Happened, Scope, Step};
use apex_core::{RunId, RunView};
use apex_monitor::console::{Key, Keyboard};
use apex_monitor::report::again;
use apex_monitor::run_dir::{Runs, read_view};

use crate::args::{GlobalArgs, WatchArgs, words_of_watched_part, words_of_watched_runs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;

/// Time between two looks at the keyboard.
const RHYTHM: Duration = Duration::from_millis(50);

/// The number of SIGINT.
const INTERRUPT: i32 = 2;

/// Files that are named when they changed.
const NAMED: usize = 3;

/// Watches until the user ends it.
pub(crate) fn watch(global: &GlobalArgs, args: &WatchArgs) -> Result<ExitCode, Failure> {
    let project = Project::for_target(global, &args.run.target.part)?;
    let root = &project.loaded.root;
    let state = assemble::state_folder(&project);
    let is_compared = args.run.target.part.affected.is_none()
        && root.ancestors().any(|folder| folder.join(".git").exists());
    assemble::runtime()?.block_on(async {
        let files = Files::of(root, &state).map_err(|error| {
            Failure::environment(
                error.to_string(),
                "name folders that hold no sources in `.gitignore`, or raise fs.inotify.max_user_watches",
            )
        })?;
        let signals = Signals::of_this_process()
            .map_err(|error| cannot(&format!("signals cannot be watched: {error}")))?;
        let mut watch = Watch {
            global,
            args,
            runs: Runs::in_state(&state),
            is_compared,
            files,
            signals,
            latest: None,
        };
        watch.go_on().await
    })
}

struct Watch<'a> {
    global: &'a GlobalArgs,
    args: &'a WatchArgs,
    runs: Runs,
    /// Whether Git can say what changes concern.
    is_compared: bool,
    files: Files,
    signals: Signals,
    /// How to run once more what failed in the latest run.
    latest: Option<Vec<String>>,
}

/// What ended a stretch of waiting.
enum Woken {
    Changed(Vec<PathBuf>),
    Ended,
    Wanted(Scope),
    Leave(ExitCode),
}

impl Watch<'_> {
    async fn go_on(&mut self) -> Result<ExitCode, Failure> {
        let mut course = Course::new(self.args.restart);
        let mut step = course.take(Happened::Wanted(Scope::All));
        loop {
            let woken = match step {
                Step::Run(scope) => match self.run(scope, &mut course).await? {
                    Some(code) => return Ok(code),
                    None => Woken::Ended,
                },
                Step::Wait | Step::Stop => self.rest().await,
            };
            step = match woken {
                Woken::Leave(code) => return Ok(code),
                Woken::Wanted(scope) => course.take(Happened::Wanted(scope)),
                Woken::Changed(files) => {
                    self.tell(&changed(&files));
                    course.take(Happened::Changed)
                }
                Woken::Ended => {
                    course.take(Happened::Ended { has_failures: self.latest.is_some() })
                }
            };
        }
    }

    /// One run to its end; changes are gathered meanwhile. The answer is how to leave, when a
    /// signal asked for that.
    async fn run(
        &mut self,
        scope: Scope,
        course: &mut Course,
    ) -> Result<Option<ExitCode>, Failure> {
        let name = assemble::new_run_id();
        let words = self.words(scope, &name);
        if scope == Scope::Failing {
            self.tell("first what failed");
        }
        let program = std::env::current_exe().map_err(|error| cannot(&error.to_string()))?;
        let mut run = Run::start(&program, &words).map_err(|error| cannot(&error.to_string()))?;
        self.files.run_begins();
        let mut leaving = None;
        let mut noisy = Vec::new();
        loop {
            tokio::select! {
                ended = run.end() => {
                    ended.map_err(|error| cannot(&error.to_string()))?;
                    break;
                }
                changes = self.files.next() => {
                    noisy.extend(changes.no_longer);
                    let is_change = !changes.files.is_empty();
                    if is_change && course.take(Happened::Changed) == Step::Stop {
                        run.stop();
                    }
                }
                signal = self.signals.next() => {
                    let number = u8::try_from(signal).unwrap_or(0);
                    // Ctrl-C reaches every program of the terminal; what else comes, only this one.
                    if signal != INTERRUPT || !std::io::stdin().is_terminal() {
                        run.terminate();
                    }
                    leaving = Some(ExitCode::Signal(number));
                }
            }
        }
        self.files.run_ended();
        self.tell_of_noise(&noisy);
        self.latest = self.view(&name).and_then(|view| again::in_one(&view));
        Ok(leaving)
    }

    fn view(&self, run: &RunId) -> Option<RunView> {
        self.runs.open(run).ok().and_then(|directory| read_view(&directory).ok())
    }

    /// What a run is called with.
    fn words(&self, scope: Scope, name: &RunId) -> Vec<OsString> {
        let mut words = match (scope, &self.latest) {
            (Scope::Failing, Some(failing)) => words_of_watched_part(failing),
            _ => words_of_watched_runs(),
        };
        words.extend(["--run-id".into(), name.as_str().into()]);
        if scope == Scope::Affected && self.is_compared {
            words.push("--affected".into());
        }
        words
    }

    /// Waits between two runs.
    async fn rest(&mut self) -> Woken {
        let keyboard = Keyboard::open();
        let keys = if keyboard.is_some() { ": Enter runs all, f what failed, q ends" } else { "" };
        let failed = if self.latest.is_some() { "something fails; " } else { "" };
        self.tell(&format!("{failed}waiting for changes{keys}"));
        let mut rhythm = tokio::time::interval(RHYTHM);
        loop {
            tokio::select! {
                changes = self.files.next() => {
                    self.tell_of_noise(&changes.no_longer);
                    if !changes.files.is_empty() {
                        return Woken::Changed(changes.files);
                    }
                }
                signal = self.signals.next() => {
                    return Woken::Leave(ExitCode::Signal(u8::try_from(signal).unwrap_or(0)));
                }
                _ = rhythm.tick() => {
                    if let Some(woken) = keyboard.as_ref().and_then(|(_, keys)| pressed(keys)) {
                        return woken;
                    }
                }
            }
        }
    }

    fn tell_of_noise(&self, files: &[PathBuf]) {
        for file in files {
            self.tell(&format!(
                "{} changes in every run and no longer counts; name it in .gitignore",
                file.display()
            ));
        }
    }

    fn tell(&self, text: &str) {
        if !self.global.quiet {
            out::people(&format!("watch: {text}\n"));
        }
    }
}

fn pressed(keys: &Receiver<Key>) -> Option<Woken> {
    keys.try_iter().find_map(|key| match key {
        Key::Enter => Some(Woken::Wanted(Scope::All)),
        Key::Char('f') => Some(Woken::Wanted(Scope::Failing)),
        Key::Char('q') => Some(Woken::Leave(ExitCode::Passed)),
        _ => None,
    })
}

fn changed(files: &[PathBuf]) -> String {
    let mut names: Vec<String> =
        files.iter().take(NAMED).map(|file| file.display().to_string()).collect();
    if files.len() > NAMED {
        names.push(format!("{} more", files.len() - NAMED));
    }
    format!("{} changed", names.join(", "))
}

fn cannot(why: &str) -> Failure {
    Failure::environment(why.to_owned(), "look at the limits of this session")
}
