//! Sentences about programs that could not be started: what, why, and what to do next.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use rustix::io::Errno;

use super::launch::Launch;
use super::lookup::NotFound;

/// The sentence for a name that no folder of the `PATH` has.
pub(super) fn not_found(launch: &Launch<'_>, name: &str, why: &NotFound) -> String {
    match why {
        NotFound::NotExecutable(file) => format!(
            "cannot start `{name}`: {} is not executable; run `chmod +x {}`",
            file.display(),
            file.display()
        ),
        NotFound::NotOnPath => match launch.variable("PATH") {
            None | Some("") => format!(
                "cannot start `{name}`: PATH is empty for this program; set PATH in its \
                 environment or write the program with its path"
            ),
            Some(path) => format!(
                "cannot start `{name}`: no such program on PATH ({}); install it or correct the \
                 name",
                shortened(path)
            ),
        },
    }
}

/// The sentence for an error of the operating system.
pub(super) fn sentence(launch: &Launch<'_>, path: &Path, error: &io::Error) -> String {
    let program = path.display();
    let (why, next) = match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR) => missing(launch, path),
        Some(Errno::ACCESS | Errno::PERM) => forbidden(launch, path),
        Some(Errno::NOEXEC) => (
            "the file is not a program this system can run".to_owned(),
            "give a script a first line like `#!/bin/sh`, or use a build for this machine"
                .to_owned(),
        ),
        Some(Errno::TOOBIG) => (
            format!("its arguments and environment are too long ({} bytes)", size(launch)),
            "split the work into more jobs or hand long lists over in a file".to_owned(),
        ),
        Some(Errno::NOMEM) => (
            "the machine is out of memory".to_owned(),
            "run fewer jobs at the same time (`--jobs`) or free memory".to_owned(),
        ),
        Some(Errno::AGAIN) => (
            "the limit of processes is reached".to_owned(),
            "raise it (`ulimit -u`, or the pids limit of the container) or run fewer jobs at \
             the same time"
                .to_owned(),
        ),
        Some(Errno::MFILE | Errno::NFILE) => (
            "too many files are open".to_owned(),
            "raise the limit (`ulimit -n`) or run fewer jobs at the same time".to_owned(),
        ),
        Some(Errno::TXTBSY) => (
            "its file is being written".to_owned(),
            "wait until the program that writes it has ended, then run again".to_owned(),
        ),
        _ => (error.to_string(), "try the same command in a shell".to_owned()),
    };
    format!("cannot start `{program}` in {}: {why}; {next}", launch.directory.display())
}

/// `ENOENT` is said of three things: the directory, the program, and a script's interpreter.
fn missing(launch: &Launch<'_>, path: &Path) -> (String, String) {
    if !launch.directory.is_dir() {
        return (
            "the working directory does not exist".to_owned(),
            "create it or correct `working_directory`".to_owned(),
        );
    }
    if !path.exists() {
        return ("the file does not exist".to_owned(), "build it or correct its path".to_owned());
    }
    match interpreter(path) {
        Some(interpreter) => (
            format!("its first line asks for `{interpreter}`, which does not exist"),
            "install that program or correct the first line".to_owned(),
        ),
        None => (
            "the loader it was linked for does not exist".to_owned(),
            "use a build for this system".to_owned(),
        ),
    }
}

fn forbidden(launch: &Launch<'_>, path: &Path) -> (String, String) {
    if path.is_dir() {
        return ("it is a directory".to_owned(), "name the program inside it".to_owned());
    }
    if fs::read_dir(launch.directory).is_err() {
        return (
            "the working directory must not be entered".to_owned(),
            "correct its permissions or `working_directory`".to_owned(),
        );
    }
    ("it must not be executed".to_owned(), format!("run `chmod +x {}`", path.display()))
}

/// The interpreter that the first line of a script names.
fn interpreter(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    fs::File::open(path).ok()?.take(256).read_to_end(&mut start).ok()?;
    let first_line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(first_line);
    line.split_whitespace().next().map(str::to_owned)
}

fn size(launch: &Launch<'_>) -> usize {
    let arguments: usize = launch.arguments.iter().map(|argument| argument.len() + 1).sum();
    let variables = launch.env.variables().chain(launch.own_env);
    arguments + variables.map(|(name, value)| name.len() + value.len() + 2).sum::<usize>()
}

/// A `PATH` of a machine can fill a screen; its beginning is enough to recognise it.
fn shortened(path: &str) -> String {
    const SHOWN: usize = 200;
    if path.chars().count() <= SHOWN {
        return path.to_owned();
    }
    path.chars().take(SHOWN).chain("…".chars()).collect()
}
