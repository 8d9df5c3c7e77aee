//! Reports beside a run: made from its record when that is written, so that they say what it says.
//!
//! They change no verdict: a report that cannot be made is told, and the exit code stays.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

use apex_agents::changes;
use apex_config::Overlay;
use apex_config::environment_variables::{GITHUB_STEP_SUMMARY, TARGET_BRANCHES};
use apex_monitor::report::{Format, Recorded, github, write, write_file};
use apex_monitor::run_dir::RunDirectory;

use crate::args::{GlobalArgs, ProgressMode, WantedReport};
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded, render};

/// Makes the reports that were asked for.
pub(super) fn make(
    global: &GlobalArgs,
    wanted: &[WantedReport],
    directory: &RunDirectory,
    progress: ProgressMode,
) {
    if wanted.is_empty() {
        return;
    }
    let mut run = match recorded::read_from(directory) {
        Ok(run) => run,
        Err(failure) => return warn(&failure),
    };
    if wanted.iter().any(|report| report.format == Format::Github) {
        look_at_changes(global, &mut run);
        if let Err(failure) = add_step_summary(&run) {
            warn(&failure);
        }
    }
    for report in wanted {
        if let Err(failure) = make_one(report, &run, directory, progress) {
            warn(&failure);
        }
    }
}

fn make_one(
    report: &WantedReport,
    run: &Recorded,
    directory: &RunDirectory,
    progress: ProgressMode,
) -> Result<(), Failure> {
    let format = report.format;
    if report.file.is_none() && format.is_printed() {
        return print(format, run, progress);
    }
    let path: PathBuf =
        report.file.clone().unwrap_or_else(|| directory.path().join(format.file_name()));
    let shown = recorded::shown(&path);
    write_file(format, run, &path).map_err(|error| unwritable(format, &shown, &error))?;
    if progress != ProgressMode::Silent {
        out::people(&format!("{} report: {shown}\n", format.as_str()));
    }
    Ok(())
}

/// Lines of JSON are alone on standard output: what is printed beside them goes to people.
fn print(format: Format, run: &Recorded, progress: ProgressMode) -> Result<(), Failure> {
    let mut text = Vec::new();
    write(format, run, &mut text).map_err(|error| unwritable(format, "memory", &error))?;
    let text = String::from_utf8_lossy(&text);
    if progress == ProgressMode::Json {
        out::people(&text);
    } else {
        out::data(&text);
    }
    Ok(())
}

/// Notes which files the change under test touches, where a pipeline says what it is meant for
/// and Git can be asked.
pub(crate) fn look_at_changes(global: &GlobalArgs, run: &mut Recorded) {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let is_told = |name: &&str| variables.get(*name).is_some_and(|value| !value.is_empty());
    if !TARGET_BRANCHES.iter().any(is_told) {
        return;
    }
    let Ok(project) = Project::load_silently(global, None, Overlay::flags()) else { return };
    // Without them, failures are named in the order of discovery.
    if let Ok(files) = changes::files_since(&project.loaded.root, &variables, None) {
        run.changed = files.into_iter().collect();
    }
}

/// Adds to the summary of the step, where GitHub Actions says which file that is.
pub(crate) fn add_step_summary(run: &Recorded) -> Result<(), Failure> {
    let Some(path) = std::env::var_os(GITHUB_STEP_SUMMARY).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let written = match fs::metadata(&path) {
        Ok(file) => usize::try_from(file.len()).unwrap_or(usize::MAX),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(no_summary(&path.display().to_string(), &error)),
    };
    let text = github::step_summary(run, written);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| no_summary(&path.display().to_string(), &error))
}

fn no_summary(path: &str, error: &io::Error) -> Failure {
    Failure::environment(
        format!("the summary of the step `{path}` cannot be written: {error}"),
        format!("{GITHUB_STEP_SUMMARY} names the file"),
    )
}

/// A report that cannot be written.
pub(crate) fn unwritable(format: Format, place: &str, error: &io::Error) -> Failure {
    let word = format.as_str();
    Failure::environment(
        format!("the {word} report cannot be written to {place}: {error}"),
        format!("`apex report --format {word} --output FILE` makes it from the record"),
    )
}

fn warn(failure: &Failure) {
    out::people(&render::failure(failure).replacen("error:", "warning:", 1));
}
