//! `apex runs`: recorded runs, one by one and against each other.

use apex_core::{Envelope, RunView, oracle};
use apex_monitor::compare::Difference;
use apex_monitor::report::End;
use apex_monitor::run_dir::{JournalReader, Listing};
use apex_monitor::summary::Summary;
use serde_json::json;

use crate::args::{GlobalArgs, ProgressMode, RunsCommand, Speed, StreamArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::{out, recorded, render};

use super::replay;

pub(super) fn runs(global: &GlobalArgs, command: &RunsCommand) -> Result<ExitCode, Failure> {
    match command {
        RunsCommand::List { limit, json } => list(global, *limit, *json),
        RunsCommand::Show { run, json: true } => summary(global, run),
        RunsCommand::Show { run, json: false } => show(global, run),
        RunsCommand::Diff { earlier, later, json } => diff(global, earlier, later, *json),
        RunsCommand::Pin { run, undo } => pin(global, run, !undo),
        RunsCommand::Check { run, json } => check(global, run, *json),
    }
}

fn list(global: &GlobalArgs, limit: usize, json: bool) -> Result<ExitCode, Failure> {
    let runs = recorded::runs(global)?;
    let listing = Listing::of(&runs, limit).map_err(|error| {
        Failure::environment(
            format!("the records of runs cannot be listed: {error}"),
            "look at the rights of the folder `.apex`, or set APEX_STATE_DIR",
        )
    })?;
    if json {
        out::data(&format!("{:#}\n", json!(listing)));
    } else {
        out::data(&render::runs::listing(&listing));
    }
    Ok(ExitCode::Passed)
}

fn summary(global: &GlobalArgs, word: &str) -> Result<ExitCode, Failure> {
    let run = recorded::read(global, word)?;
    let End::Status(status) = &run.end else {
        return Err(Failure::environment(
            format!("run {word} has no end, so it has no summary"),
            "`apex report --format brief` shows what is known of it",
        ));
    };
    out::data(&format!("{:#}\n", json!(Summary::of(&run.view, status))));
    Ok(ExitCode::Passed)
}

/// What the console said in the end.
fn show(global: &GlobalArgs, word: &str) -> Result<ExitCode, Failure> {
    let directory = recorded::directory(global, word)?;
    let quiet = GlobalArgs { quiet: global.verbose == 0, ..global.clone() };
    let stream = StreamArgs::default();
    replay::show(&quiet, &directory, ProgressMode::Simple, Speed::Max, &stream)
}

fn diff(global: &GlobalArgs, earlier: &str, later: &str, json: bool) -> Result<ExitCode, Failure> {
    let earlier = recorded::read(global, earlier)?;
    let later = recorded::read(global, later)?;
    let difference = Difference::between(&earlier.view, &later.view);
    if json {
        out::data(&format!("{:#}\n", json!(difference)));
    } else {
        out::data(&render::runs::difference(&difference));
    }
    Ok(ExitCode::Passed)
}

fn pin(global: &GlobalArgs, word: &str, is_pinned: bool) -> Result<ExitCode, Failure> {
    let directory = recorded::directory(global, word)?;
    let shown = recorded::shown(directory.path());
    directory.pin(is_pinned).map_err(|error| recorded::unreadable(&shown, &error))?;
    let what = if is_pinned {
        "is kept until `apex runs pin --undo`"
    } else {
        "is kept no longer than others"
    };
    out::people(&format!("{shown} {what}\n"));
    Ok(ExitCode::Passed)
}

/// A broken law is a fault of Apex; a record without an end is one of its surroundings.
fn check(global: &GlobalArgs, word: &str, json: bool) -> Result<ExitCode, Failure> {
    let directory = recorded::directory(global, word)?;
    let shown = recorded::shown(directory.path());
    let stream: Vec<Envelope> = JournalReader::open(&directory.events())
        .and_then(Iterator::collect)
        .map_err(|error| recorded::unreadable(&shown, &error))?;
    let mut view = RunView::new();
    stream.iter().for_each(|envelope| view.apply(envelope));
    let has_end = view.result().is_some();
    let violations = oracle::judge(&stream);
    if json {
        let broken = violations.iter().map(|one| json!({"seq": one.seq, "law": one.law}));
        let document = json!({
            "schema": "apex.run_check/1",
            "run": view.identity().map(|identity| identity.run.as_str()),
            "events": stream.len(),
            "has_end": has_end,
            "violations": broken.collect::<Vec<_>>(),
        });
        out::data(&format!("{document:#}\n"));
    } else {
        out::data(&render::runs::checked(&shown, stream.len(), has_end, &violations));
    }
    Ok(match (has_end, violations.is_empty()) {
        (true, true) => ExitCode::Passed,
        (true, false) => ExitCode::Internal,
        (false, _) => ExitCode::Environment,
    })
}
