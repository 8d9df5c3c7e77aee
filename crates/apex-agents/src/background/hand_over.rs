//! Handing work over to a process that outlives this one, and that nobody supervises.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts a program in a process group of its own, without a terminal, and leaves it to itself.
/// What it says goes to `log`. The answer is its process id.
///
/// It survives the end of this process and an interrupt at the terminal, because neither reaches
/// its group.
///
/// # Errors
/// When the log cannot be made or the program cannot be started.
pub fn hand_over<S: AsRef<OsStr>>(
    program: &Path,
    arguments: &[S],
    directory: &Path,
    log: &Path,
) -> io::Result<u32> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let child = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log)?)
        .process_group(0)
        .spawn()?;
    Ok(child.id())
}
