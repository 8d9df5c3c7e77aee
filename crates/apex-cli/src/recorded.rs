//! The recorded run that a word means: `last`, an id, the beginning or end of one, or a directory.
//!
//! A directory needs no project around it: a run that a CI system kept can be read anywhere.

use std::path::Path;
use std::sync::Arc;

use apex_config::Overlay;
use apex_core::RunId;
use apex_monitor::ExitRule;
use apex_monitor::report::Recorded;
use apex_monitor::run_dir::{RunDirectory, Runs};

use crate::args::GlobalArgs;
use crate::assemble::state_folder;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;

/// The word for the newest run.
const LAST: &str = "last";

/// How the program ends for a result.
pub(crate) fn exit_rule() -> ExitRule {
    Arc::new(|result| ExitCode::of(result).status())
}

/// The runs of the project that the global options mean.
pub(crate) fn runs(global: &GlobalArgs) -> Result<Runs, Failure> {
    let project = Project::load_silently(global, None, Overlay::flags())?;
    Ok(Runs::in_state(&state_folder(&project)))
}

/// The directory of the run that a word means.
pub(crate) fn directory(global: &GlobalArgs, word: &str) -> Result<RunDirectory, Failure> {
    let path = Path::new(word);
    if path.is_dir() {
        let directory = RunDirectory::at(path).map_err(|error| unreadable(word, &error))?;
        if !directory.events().is_file() {
            return Err(Failure::usage(
                format!("`{word}` is a folder, but not that of a run: it has no events.jsonl"),
                "name the folder of one run, such as `.apex/runs/<id>`",
            ));
        }
        return Ok(directory);
    }
    let runs = runs(global)?;
    let id = find(&runs, word)?;
    runs.open(&id).map_err(|error| unreadable(id.as_str(), &error))
}

/// The run that a word means, read whole.
pub(crate) fn read(global: &GlobalArgs, word: &str) -> Result<Recorded, Failure> {
    read_from(&directory(global, word)?)
}

/// The run of a directory, read whole.
pub(crate) fn read_from(directory: &RunDirectory) -> Result<Recorded, Failure> {
    let shown = shown(directory.path());
    let recorded = Recorded::read(directory, &exit_rule());
    recorded.map(|run| run.in_directory(shown.clone())).map_err(|error| unreadable(&shown, &error))
}

/// The one run whose id is, begins or ends with a text.
pub(crate) fn find(runs: &Runs, wanted: &str) -> Result<RunId, Failure> {
    let ids = runs.list().unwrap_or_default();
    if wanted == LAST
        && let Some(newest) = ids.first()
    {
        return Ok(newest.clone());
    }
    let is_meant = |run: &&RunId| {
        let id = run.as_str();
        id.starts_with(wanted) || id.ends_with(wanted)
    };
    let meant: Vec<&RunId> = ids.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [run] => Ok((*run).clone()),
        meant => Err(unknown(wanted, meant.len(), ids.first())),
    }
}

fn unknown(wanted: &str, found: usize, latest: Option<&RunId>) -> Failure {
    let message = match found {
        0 => format!("there is no record of a run `{wanted}`"),
        count => format!("{count} runs have `{wanted}` at an end of their ids"),
    };
    let hint = match latest {
        Some(run) => format!("the latest is {run}; `apex runs list` shows more"),
        None => "no run was recorded here; `apex run` makes one".to_owned(),
    };
    Failure::usage(message, hint)
}

/// A path as people should read it: relative to where they are, when it is below.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}

/// A record that cannot be read.
pub(crate) fn unreadable(run: &str, error: &dyn std::error::Error) -> Failure {
    Failure::environment(
        format!("the record of run {run} cannot be read: {error}"),
        "`apex runs list` shows the runs that were recorded here",
    )
}
