//! Finds the file of a program as `execvp` does, but on the `PATH` that the program will have.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Why no file was found for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// No folder of the `PATH` has it.
    NotOnPath,
    /// A file of that name is there and must not be executed.
    NotExecutable(PathBuf),
}

/// Looks a program up.
///
/// A name with a `/` is a path, relative to `directory`; whether it exists is found out by
/// starting it. Any other name is looked for in the folders of `path`, in order; relative
/// folders count from `directory`.
///
/// # Errors
/// [`NotFound`] when no folder of `path` has an executable file of that name.
pub fn find_program(name: &str, path: Option<&str>, directory: &Path) -> Result<PathBuf, NotFound> {
    if name.contains('/') {
        return Ok(directory.join(name));
    }
    let mut not_executable = None;
    for folder in path.unwrap_or_default().split(':').filter(|folder| !folder.is_empty()) {
        let candidate = directory.join(folder).join(name);
        if is_executable_file(&candidate) {
            return Ok(candidate);
        }
        if not_executable.is_none() && candidate.is_file() {
            not_executable = Some(candidate);
        }
    }
    Err(not_executable.map_or(NotFound::NotOnPath, NotFound::NotExecutable))
}

fn is_executable_file(candidate: &Path) -> bool {
    // The cheap question first: most folders of a PATH do not have the file at all.
    access(candidate, Access::EXEC_OK).is_ok() && candidate.is_file()
}
