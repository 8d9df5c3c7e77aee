//! The plan of a choice: selected, looked for, and amended by what flags say.

use apex_agents::planning::{self, PathError, PlanningError, Wish};
use apex_core::Plan;
use apex_core::select::{Request, Target};

use super::amend::amend;
use super::asked::Asked;
use super::choice::{Arrangement, Choice, Chosen};
use super::flag::Flag;
use super::{narrowing, splitting};
use crate::assemble;
use crate::failure::Failure;
use crate::project::Project;
use std::time::Duration;

/// The plan, and what people should know about it.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) notes: Vec<String>,
}

/// Makes the plan of a choice.
pub(crate) fn plan(asked: &Asked, choice: &Choice, project: &Project) -> Result<Planned, Failure> {
    let mut notes = Vec::new();
    let request = request(asked, choice, project);
    let plan = match &choice.arrangement {
        Arrangement::Categories(chosen) if !choice.filters.paths.is_empty() => {
            by_paths(asked, choice, chosen, project, request, &mut notes)?
        }
        _ => {
            let seen = |history| splitting::seen(asked, history);
            assemble::plan_seeing(project, &Wish::Request(request), seen)?
        }
    };
    let mut plan = amend(plan, asked, choice, project, &mut notes);
    plan.notes.clear();
    Ok(Planned { plan, notes })
}

fn request(asked: &Asked, choice: &Choice, project: &Project) -> Request {
    let target = match &choice.arrangement {
        Arrangement::Categories(chosen) => {
            Target::Categories(chosen.iter().map(|one| one.name.to_string()).collect())
        }
        Arrangement::Layers { mode: Some(mode), ids, .. } if ids.is_empty() => {
            Target::Mode(mode.clone())
        }
        Arrangement::Layers { ids, .. } => Target::Layers(ids.clone()),
    };
    let by_layers = matches!(choice.arrangement, Arrangement::Layers { .. });
    let typed = asked.value(Flag::MaxDuration).and_then(|text| text.parse().ok());
    Request {
        // Categories were chosen with what they depend on.
        with_dependencies: by_layers && !asked.is_on(Flag::NoDependencies),
        fail_fast: choice.fail_fast,
        jobs: asked.whole(Flag::Workers),
        budget: typed.map(Duration::from_secs).or(choice.budget),
        leaves_background: leaves_background(asked, choice, project),
        ..Request::new(target)
    }
}

/// Whether background layers are left to a run behind this one.
fn leaves_background(asked: &Asked, choice: &Choice, project: &Project) -> bool {
    match asked.latest_of(&[Flag::Wait, Flag::NoWait]) {
        Some(Flag::Wait) => return false,
        Some(_) => return true,
        None => {}
    }
    let Arrangement::Layers { mode: Some(mode), .. } = &choice.arrangement else { return false };
    let is_handed_over =
        project.loaded.config.modes.get(mode.as_str()).is_some_and(|mode| !mode.wait);
    is_handed_over || asked.is_on(Flag::BackgroundE2e)
}

/// The plan for paths: each runs under the category that owns it. With categories asked for, only
/// these run, and what none of them owns runs under the first.
fn by_paths(
    asked: &Asked,
    choice: &Choice,
    chosen: &[Chosen],
    project: &Project,
    request: Request,
    notes: &mut Vec<String>,
) -> Result<Plan, Failure> {
    let root = &project.loaded.root;
    let paths = narrowing::on_disk(root, &choice.filters.paths);
    for path in &paths.missing {
        notes.push(format!("nothing is at {path}"));
    }
    if paths.found.is_empty() {
        return Ok(nothing_of(assemble::plan(project, &Wish::Request(request))?));
    }
    let is_named =
        [Flag::Category, Flag::Level, Flag::Service].iter().any(|it| asked.is_given(*it));
    if is_named && let Some(first) = chosen.iter().find(|one| one.requested) {
        return narrowing::under(project, request, first, chosen, &paths.found);
    }
    let wish = Wish::Paths(paths.found.clone(), request.clone());
    let history = apex_core::History::default();
    let loaded = &project.loaded;
    let made = planning::plan(&loaded.config, &loaded.root, &project.variables, &history, &wish);
    match made {
        Err(PlanningError::Path(PathError::Unowned(_) | PathError::TooSmall { .. })) => {
            narrowing::unassigned(project, request, &paths.found)
        }
        made => made.map_err(Failure::from),
    }
}

/// The same plan without any work.
fn nothing_of(plan: Plan) -> Plan {
    use apex_core::plan::CategoryWork;
    plan.with_jobs(|_| false, |_| CategoryWork::Empty { looked: "no path matched".to_owned() })
}
