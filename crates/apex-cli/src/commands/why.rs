//! `apex why`: what is known of one test, file or category: its place in a plan, its past, its
//! run.

use apex_agents::planning::Wish;
use apex_core::History;
use apex_core::plan::CategoryWork;
use apex_core::select::{Request, Target};
use apex_core::view::RunView;
use apex_core::why::{self, Answer, Known, Search, Subject};
use apex_monitor::history::HistoryFile;
use apex_monitor::run_dir::{Runs, read_view};

use crate::args::{GlobalArgs, ShareArgs, TargetArgs, WhyArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded, render};

pub(super) fn why(global: &GlobalArgs, args: &WhyArgs) -> Result<ExitCode, Failure> {
    let project = Project::for_target(global, &args.part)?;
    let target = TargetArgs { paths: Vec::new(), part: args.part.clone() };
    let plan = assemble::plan_for(&project, &target, &ShareArgs::default())?;
    let state = assemble::state_folder(&project);
    let run = recorded_run(&Runs::in_state(&state), args.run.as_deref())?;
    let history = history(&HistoryFile::in_state(&state));
    let config = &project.loaded.config;
    let known = Known { config, plan: &plan, history: &history, run: run.as_ref() };
    let word = assemble::in_project(&project.loaded.root, &args.subject);
    let subjects = match why::search(known, &word) {
        Search::One(subject) => vec![subject],
        Search::Several(subjects) => return Err(render::why::several(&args.subject, &subjects)),
        Search::Nothing(near) => {
            let owned = owned(&project, &word);
            if owned.is_empty() {
                return Err(render::why::nothing(&args.subject, &near));
            }
            owned
        }
    };
    let answers: Vec<Answer> =
        subjects.into_iter().map(|subject| why::answer(known, subject)).collect();
    out::data(&if args.json {
        format!("{:#}\n", render::why::document(&answers))
    } else {
        render::why::page(&answers)
    });
    Ok(ExitCode::Passed)
}

/// What earlier runs taught. A history that cannot be used was told of when the plan was made.
fn history(file: &HistoryFile) -> History {
    if file.path().exists() { file.read(None).unwrap_or_default() } else { History::default() }
}

/// The record of the run whose id is, begins or ends with a text; without one the latest, where
/// there is one that can be read.
fn recorded_run(runs: &Runs, wanted: Option<&str>) -> Result<Option<RunView>, Failure> {
    let Some(wanted) = wanted else {
        let latest = runs.newest().ok().flatten().and_then(|run| runs.open(&run).ok());
        return Ok(latest.and_then(|directory| read_view(&directory).ok()));
    };
    let run = &recorded::find(runs, wanted)?;
    let view = runs
        .open(run)
        .map_err(|error| error.to_string())
        .and_then(|directory| read_view(&directory).map_err(|error| error.to_string()));
    view.map(Some).map_err(|error| {
        let message = format!("the record of run {run} cannot be read: {error}");
        Failure::environment(message, "`apex history` shows what is known of other runs")
    })
}

/// A file that no run knows yet, once for each category that owns it; nothing for what is no test
/// file.
fn owned(project: &Project, path: &str) -> Vec<Subject> {
    if !project.loaded.root.join(path).is_file() {
        return Vec::new();
    }
    let request = Request::new(Target::Categories(Vec::new()));
    let wish = Wish::Paths(vec![path.to_owned()], request);
    let Ok(plan) = assemble::plan(project, &wish) else { return Vec::new() };
    let owners =
        plan.categories.iter().filter(|owner| matches!(owner.work, CategoryWork::Jobs { .. }));
    owners.map(|owner| Subject::File(owner.name.clone(), path.into())).collect()
}
