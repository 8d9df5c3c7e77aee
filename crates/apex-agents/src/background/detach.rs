//! The start of a supervisor: a process of a session of its own, whose parent is nobody here.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where a supervisor works and which program it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// The program whose `run` does the work of a task, absolute.
    pub program: PathBuf,
    /// The project, absolute.
    pub root: PathBuf,
    /// Its state folder, absolute.
    pub state: PathBuf,
    /// Heavy tasks at the same time.
    pub heavy: u32,
    /// Light tasks at the same time.
    pub light: u32,
}

/// Calls a program that calls [`start`], and waits for its end, which comes at once.
///
/// # Errors
/// When it cannot be started or fails.
pub fn launch(program: &Path, arguments: &[String]) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("it ended with {status}"))) }
}

/// Starts a program that calls [`supervise`](super::supervise), in a session of its own and without
/// a terminal, and comes back as soon as it stands on its own. To be called by a process that does
/// nothing else: it takes a session and ends, so that the supervisor is nobody's child here, and
/// no run takes it for something that its tests left.
///
/// # Errors
/// When the log cannot be made or the program cannot be started.
pub fn start(supervision: &Supervision, arguments: &[String]) -> io::Result<()> {
    let folder = supervision.state.join("background");
    std::fs::create_dir_all(&folder)?;
    // A leader of a group cannot, and needs not: no terminal speaks to it.
    let _ = rustix::process::setsid();
    let log = File::options().create(true).append(true).open(folder.join("supervisor.log"))?;
    Command::new(&supervision.program)
        .args(arguments)
        .current_dir(root_or_here(&supervision.root))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map(drop)
}

fn root_or_here(root: &Path) -> &Path {
    if root.is_dir() { root } else { Path::new(".") }
}
