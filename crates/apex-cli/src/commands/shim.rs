//! `apex shim`: the script by whose name the earlier runner is called.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use apex_config::Overlay;

use crate::args::{GlobalArgs, ShimCommand};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;

/// The script. It needs Python 3.8 and nothing else.
const SCRIPT: &str = include_str!("unified_test_runner.py");

/// Its name.
const NAME: &str = "unified_test_runner.py";

/// The line by which a script is known to be ours.
const MARK: &str = "# Written by `apex shim install`.";

pub(super) fn shim(global: &GlobalArgs, command: &ShimCommand) -> Result<ExitCode, Failure> {
    let ShimCommand::Install { folder, force } = command;
    let folder = match folder {
        Some(folder) => folder.clone(),
        None => Project::load_silently(global, None, Overlay::flags())?.loaded.root,
    };
    let path = folder.join(NAME);
    refuse_foreign(&path, *force)?;
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, SCRIPT))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
    written.map_err(|error| unwritable(&path, &error))?;
    out::data(&format!("{}\n", path.display()));
    Ok(ExitCode::Passed)
}

/// A file that somebody else wrote stays, unless it may go.
fn refuse_foreign(path: &PathBuf, force: bool) -> Result<(), Failure> {
    match fs::read_to_string(path) {
        Ok(text) if !force && !text.contains(MARK) => Err(Failure::usage(
            format!("`{}` is there and was not written by apex", path.display()),
            "look at it, keep it under another name, and add --force",
        )),
        Err(error) if error.kind() != ErrorKind::NotFound && !force => {
            Err(unwritable(path, &error))
        }
        _ => Ok(()),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(
        format!("`{}` cannot be written: {error}", path.display()),
        "name a folder that can be written",
    )
}
