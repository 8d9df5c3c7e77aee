//! `apex compat`: the earlier command line as a table, and what of it stands in files.

use std::path::PathBuf;

use crate::args::CompatCommand;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::{legacy, out};

pub(super) fn compat(command: &CompatCommand) -> Result<ExitCode, Failure> {
    match command {
        CompatCommand::List { json } => {
            out::data(&if *json { legacy::table_json() } else { legacy::table_page() });
            Ok(ExitCode::Passed)
        }
        CompatCommand::Check { files, json } => check(files, *json),
    }
}

fn check(files: &[PathBuf], json: bool) -> Result<ExitCode, Failure> {
    let mut found = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|error| {
            Failure::usage(
                format!("`{}` cannot be read: {error}", file.display()),
                "name files; `git ls-files | xargs apex compat check` looks at all of them",
            )
        })?;
        let text = String::from_utf8_lossy(&bytes);
        found.extend(legacy::calls_in(&file.display().to_string(), &text));
    }
    out::data(&if json { legacy::calls_json(&found) } else { legacy::calls_page(&found) });
    let is_refused = found.iter().any(legacy::Call::is_refused);
    Ok(if is_refused { ExitCode::TestsFailed } else { ExitCode::Passed })
}
