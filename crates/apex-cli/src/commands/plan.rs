//! `apex plan`: what `run` would do.

use apex_core::plan::CategoryWork;

use crate::args::{GlobalArgs, PlanArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn plan(global: &GlobalArgs, args: &PlanArgs) -> Result<ExitCode, Failure> {
    let project = Project::for_target(global, &args.target.part)?;
    let plan = assemble::plan_for(&project, &args.target, &args.share)?;
    if args.json {
        let mut document = Vec::new();
        apex_monitor::wire::encode_plan(&plan, &mut document).map_err(|error| {
            Failure::environment(format!("the plan could not be written: {error}"), "try again")
        })?;
        out::data(&String::from_utf8_lossy(&document));
    } else if args.dot {
        out::data(&render::dot(&plan));
    } else if args.mermaid {
        out::data(&render::mermaid(&plan));
    } else {
        out::data(&render::plan_page(&plan));
    }
    let has_work =
        plan.categories.iter().any(|category| !matches!(category.work, CategoryWork::Empty { .. }));
    // That nothing falls into a part is no mistake; that the whole plan is empty is one.
    let is_empty_part = plan.is_part() && plan.categories.is_empty();
    if has_work || is_empty_part {
        return Ok(ExitCode::Passed);
    }
    let (root, file) = (&project.loaded.root, project.loaded.file.as_deref());
    out::people(&render::nothing_found(root, file, &args.target.paths));
    Ok(ExitCode::NothingRan)
}
