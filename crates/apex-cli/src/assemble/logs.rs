//! Where Apex's own log goes, and how much it says; diagnostics for people; metrics as a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use apex_config::environment_variables::{LOG, ORCHESTRATION_DEBUG};
use apex_config::model::{LogFiles, Telemetry as Configured};
use apex_core::{Plan, RunId, Sink, Trace};
use apex_monitor::logs::{Component, Diagnostics, Level, Levels, Logs, Rotation, Settings};
use apex_monitor::measures::MetricsFile;

use crate::args::{GlobalArgs, ProgressMode};
use crate::out;

/// The folder of the log in the state folder.
const FOLDER: &str = "logs";
/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;
/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a run is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) root: &'a Path,
    pub(super) state: &'a Path,
    pub(super) variables: &'a BTreeMap<String, String>,
}

/// Who writes down what Apex does in a run. What made no sense is said.
pub(super) struct Wanted {
    log: Option<Settings>,
    metrics: Option<MetricsFile>,
}

/// What the configuration and the surroundings want to be written.
pub(super) fn wanted(configured: &Configured, place: Place<'_>) -> Wanted {
    let files = &configured.logs;
    let levels = levels(files, place.variables);
    let folder = match &files.dir {
        Some(folder) => place.root.join(folder),
        None => place.state.join(FOLDER),
    };
    let rotation = Rotation {
        bytes: u64::from(files.rotate_mb) * MEBIBYTE,
        age: DAY * files.rotate_days,
        keep: files.keep,
    };
    let metrics = configured.metrics_file.as_ref();
    Wanted {
        log: (!levels.is_off()).then_some(Settings { folder, levels, rotation }),
        metrics: metrics.map(|file| MetricsFile::new(place.root.join(file))),
    }
}

impl Wanted {
    /// Where the log goes, if anything is to be written.
    pub(super) const fn log(&self) -> Option<&Settings> {
        self.log.as_ref()
    }

    /// Those who write, for a run with this trace.
    pub(super) fn sinks(self, trace: &Trace) -> Vec<Box<dyn Sink>> {
        let log = self.log.map(|settings| Box::new(Logs::new(settings, trace)) as Box<dyn Sink>);
        let metrics = self.metrics.map(|file| Box::new(file) as Box<dyn Sink>);
        log.into_iter().chain(metrics).collect()
    }
}

/// The trace of a run that has no caller.
pub(super) fn trace(run: &RunId, plan: &Plan) -> Trace {
    Trace::of_run(run, plan.matrix.as_ref().and_then(|matrix| matrix.part))
}

/// The levels: what the older variable and the newer one say, over the file.
fn levels(files: &LogFiles, variables: &BTreeMap<String, String>) -> Levels {
    let none = Levels::all(None);
    // The words of the file were checked when it was read.
    let mut levels = none.read(&files.level).unwrap_or(none);
    let debug = variables.get(ORCHESTRATION_DEBUG).map(|value| value.to_ascii_lowercase());
    if debug.is_some_and(|value| !["", "0", "false"].contains(&&*value)) {
        levels = Levels::all(Some(Level::Debug));
    }
    match variables.get(LOG).map(|words| levels.read(words)) {
        None => levels,
        Some(Ok(read)) => read,
        Some(Err(error)) => {
            out::people(&format!("warning: {LOG}: {error}\n"));
            levels
        }
    }
}

/// Who tells people what Apex does beside the tests: with `--verbose`, where lines may be added.
pub(super) fn diagnostics(global: &GlobalArgs, mode: ProgressMode) -> Option<Box<dyn Sink>> {
    let adds_lines = matches!(mode, ProgressMode::Simple | ProgressMode::Json);
    (global.verbose > 0 && adds_lines).then(|| {
        let levels = Levels::all(Some(Level::Debug))
            // The console tells of these itself.
            .with(Component::TestOrchestrator, None);
        Box::new(Diagnostics::new(std::io::stderr(), levels)) as Box<dyn Sink>
    })
}
