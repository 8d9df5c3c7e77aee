//! `apex init`: a first layer file.

use std::fs::File;
use std::io::{ErrorKind, Write as _};

use apex_agents::detect::init_inventory;
use apex_config::init::propose;

use crate::args::{GlobalArgs, InitArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::current_folder;
use crate::{out, render};

/// The file that is written.
const FILE: &str = "apex.yaml";

pub(super) fn init(global: &GlobalArgs, args: &InitArgs) -> Result<ExitCode, Failure> {
    let folder = match &global.project {
        Some(folder) => folder.clone(),
        None => current_folder()?,
    };
    if !folder.is_dir() {
        return Err(Failure::usage(
            format!("there is no folder `{}`", folder.display()),
            "name an existing folder with --project",
        ));
    }
    let inventory = init_inventory(&folder);
    let text = propose(&inventory);
    if args.stdout {
        out::data(&text);
        return Ok(ExitCode::Passed);
    }
    if let Some(existing) =
        apex_config::LAYER_FILES.iter().map(|name| folder.join(name)).find(|path| path.exists())
    {
        return Err(exists(&existing.display().to_string()));
    }
    let path = folder.join(FILE);
    let shown = path.display().to_string();
    let mut file = match File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(exists(&shown)),
        Err(error) => return Err(cannot_write(&shown, &error)),
    };
    file.write_all(text.as_bytes()).map_err(|error| cannot_write(&shown, &error))?;
    out::data(&render::init_page(&shown, &inventory));
    Ok(ExitCode::Passed)
}

fn exists(path: &str) -> Failure {
    Failure::usage(
        format!("`{path}` exists, and init never overwrites"),
        "`apex init --stdout` prints what it would write",
    )
}

fn cannot_write(path: &str, error: &std::io::Error) -> Failure {
    Failure::environment(
        format!("`{path}` could not be written: {error}"),
        "`apex init --stdout` prints it instead",
    )
}
