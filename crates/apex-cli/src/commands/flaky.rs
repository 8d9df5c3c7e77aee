//! `apex flaky`: which tests fail although nothing is wrong.

use apex_config::Overlay;
use apex_monitor::history::HistoryFile;

use crate::args::{FlakyArgs, GlobalArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn flaky(global: &GlobalArgs, args: &FlakyArgs) -> Result<ExitCode, Failure> {
    let project = Project::load(global, None, Overlay::flags())?;
    let history = HistoryFile::in_state(&assemble::state_folder(&project)).read(None)?;
    let tests = render::unsteady(&history, &project.loaded.config.quarantine);
    out::data(&if args.json {
        format!("{:#}\n", render::flaky_json(&tests, history.runs))
    } else {
        render::flaky_page(&tests, history.runs)
    });
    Ok(ExitCode::Passed)
}
