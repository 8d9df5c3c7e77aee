//! `apex report`: a report of a recorded run.

use apex_monitor::report::{Format, Recorded, write, write_file};

use crate::args::{GlobalArgs, ReportArgs};
use crate::assemble::reports;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::{out, recorded};

pub(super) fn report(global: &GlobalArgs, args: &ReportArgs) -> Result<ExitCode, Failure> {
    let mut run = recorded::read(global, &args.run)?;
    let format = args.format.0;
    if format == Format::Github {
        reports::look_at_changes(global, &mut run);
        reports::add_step_summary(&run)?;
    }
    match &args.output {
        Some(path) => write_file(format, &run, path)
            .map_err(|error| reports::unwritable(format, &path.display().to_string(), &error))?,
        None => print(format, &run)?,
    }
    Ok(ExitCode::Passed)
}

fn print(format: Format, run: &Recorded) -> Result<(), Failure> {
    out::stream(|writer| write(format, run, writer))
        .map_err(|error| reports::unwritable(format, "standard output", &error))
}
