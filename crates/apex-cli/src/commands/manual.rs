//! Completions and manual pages.

use std::path::Path;

use crate::args;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;

pub(super) fn completions(shell: args::Shell) -> ExitCode {
    out::data(&String::from_utf8_lossy(&args::completions(shell)));
    ExitCode::Passed
}

pub(super) fn pages(directory: &Path) -> Result<ExitCode, Failure> {
    let written = std::fs::create_dir_all(directory).and_then(|()| args::manual_pages(directory));
    written.map_err(|error| {
        Failure::environment(
            format!("manual pages could not be written to `{}`: {error}", directory.display()),
            "name a folder that can be written",
        )
    })?;
    out::data(&format!("wrote the manual pages to {}\n", directory.display()));
    Ok(ExitCode::Passed)
}
