//! Starts a process, in one of two ways.
//!
//! The short way is `posix_spawn` itself. It cannot change the working directory, so it is taken
//! where the program runs in the directory of Apex: jobs in the project root, for one who calls
//! Apex there. The standard library does all else; it costs several times as much for each
//! variable. Neither way runs anything between fork and exec, so that the cost does not grow
//! with the memory of Apex.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use apex_config::environment_variables::JOB_COOKIE;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;

use super::cookie::Cookie;
use super::environment::{entry, written};
use super::launch::Launch;

/// How many signals come before the real-time ones: the last two are the C library's own, which
/// it lets every program ignore.
const BEFORE_REAL_TIME: u32 = 33;

/// A process that was started: the leader of a group of its own.
pub(super) struct Spawned {
    /// Its id.
    pub(super) id: Pid,
    /// The reading end of its standard output.
    pub(super) stdout: OwnedFd,
    /// The reading end of its standard error.
    pub(super) stderr: OwnedFd,
}

/// The three descriptors that a process begins with.
struct Standard<'a> {
    input: &'a OwnedFd,
    output: OwnedFd,
    error: OwnedFd,
}

/// Starts the program of this path.
pub(super) fn spawn(launch: &Launch<'_>, path: &Path, cookie: Cookie) -> io::Result<Spawned> {
    let (stdout, output) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stderr, error) = pipe_with(PipeFlags::CLOEXEC)?;
    let input = launch.common.input.as_ref().map_err(|errno| *errno)?;
    let standard = Standard { input, output, error };
    // Byte by byte: a comparison of paths looks at every part of both, and a folder that is written
    // in another way is reached by the other way to start.
    let here = launch.common.here.as_ref();
    let runs_here = here.is_some_and(|here| here.as_os_str() == launch.directory.as_os_str());
    let start = Start { launch, path, cookie: cookie.value() };
    let id = if runs_here { start.directly(&standard)? } else { start.elsewhere(standard)? };
    let id = Pid::from_raw(id).ok_or_else(|| io::Error::other("the system gave no process id"))?;
    Ok(Spawned { id, stdout, stderr })
}

/// The signals to which programs are to have the usual reaction, when Apex ignores these (the
/// first signal in the lowest bit). What Apex was started to ignore its programs ignore too, but
/// for SIGPIPE, which every Rust program ignores. Most of the others have the usual reaction
/// anyway; they are named because the C library makes two system calls for each signal that is
/// not, and one for each that is: sixty less for each start.
pub(super) fn usual_signals(ignored: Option<u64>) -> SigSet {
    let is_ignored = |mask: u64, signal: Signal| mask >> (signal as i32 - 1) & 1 == 1;
    match ignored {
        // Of real-time signals, which have no names here, none is ignored.
        Some(mask) if mask >> BEFORE_REAL_TIME == 0 => {
            let mut usual = SigSet::all();
            let kept = Signal::iterator().filter(|&signal| is_ignored(mask, signal));
            kept.filter(|&signal| signal != Signal::SIGPIPE).for_each(|one| usual.remove(one));
            usual
        }
        _ => SigSet::from(Signal::SIGPIPE),
    }
}

/// The variables that only this program has. The cookie is Apex's own word.
fn own_variables<'a>(launch: &Launch<'a>) -> impl Iterator<Item = (&'a String, &'a String)> {
    launch.own_env.iter().filter(|(name, _)| *name != JOB_COOKIE)
}

/// What is to be started.
struct Start<'a> {
    launch: &'a Launch<'a>,
    path: &'a Path,
    cookie: String,
}

impl Start<'_> {
    /// With `posix_spawn`, in the directory of Apex.
    fn directly(&self, standard: &Standard<'_>) -> io::Result<i32> {
        let Self { launch, path, cookie } = self;
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
        attributes.set_sigmask(&SigSet::empty())?;
        attributes.set_sigdefault(&launch.common.usual_signals)?;
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
        )?;
        let mut actions = PosixSpawnFileActions::init()?;
        // The runtime keeps 0 to 2 open from its start, so none of these is its own target.
        for (number, file) in (0..).zip([standard.input, &standard.output, &standard.error]) {
            actions.add_dup2(file.as_raw_fd(), number)?;
        }
        let arguments: Vec<CString> = launch
            .arguments
            .iter()
            .map(|one| CString::new(one.as_str()))
            .collect::<Result<_, _>>()?;
        let mut own = written(own_variables(launch))?;
        own.push((JOB_COOKIE, entry(JOB_COOKIE, cookie)?));
        let entries = launch.env.with(&own)?;
        let id = posix_spawn(*path, &actions, &attributes, &arguments, &entries)?;
        Ok(id.as_raw())
    }

    /// With the standard library, in any directory.
    fn elsewhere(&self, standard: Standard<'_>) -> io::Result<i32> {
        let Self { launch, path, cookie } = self;
        let mut command = Command::new(path);
        if let Some((name, arguments)) = launch.arguments.split_first() {
            command.arg0(name).args(arguments);
        }
        command
            .current_dir(launch.directory)
            .env_clear()
            .envs(launch.env.variables())
            .envs(own_variables(launch))
            .env(JOB_COOKIE, cookie)
            .stdin(standard.input.try_clone()?)
            .stdout(standard.output)
            .stderr(standard.error)
            .process_group(0);
        let child = command.spawn()?;
        i32::try_from(child.id()).map_err(io::Error::other)
    }
}
