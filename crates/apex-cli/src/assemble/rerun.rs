//! `apex rerun`: some of the tests of a recorded run once more, and little else.

use apex_agents::planning::Wish;
use apex_config::Overlay;
use apex_core::select::{Request, Target};
use apex_monitor::report::again::{Again, Which};

use crate::args::{GlobalArgs, RerunArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded};

use super::Manner;

pub(crate) fn rerun(global: &GlobalArgs, args: &RerunArgs) -> Result<ExitCode, Failure> {
    let earlier = recorded::read(global, &args.run)?;
    let name = earlier.view.identity().map_or_else(String::new, |of| of.run.to_string());
    let kinds = kinds(args);
    let mut again = Again::of(&earlier.view, &kinds);
    let was_empty = again.is_empty();
    let project = Project::load_silently(global, args.env.as_deref(), Overlay::flags())?;
    drop_missing(&mut again, &project, &name);
    if again.is_empty() {
        let words = kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ");
        let what = if was_empty {
            format!("run {name} has no test that {words}")
        } else {
            format!("nothing of run {name} that {words} is there any more")
        };
        out::people(&format!("{what}; nothing is run\n"));
        return Ok(if was_empty { ExitCode::Passed } else { ExitCode::NothingRan });
    }
    drop(project);
    let environment = earlier.view.plan().request.environment.as_ref();
    let environment = environment.map(|name| name.as_str().to_owned());
    let args = args.as_run(args.env.clone().or(environment));
    let (paths, categories) = (again.paths.into_iter(), again.categories.into_iter());
    let request = Request {
        with_dependencies: false,
        jobs: args.target.part.jobs,
        ..Request::new(Target::Categories(Vec::new()))
    };
    let wish = Wish::Parts(paths.collect(), categories.collect(), request);
    let project = Project::for_target(global, &args.target.part)?;
    super::refuse_production(&project, &args)?;
    super::run_in(project, global, &args, Manner { wish: Some(wish), ..Manner::default() })
}

fn kinds(args: &RerunArgs) -> Vec<Which> {
    let asked =
        [(args.failed, Which::Failed), (args.not_run, Which::NotRun), (args.flaky, Which::Flaky)];
    let kinds: Vec<Which> =
        asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, kind)| kind).collect();
    if kinds.is_empty() { vec![Which::Failed] } else { kinds }
}

/// Takes out what the project does not have any more, and says so.
fn drop_missing(again: &mut Again, project: &Project, run: &str) {
    let root = &project.loaded.root;
    let mut gone = Vec::new();
    again.paths.retain(|path| {
        let file = path.split_once("::").map_or(path.as_str(), |(file, _)| file);
        // A dotted name, as of unittest, has no file that could be looked for here.
        let is_dotted = !file.contains('/') && file.matches('.').count() > 1;
        let is_there = is_dotted || root.join(file).exists();
        if !is_there {
            gone.push(path.clone());
        }
        is_there
    });
    again.categories.retain(|name| {
        let is_there = project.loaded.config.category(name).is_some();
        if !is_there {
            gone.push(format!("category {name}"));
        }
        is_there
    });
    if !gone.is_empty() {
        out::people(&format!("not there any more since run {run}: {}\n", gone.join(", ")));
    }
}
