//! `apex merge`: the parts of a run that several machines shared become one record.

use std::path::{Path, PathBuf};

use apex_config::Overlay;
use apex_core::event::{RunStarted, Setting};
use apex_core::join::{self, Belonging, Join, Misfit};
use apex_core::{RunId, Sink};
use apex_monitor::history::{HistoryFile, Recorder};
use apex_monitor::run_dir::{Joining, PartError, RecordedPart, RunDirectory, Runs};

use crate::args::{GlobalArgs, MergeArgs, ProgressMode};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded};

use super::past::limits;
use super::record::{self, Record, no_record, state_folder};
use super::{display, reports};

/// Parts that belong together.
struct Parts {
    recorded: Vec<RecordedPart>,
    belonging: Belonging,
}

/// Joins the parts and says what the run amounts to.
pub(crate) fn merge(global: &GlobalArgs, args: &MergeArgs) -> Result<ExitCode, Failure> {
    let Parts { recorded, belonging } = read(args)?;
    let project = Project::load(global, None, Overlay::flags())?;
    let state = state_folder(&project);
    let run = name_of(&recorded);
    let join = begin(&recorded, run.clone());
    let record = Record::in_directory(make(args, &state, &run)?, join.view().plan())?;
    let mut joining = Joining::new(join, recorded, belonging.missing);
    let rule = recorded::exit_rule();
    let mut sinks = record.sinks(args.reports.junit.as_deref(), &rule)?;
    sinks.push(display::of_record(global, record.shown(), &rule));
    let mut recorder = (!args.no_history).then(|| {
        let file = HistoryFile::in_state(&state);
        Recorder::new(file, limits(&project.loaded.config.retention))
    });
    tell(&mut joining, &mut sinks, recorder.as_mut());
    joining.copy_output(record.directory()).map_err(|error| no_record(&error))?;
    if let Some(recorder) = &mut recorder {
        teach(recorder, &joining);
    }
    reports::make(global, &args.reports.reports, record.directory(), ProgressMode::Simple);
    let result = joining.view().result().cloned().unwrap_or_default();
    record.end();
    Ok(ExitCode::of(&result))
}

/// Hands everything to those who look.
fn tell(joining: &mut Joining, sinks: &mut [Box<dyn Sink>], mut recorder: Option<&mut Recorder>) {
    loop {
        let batch = joining.next_batch();
        if batch.is_empty() {
            break;
        }
        for sink in sinks.iter_mut() {
            let taken = sink.accept(&batch, joining.view());
            warn(sink.name(), taken);
        }
        if let Some(recorder) = &mut recorder {
            let taken = recorder.accept(&batch, joining.view());
            warn("history", taken);
        }
    }
    for sink in sinks {
        let closed = sink.close(joining.view());
        warn(sink.name(), closed);
    }
}

/// Adds the run to the history: only a whole one, since its parts will be joined again when the
/// rest is there.
fn teach(recorder: &mut Recorder, joining: &Joining) {
    if joining.is_whole() {
        let closed = recorder.close(joining.view());
        warn("history", closed);
    } else {
        out::people("the history does not learn from this run: it is not whole\n");
    }
}

fn warn(who: &str, taken: Result<(), String>) {
    if let Err(error) = taken {
        out::people(&format!("warning: {who}: {error}\n"));
    }
}

/// Opens the parts and checks that they belong together.
fn read(args: &MergeArgs) -> Result<Parts, Failure> {
    let opened = args.parts.iter().map(|path| RecordedPart::open(path));
    let mut recorded = opened.collect::<Result<Vec<_>, _>>()?;
    recorded.sort_by_key(|part| part.recorded.part);
    let known: Vec<join::Recorded> = recorded.iter().map(|part| part.recorded.clone()).collect();
    let belonging = join::belonging(&known).map_err(|misfits| apart(&misfits))?;
    if !belonging.missing.is_empty() && !args.allow_missing {
        let (of, missing) = (belonging.of, words(&belonging.missing));
        return Err(Failure::environment(
            format!("of {of} parts, {missing} is missing"),
            "look why its node left no run directory; `--allow-missing` joins what is there",
        ));
    }
    Ok(Parts { recorded, belonging })
}

fn apart(misfits: &[Misfit]) -> Failure {
    let what: Vec<String> = misfits.iter().map(ToString::to_string).collect();
    let hint = misfits.first().map_or("", |misfit| &misfit.hint);
    Failure::usage(format!("these are not the parts of one run: {}", what.join("; ")), hint)
}

/// `part 2`, `part 2, 3`.
fn words(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("part {}", numbers.join(", "))
}

impl From<PartError> for Failure {
    fn from(error: PartError) -> Self {
        let message = error.to_string();
        match error {
            PartError::Running { .. } => Self::environment(message, "wait for its end"),
            PartError::NoPart { .. } => {
                Self::usage(message, "make parts with `apex run --shard K/N`")
            }
            _ => Self::environment(
                message,
                "name a whole run directory, as `apex run --shard K/N` left it in `.apex/runs`",
            ),
        }
    }
}

/// The name of the joined run: when its first part began, and which runs its parts were. The same
/// parts make the same name, so that a run is never learned from twice.
fn name_of(parts: &[RecordedPart]) -> RunId {
    let mut bytes = [0_u8; 10];
    for part in parts {
        for (at, byte) in part.started.run.as_str().bytes().enumerate() {
            let place = &mut bytes[at % 10];
            *place = (*place).rotate_left(3) ^ byte;
        }
    }
    let millis = parts.iter().map(|part| part.started.unix_millis).min().unwrap_or_default();
    let name = uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid();
    RunId::new(&name.to_string())
}

/// The join, with what holds for all parts.
fn begin(parts: &[RecordedPart], run: RunId) -> Join {
    let started: Vec<&RunStarted> = parts.iter().map(|part| &*part.started).collect();
    let unix_millis = started.iter().map(|one| one.unix_millis).min().unwrap_or_default();
    let setting = started.first().map(|one| one.setting.clone()).unwrap_or_default();
    let cores =
        setting.cores.filter(|_| started.iter().all(|one| one.setting.cores == setting.cores));
    let setting = Setting { cores, ..setting };
    match parts.first() {
        Some(first) => Join::new(&first.recorded.whole, run, unix_millis, setting),
        None => Join::new(&apex_core::Plan::default(), run, unix_millis, setting),
    }
}

/// Makes the directory of the joined run.
fn make(args: &MergeArgs, state: &Path, run: &RunId) -> Result<RunDirectory, Failure> {
    let made = match &args.into {
        Some(path) => make_at(path),
        None => {
            let runs = Runs::in_state(state);
            record::prepare(&runs, state)?;
            runs.create(run)
        }
    };
    made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let place: PathBuf =
                args.into.clone().unwrap_or_else(|| state.join("runs").join(run.as_str()));
            Failure::usage(
                format!("there is something at `{}` already", place.display()),
                "these parts were joined before; name another folder with `--into`",
            )
        }
        _ => no_record(&error),
    })
}

fn make_at(path: &Path) -> std::io::Result<RunDirectory> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    RunDirectory::create(path.to_owned())
}
