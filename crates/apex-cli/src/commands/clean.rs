//! `apex clean`: what is not kept any more is removed now.

use apex_config::Overlay;
use serde_json::json;

use crate::args::{CleanArgs, GlobalArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn clean(global: &GlobalArgs, args: &CleanArgs) -> Result<ExitCode, Failure> {
    let project = Project::load_silently(global, None, Overlay::flags())?;
    let cleaned = assemble::clean(&project, args.dry_run)?;
    if args.json {
        let runs = cleaned
            .runs
            .iter()
            .map(|one| json!({ "run": one.run.as_str(), "why": one.why, "bytes": one.bytes }));
        let tasks = cleaned.tasks.iter().map(|task| task.as_str());
        let document = json!({
            "schema": "apex.clean/1",
            "is_dry": args.dry_run,
            "runs": runs.collect::<Vec<_>>(),
            "tasks": tasks.collect::<Vec<_>>(),
        });
        out::data(&format!("{document:#}\n"));
    } else {
        out::data(&render::cleaned(&cleaned, args.dry_run));
    }
    Ok(ExitCode::Passed)
}
