//! `apex history`: how much there is; rebuild, prune, export, import.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use apex_config::Overlay;
use apex_monitor::history::{HistoryError, HistoryFile, Limits};
use apex_monitor::run_dir::Runs;

use crate::args::{GlobalArgs, HistoryArgs, HistoryCommand};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn history(global: &GlobalArgs, args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let project = Project::load(global, None, Overlay::flags())?;
    let state = assemble::state_folder(&project);
    let file = HistoryFile::in_state(&state);
    let limits = assemble::limits(&project.loaded.config.retention);
    let runs = Runs::in_state(&state);
    match &args.command {
        None => summary(&file, &limits, args.json)?,
        Some(HistoryCommand::Rebuild) => rebuild(&file, &runs)?,
        Some(HistoryCommand::Prune) => prune(&file, &limits)?,
        Some(HistoryCommand::Export { file: None }) => export_to_stdout(&file)?,
        Some(HistoryCommand::Export { file: Some(path) }) => export(&file, path)?,
        Some(HistoryCommand::Import { file: path }) => import(&file, &runs, path)?,
    }
    Ok(ExitCode::Passed)
}

fn summary(file: &HistoryFile, limits: &Limits, json: bool) -> Result<(), Failure> {
    let summary = file.summary()?;
    out::data(&if json {
        format!("{:#}\n", render::history_json(file.path(), &summary))
    } else {
        render::history_page(file.path(), &summary, limits)
    });
    Ok(())
}

fn rebuild(file: &HistoryFile, runs: &Runs) -> Result<(), Failure> {
    prepare(runs)?;
    let taken = match file.rebuild(runs) {
        Err(error) if error.is_damage() => {
            let Some(aside) = file.set_aside() else { return Err(error.into()) };
            out::people(&format!("warning: {error}; it was renamed to `{}`\n", aside.display()));
            file.rebuild(runs)?
        }
        taken => taken?,
    };
    let mut text = format!(
        "added {}, {} in the history before\n",
        render::count(taken.added as usize, "run"),
        render::count(taken.known as usize, "run"),
    );
    if taken.unreadable > 0 {
        let records = render::count(taken.unreadable as usize, "record");
        text.push_str(&format!("{records} could not be read\n"));
    }
    out::data(&text);
    Ok(())
}

fn prune(file: &HistoryFile, limits: &Limits) -> Result<(), Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let pruned = file.prune(limits, now)?;
    out::data(&format!(
        "removed {}, {} without a run left\n",
        render::count(pruned.runs as usize, "run"),
        render::count(pruned.tests as usize, "test"),
    ));
    Ok(())
}

fn export_to_stdout(file: &HistoryFile) -> Result<(), Failure> {
    match file.export(&mut BufWriter::new(io::stdout().lock())) {
        // A reader that has seen enough is no error.
        Err(HistoryError::File { source, .. }) if source.kind() == ErrorKind::BrokenPipe => Ok(()),
        exported => Ok(exported.map(|_| ())?),
    }
}

fn export(file: &HistoryFile, path: &Path) -> Result<(), Failure> {
    let mut writer = File::create(path).map(BufWriter::new).map_err(|error| {
        Failure::environment(
            format!("`{}` cannot be written: {error}", path.display()),
            "name a file in a folder that can be written",
        )
    })?;
    let runs = file.export(&mut writer)?;
    writer.flush().map_err(|error| cannot_finish(path, &error))?;
    let runs = render::count(runs as usize, "run");
    out::data(&format!("wrote {runs} to {}\n", path.display()));
    Ok(())
}

fn import(file: &HistoryFile, runs: &Runs, path: &Path) -> Result<(), Failure> {
    let mut reader = File::open(path).map(BufReader::new).map_err(|error| {
        Failure::usage(
            format!("`{}` cannot be read: {error}", path.display()),
            "name a file that `apex history export` wrote",
        )
    })?;
    prepare(runs)?;
    let imported = file.import(&mut reader)?;
    let mut text = format!(
        "added {}, {} in the history before\n",
        render::count(imported.added as usize, "run"),
        render::count(imported.known as usize, "run"),
    );
    if imported.torn > 0 {
        let torn = render::count(imported.torn as usize, "run");
        text.push_str(&format!("{torn} left out: the file was cut off\n"));
    }
    out::data(&text);
    Ok(())
}

/// Makes the state folder.
fn prepare(runs: &Runs) -> Result<(), Failure> {
    runs.prepare().map_err(|error| {
        Failure::environment(
            format!("the folder for the state of the project cannot be made: {error}"),
            "set APEX_STATE_DIR to a folder that can be written",
        )
    })
}

fn cannot_finish(path: &Path, error: &io::Error) -> Failure {
    Failure::environment(
        format!("`{}` could not be written to its end: {error}", path.display()),
        "free space, or name another file",
    )
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        match &error {
            HistoryError::Line { .. } => Self::usage(error.to_string(), error.advice()),
            _ => Self::environment(error.to_string(), error.advice()),
        }
    }
}
