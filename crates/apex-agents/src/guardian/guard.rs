//! The side of Apex: starts the guardian with the first program of a run, lists what is started,
//! and says when the run ended in order.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use apex_config::environment_variables::{
    DOCKER_CERT_PATH, DOCKER_CONFIG, DOCKER_CONTEXT, DOCKER_HOST, DOCKER_TLS_VERIFY, JOB_COOKIE,
    PATH, XDG_RUNTIME_DIR,
};
use apex_core::RunId;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::SigSet;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::time::{ClockId, clock_gettime};

use super::list::{CleanUp, Line, Listed, Made, Whose};
use super::watch::IN_ORDER;
use crate::process::table::{self, Entry};
use crate::process::{census, cookie};

/// How long a guardian may take to end after the run did.
const FAREWELL: Duration = Duration::from_secs(1);

/// What says where the engine is.
const ENGINE_VARIABLES: [&str; 8] = [
    PATH,
    "HOME",
    DOCKER_HOST,
    DOCKER_TLS_VERIFY,
    DOCKER_CERT_PATH,
    DOCKER_CONTEXT,
    DOCKER_CONFIG,
    XDG_RUNTIME_DIR,
];

/// Pause between two looks at a guardian that is about to end.
const LOOK: Duration = Duration::from_millis(1);

/// Which program guards runs, and where it finds what they started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSettings {
    /// The program: one that calls [`watch`](super::watch) with its last argument.
    pub program: PathBuf,
    /// Its arguments before the path of the list.
    pub arguments: Vec<String>,
    /// Folder for lists of runs that go on, absolute; made when needed.
    pub folder: PathBuf,
    /// Argument vector that takes the containers of a run away; the id of the run is put behind.
    /// Empty when nobody does: then the next run that needs the engine does it.
    pub without_containers: Vec<String>,
}

/// The guardian of one run, seen from Apex.
#[derive(Debug)]
pub struct Guard {
    settings: GuardSettings,
    run: RunId,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nothing was started yet.
    Idle,
    Watched(Watched),
    /// The guardian or its list could not be made; the run goes on without them.
    Broken(String),
    /// The run is over.
    Over,
}

#[derive(Debug)]
struct Watched {
    list: PathBuf,
    file: File,
    guardian: Pid,
    /// Its other end is the standard input of the guardian, and closes with this process.
    pipe: OwnedFd,
    /// What went wrong with the list.
    trouble: Option<String>,
}

impl Guard {
    /// A guard that has not begun.
    #[must_use]
    pub fn of(run: RunId, settings: GuardSettings) -> Self {
        Self { settings, run, state: Mutex::new(State::Idle) }
    }

