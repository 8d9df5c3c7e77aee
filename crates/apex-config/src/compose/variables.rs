//! Which variables a compose file may use.

use std::sync::Arc;

use super::ComposeSource;
use crate::place::{Source, SourceKind};
use crate::problem::Problem;
use crate::variables::Variables;

/// The `.env` file beside the compose file, and over it the process environment.
pub(super) fn known(source: &ComposeSource<'_>, problems: &mut Vec<Problem>) -> Variables {
    let mut variables = Variables::default();
    let label = beside(source.label, ".env");
    let file = Arc::new(Source { kind: SourceKind::DotEnv, label });
    match (source.read)(".env") {
        Ok(Some(text)) => variables.add_file(&text, &file, problems),
        Ok(None) => {}
        Err(reason) => problems.push(Problem::error(
            &crate::place::Place::new(&file, 1, 1),
            format!("the file cannot be read: {reason}"),
        )),
    }
    variables.add_process(source.variables);
    variables
}

/// How people know a file in the folder of another.
pub(super) fn beside(label: &str, name: &str) -> String {
    match label.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}
