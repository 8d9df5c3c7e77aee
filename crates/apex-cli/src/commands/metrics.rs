//! `apex metrics`: what a recorded run measured.

use apex_config::Overlay;
use apex_core::RunId;
use apex_monitor::measures::text::metrics_text;
use apex_monitor::run_dir::{Runs, read_metrics};

use crate::args::{GlobalArgs, MetricsArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;

pub(super) fn metrics(global: &GlobalArgs, args: &MetricsArgs) -> Result<ExitCode, Failure> {
    let project = Project::load(global, None, Overlay::flags())?;
    let runs = Runs::in_state(&assemble::state_folder(&project));
    let unreadable = |error: &dyn std::error::Error| {
        Failure::environment(
            format!("the record of the run cannot be read: {error}"),
            "`.apex/runs` has the runs that are recorded",
        )
    };
    let newest = || runs.newest().map_err(|error| unreadable(&error));
    let run = match args.run.as_deref() {
        Some(run) => Some(RunId::new(run)),
        None => newest()?,
    };
    let Some(run) = run else {
        return Err(Failure::usage("no run is recorded here", "`apex run` records one"));
    };
    let directory = runs.open(&run).map_err(|error| unreadable(&error))?;
    let metrics = read_metrics(&directory).map_err(|error| unreadable(&error))?;
    out::data(&metrics_text(&metrics));
    Ok(ExitCode::Passed)
}