    /// Starts the guardian, if it does not run yet. To be called before something is started.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        if matches!(*state, State::Idle) {
            *state = self.start().map_or_else(
                |error| {
                    let program = self.settings.program.display();
                    State::Broken(format!(
                        "no guardian watches this run, because `{program}` or its list could not \
                         be made: {error}; what runs when Apex is killed stays until the next start"
                    ))
                },
                State::Watched,
            );
        }
    }

    /// Lists a process that was started after `from`.
    pub(crate) fn list_process(&self, id: i32, from: Ticks) {
        let listed = Listed { id, from: from.0, to: Ticks::now().0 + 1 };
        self.append(listed.line().as_bytes());
    }

    /// Lists an orphan of a program.
    pub(crate) fn list_orphan(&self, orphan: &Entry) {
        self.list(&Line::Process(Listed::seen(orphan)));
    }

    /// Lists something that has to go with the run when Apex cannot take it away itself. To be
    /// called before it is made. Starts the guardian, if it does not run yet.
    pub fn list_made(&self, made: Made) {
        self.begin();
        self.list(&Line::Made(made));
    }

    /// Containers of the run are about to be made, with an engine that is found by `variables`.
    pub(crate) fn list_containers(&self, variables: &BTreeMap<String, String>) {
        if self.settings.without_containers.is_empty() {
            return;
        }
        // Not all variables: the list is a file, and variables may be secrets.
        let needed = ENGINE_VARIABLES.into_iter();
        let env = needed.filter_map(|name| Some((name.to_owned(), variables.get(name)?.clone())));
        let mut arguments = self.settings.without_containers.clone();
        arguments.push(self.run.as_str().to_owned());
        let what = "containers of the run".to_owned();
        self.list_made(Made::TakenBy(CleanUp { what, arguments, env: env.collect() }));
    }

    /// The run has ended and nothing of it is left: the guardian ends, and the list is removed.
    /// The answer is what went wrong with either.
    pub fn end(&self) -> Option<String> {
        match std::mem::replace(&mut *self.state(), State::Over) {
            State::Idle | State::Over => None,
            State::Broken(trouble) => Some(trouble),
            State::Watched(watched) => watched.end(),
        }
    }

    fn list(&self, line: &Line) {
        // A line of ours is always text: its maps have names for keys.
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        self.append(&text);
    }

    fn append(&self, line: &[u8]) {
        let mut state = self.state();
        let State::Watched(watched) = &mut *state else { return };
        // One write, so that a line is there whole or not at all.
        if let Err(error) = watched.file.write_all(line) {
            let list = watched.list.display();
            let trouble = format!("the list for the guardian, {list}, is not whole: {error}");
            watched.trouble.get_or_insert(trouble);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> io::Result<Watched> {
        fs::create_dir_all(&self.settings.folder)?;
        let name =
            format!("{}.{}.{}", file_name(&self.run), table::own_id(), super::LIST_EXTENSION);
        let list = self.settings.folder.join(name);
        let mut file = OpenOptions::new().append(true).create(true).open(&list)?;
        let whose = Whose::ours(self.run.as_str(), cookie::mark());
        let mut text = serde_json::to_vec(&Line::Run(whose))?;
        text.push(b'\n');
        file.write_all(&text)?;
        let (input, pipe) = pipe_with(PipeFlags::CLOEXEC)?;
        let guardian = self.spawn(&list, &input)?;
        Ok(Watched { list, file, guardian, pipe, trouble: None })
    }

    /// Starts the guardian: every signal blocked, so that nothing that a terminal sends reaches
    /// it, and no descriptor open but the pipe.
    fn spawn(&self, list: &Path, input: &OwnedFd) -> io::Result<Pid> {
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_sigmask(&SigSet::all())?;
        attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK)?;
        let null = File::options().read(true).write(true).open("/dev/null")?;
        let mut actions = PosixSpawnFileActions::init()?;
        for (number, file) in (0..).zip([input.as_raw_fd(), null.as_raw_fd(), null.as_raw_fd()]) {
            actions.add_dup2(file, number)?;
        }
        for open in open_descriptors()?.into_iter().filter(|&number| number > 2) {
            actions.add_close(open)?;
        }
        let program = CString::new(self.settings.program.as_os_str().as_bytes())?;
        let mut arguments = vec![program.clone()];
        for argument in &self.settings.arguments {
            arguments.push(CString::new(argument.as_str())?);
        }
        arguments.push(CString::new(list.as_os_str().as_bytes())?);
        let environment: Vec<CString> = environment()?;
        let id = posix_spawn(program.as_c_str(), &actions, &attributes, &arguments, &environment)?;
        census::employ(id.as_raw());
        Pid::from_raw(id.as_raw()).ok_or_else(|| io::Error::other("the system gave no process id"))
    }
}

impl Watched {
    fn end(self) -> Option<String> {
        let Self { list, file, guardian, pipe, trouble } = self;
        drop(file);
        // A guardian that is gone cannot be told; its list is removed all the same.
        let _ = rustix::io::write(&pipe, &[IN_ORDER]);
        drop(pipe);
        let limit = Instant::now() + FAREWELL;
        while matches!(waitpid(Some(guardian), WaitOptions::NOHANG), Ok(None))
            && Instant::now() < limit
        {
            std::thread::sleep(LOOK);
        }
        census::dismiss(guardian.as_raw_nonzero().get());
        let kept = fs::remove_file(&list).err().map(|error| {
            format!("{} cannot be removed: {error}; remove it by hand", list.display())
        });
        trouble.or(kept)
    }
}

impl Drop for Guard {
    /// The net below the net, for a run that is given up: this process lives, so its programs are
    /// ended by those who own them, and the guardian must not act.
    fn drop(&mut self) {
        self.end();
    }
}

/// A time in the unit of the beginnings of processes: ticks since the start of the machine, of
/// which Linux has 100 a second for all that it tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks(u64);

impl Ticks {
    /// Now.
    pub(crate) fn now() -> Self {
        /// `USER_HZ`, the same on every architecture that Rust supports.
        const A_SECOND: u64 = 100;
        let now = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let part = u64::try_from(now.tv_nsec).unwrap_or(0) * A_SECOND / 1_000_000_000;
        Self(seconds * A_SECOND + part)
    }
}

/// The descriptors of this process. One that is closed in the meantime does no harm.
fn open_descriptors() -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    Ok(found)
}

/// What a guardian inherits: only the cookie of an outer Apex, which has to find it, too.
fn environment() -> io::Result<Vec<CString>> {
    let outer = cookie::outer().trim_end_matches('/');
    let variables: BTreeMap<&str, &str> =
        [(JOB_COOKIE, outer)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let entries =
        variables.into_iter().map(|(name, value)| CString::new(format!("{name}={value}")));
    Ok(entries.collect::<Result<_, _>>()?)
}

/// The name of a run as the name of a file.
fn file_name(run: &RunId) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    run.as_str().chars().map(|c| if fits(c) { c } else { '_' }).collect()
}
