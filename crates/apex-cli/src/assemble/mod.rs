//! Joins the parts of a run: plan, record, displays, reports.

mod alerts;
pub(crate) mod background;
mod behind;
mod display;
mod guard;
mod lock;
mod logs;
mod merge;
mod observe;
mod past;
mod record;
pub(crate) mod reports;
mod request;
mod rerun;
mod resume;
mod retention;
mod share;
mod telemetry;
mod web;

use std::sync::Arc;
use std::time::Duration;

use apex_agents::controller::{Outcome, PreparedRun};
use apex_agents::orchestrator::{Interrupts, WatchdogSettings};
use apex_agents::{Controller, changes, control_group, planning, process, services};
use apex_core::{History, Plan, RunId, Sink};
use apex_monitor::run_dir::{Runs, StopRequests};

use crate::apart::apart;
use crate::args::{GlobalArgs, ProgressMode, RunArgs, ShareArgs, TargetArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded, render};

use background::Tasks;
pub(crate) use behind::left_behind;
use behind::{Behind, Place};
pub(crate) use display::of_replay as displays;
pub(crate) use guard::tell_lost_runs;
pub(crate) use merge::merge;
use observe::Observation;
use past::Past;
pub(crate) use past::limits;
use record::Record;
pub(crate) use record::state_folder;
pub(crate) use request::{in_project, wish};
pub(crate) use rerun::rerun;
use resume::Resume;
pub(crate) use retention::{Cleaned, clean};
use share::Share;
use web::Beside;
pub(crate) use web::serve;

/// How long the record of a run may take to be written when the run is over: a slow disk must
/// not cost the record.
const RECORD_PATIENCE: Duration = Duration::from_secs(60);

/// The number of the signal that a request from outside stands for.
const SIGTERM: i32 = 15;

/// How long the middle of a run may do nothing before people are told.
const RING_PATIENCE: Duration = Duration::from_secs(30);

/// How long a display may take to show the rest when the run is over: a reader that does not
/// read must not hold the exit code.
const DISPLAY_PATIENCE: Duration = Duration::from_secs(5);

/// Makes a plan for what the options mean: with `affected`, for what changed since a base; with a
/// share, for a part of it.
pub(crate) fn plan_for(
    project: &Project,
    target: &TargetArgs,
    share: &ShareArgs,
) -> Result<Plan, Failure> {
    let share = Share::of(share, &project.variables)?;
    let wish = share::by_the_day(wish(&project.loaded.root, target, false), share);
    let whole = plan_whole(project, target, &wish)?;
    Ok(share.map_or_else(|| whole.clone(), |share| share.take_from(whole.clone()).1))
}

fn plan_whole(
    project: &Project,
    target: &TargetArgs,
    wish: &planning::Wish,
) -> Result<Plan, Failure> {
    let plan = plan(project, wish)?;
    let Some(base) = target.part.affected.as_deref() else { return Ok(plan) };
    let Project { loaded, variables } = project;
    let at = changes::Look {
        config: &loaded.config,
        root: &loaded.root,
        file: loaded.file.as_deref(),
        variables,
        base: named(base),
    };
    let percent = loaded.config.execution.affected_sample_percent;
    let history = past::look(&state_folder(project), &loaded.config, wish);
    changes::spare(at, plan, &history, percent).map_err(Failure::from)
}

/// An option that was given without its value means the usual one.
fn named(value: &str) -> Option<&str> {
    Some(value).filter(|value| !value.is_empty())
}

/// Makes a plan for a wish.
pub(crate) fn plan(project: &Project, wish: &planning::Wish) -> Result<Plan, Failure> {
    plan_seeing(project, wish, |history| history)
}

/// The same, with earlier runs seen in another light.
pub(crate) fn plan_seeing(
    project: &Project,
    wish: &planning::Wish,
    seen: impl FnOnce(History) -> History,
) -> Result<Plan, Failure> {
    let Project { loaded, variables } = project;
    let history = seen(past::look(&state_folder(project), &loaded.config, wish));
    planning::plan(&loaded.config, &loaded.root, variables, &history, wish).map_err(Failure::from)
}

/// What is different for a run that another command line asks for.
#[derive(Default)]
pub(crate) struct Manner {
    /// What is wanted, where the options do not say it.
    pub(crate) wish: Option<planning::Wish>,
    /// The plan, made there.
    pub(crate) plan: Option<Plan>,
    /// Who shows the run, by its directory as people should read it.
    pub(crate) displays: Option<DisplaysOf>,
}

/// Makes the displays of a run.
pub(crate) type DisplaysOf = Box<dyn FnOnce(String) -> Vec<Box<dyn Sink>>>;

/// Runs what the options mean, to the end.
pub(crate) fn run(global: &GlobalArgs, args: &RunArgs) -> Result<ExitCode, Failure> {
    if args.background.background {
        return behind::whole(global, args);
    }
    let project = Project::for_target(global, &args.target.part)?;
    refuse_production(&project, args)?;
    run_in(project, global, args, Manner::default())
}

/// Runs what the options mean in a project that was loaded for them, to the end.
pub(crate) fn run_in(
    mut project: Project,
    global: &GlobalArgs,
    args: &RunArgs,
    manner: Manner,
) -> Result<ExitCode, Failure> {
    let is_own = manner.plan.is_none();
    if args.isolated {
        project.loaded.config.services.values_mut().for_each(services::give_way);
    }
    let state = state_folder(&project);
    let (place, tasks) = (Place::of(&project), Tasks::of(&project));
    let runs = Runs::in_state(&state);
    let kept = project.loaded.config.retention;
    let share = Share::of(&args.share, &project.variables)?;
    let mut past = Past::in_state(&state, &project.loaded.config.retention);
    let observation = Observation::of(&project, &state);
    // From here on, where every value of the configuration comes from is not asked any more.
    let controller = apart(move || Controller::of(project.loaded, project.variables))?;
    let leaves = behind::leaves_background(controller.config(), args);
    let asked = manner.wish.unwrap_or_else(|| wish(controller.root(), &args.target, leaves));
    let wish = share::by_the_day(asked, share);
    let history = past.read(&runs, controller.config(), &wish);
    let controller = controller.with_history(Arc::new(history));
    let plan = match manner.plan {
        Some(plan) => plan,
        None => planned(&controller, args, &wish)?,
    };
    let (plan, resumed) = match args.resume.as_deref() {
        Some(word) => {
            let (root, file) = (controller.root(), place.file.as_deref());
            let variables = observation.variables();
            Resume { global, runs: &runs, root, file, variables }.apply(word, plan)?
        }
        None => (plan, Vec::new()),
    };
    let (whole, plan) = shared(plan, share);
    let behind = Behind::of(&plan, controller.config(), args, place, tasks);
    record::prepare(&runs, &state)?;
    if plan.layers.is_empty() && !behind.layers.is_empty() {
        return behind.alone(global, args);
    }
    let run = args.run_id.as_deref().map_or_else(new_run_id, RunId::new);
    let lock = lock::of(&state, &run, args)?;
    guard::tell_lost_runs(&state, &runs);
    let task = if behind.starts_at_once { behind.start(global, args)? } else { None };
    let mut prepared = controller.with_plan(plan).named(run.clone());
    if let Some(settings) = guard::settings(&state, &behind.place.root) {
        prepared = prepared.guarded_by(settings);
    }
    let (prepared, logs, messages) = observation.attached(prepared, &run, &behind.place.root);
    // Everything that the run needs is in the plan; of a large project, the configuration is
    // the larger one.
    apart(move || drop(controller))?;
    let record = begin_record(&runs, &run, &prepared, whole.as_ref())?;
    record.went_on_with(&resumed)?;
    // A part teaches when it is joined with the others, so that all machines know the same.
    let recorder = if whole.is_some() { None } else { past.recorder() };
    let places = (state.as_path(), behind.place.root.as_path());
    let beside = args.listen.map(|at| Beside::start(at, &args.door, places, &run)).transpose()?;
    let lookers = Lookers { logs, history: recorder, beside, displays: manner.displays };
    let code = run_recorded(global, args, prepared, record, lookers)?;
    messages.deliver()?;
    retention::after_run(&state, &runs, &kept, &behind.tasks);
    drop(lock);
    if is_own && code == ExitCode::NothingRan && args.progress_mode != ProgressMode::Silent {
        let (root, file) = (behind.place.root.as_path(), behind.place.file.as_deref());
        out::people(&render::nothing_found(root, file, &args.target.paths));
    }
    // A task's own run tells nobody.
    if args.run_id.is_none() && is_talkative(global, args) {
        behind.tell_news();
    }
    behind.finish(global, args, task, code)
}

/// The plan of a run: of all that is wished, or of what changed since a base.
fn planned(
    controller: &Controller,
    args: &RunArgs,
    wish: &planning::Wish,
) -> Result<Plan, Failure> {
    let plan = match args.target.part.affected.as_deref() {
        Some(base) => controller.plan_affected(wish, named(base))?,
        None => controller.plan(wish)?,
    };
    Ok(plan)
}

/// A plan that machines share as a whole, when they do, and what this one runs of it.
fn shared(plan: Plan, share: Option<Share>) -> (Option<Plan>, Plan) {
    match share {
        Some(share) => {
            let (whole, part) = share.take_from(plan);
            (Some(whole), part)
        }
        None => (None, plan),
    }
}

/// Begins the record of a run, without its secrets.
fn begin_record(
    runs: &Runs,
    run: &RunId,
    prepared: &PreparedRun,
    whole: Option<&Plan>,
) -> Result<Record, Failure> {
    let secrets = prepared.secrets();
    let plan = secrets.plan(prepared.plan());
    let shown_whole = whole.and_then(|whole| secrets.plan(whole));
    let plan = plan.as_ref().unwrap_or_else(|| prepared.plan());
    Record::begin(runs, run, plan, shown_whole.as_ref().or(whole))
}

/// Those who look at a run beside its record and its displays.
struct Lookers {
    logs: Vec<Box<dyn Sink>>,
    history: Option<Box<dyn Sink>>,
    beside: Option<Beside>,
    displays: Option<DisplaysOf>,
}

/// Runs with everybody who looks, until the record is written.
fn run_recorded(
    global: &GlobalArgs,
    args: &RunArgs,
    prepared: PreparedRun,
    record: Record,
    lookers: Lookers,
) -> Result<ExitCode, Failure> {
    let shown = record.shown();
    let rule = recorded::exit_rule();
    let mut keepers = record.sinks(args.reports.junit.as_deref(), &rule)?;
    let mut display = match lookers.displays {
        Some(displays) => display::Display::without_keys(displays(shown)),
        None => display::of_run(global, args, shown, &rule)?,
    };
    // Before the console, whose summary is the last word.
    display.sinks.splice(0..0, logs::diagnostics(global, args.progress_mode));
    keepers.extend(lookers.logs);
    // Last: whatever a database takes, the rest of the record is written before.
    keepers.extend(lookers.history);
    // After the journal, which it reads.
    keepers.extend(lookers.beside.as_ref().map(Beside::poker));
    let (asked, asks) = tokio::sync::mpsc::channel(1);
    keepers.push(Box::new(StopRequests::new(record.directory(), move || {
        // There is room for the one request.
        let _ = asked.try_send(SIGTERM);
    })));
    let prepared = prepared
        .output(record.output_folder())
        .log_name(record.log_name())
        .feed(keepers, RECORD_PATIENCE)
        .feed(display.sinks, DISPLAY_PATIENCE)
        .controls(display.controls)
        .watched_over(watchdog());
    if prepared.has_limits() && is_talkative(global, args) {
        out::people(&format!("limits of layers: {}\n", control_group::enforcement()));
    }
    process::own_all_children();
    process::close_inherited(std::env::var("MAKEFLAGS").ok().as_deref());
    let outcome = runtime()?.block_on(async {
        let interrupts = Interrupts::of_this_process().map_err(|error| {
            Failure::environment(
                format!("signals cannot be watched: {error}"),
                "look at the limits of this session",
            )
        })?;
        // A task, and not the thread that waits here: waking that one for every report costs more
        // than what is done with the report.
        let run = tokio::spawn(prepared.interrupts(interrupts.or_channel(asks)).run()).await;
        run.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic())).map_err(
            |error| {
                let hint = "look at free space and limits of this machine";
                Failure::environment(describe(&error), hint)
            },
        )
    })?;
    drop(display.keyboard);
    tell_troubles(&outcome);
    if let Some(beside) = lookers.beside {
        beside.end();
    }
    reports::make(global, &args.reports.reports, record.directory(), args.progress_mode);
    record.end();
    Ok(ExitCode::of(&outcome.result))
}

/// Says at once when the middle of a run stands still: nobody else can.
fn watchdog() -> WatchdogSettings {
    let tell = |stood: Duration| {
        out::people(&format!(
            "warning: apex itself has done nothing for {} seconds; tests that run go on, and what \
             they say is told when it goes on. If it does not, `kill -9 {}` ends it, and what the run \
             started is taken away\n",
            stood.as_secs(),
            std::process::id()
        ));
    };
    WatchdogSettings { patience: RING_PATIENCE, tell: Some(Box::new(tell)) }
}

/// Whether people are told what is not about tests.
fn is_talkative(global: &GlobalArgs, args: &RunArgs) -> bool {
    let mode = args.progress_mode;
    !global.quiet && mode != ProgressMode::Silent && mode != ProgressMode::Json
}

/// A name for a run that sorts by time.
pub(crate) fn new_run_id() -> RunId {
    RunId::new(&uuid::Uuid::now_v7().to_string())
}

/// The runtime: at least two workers, so that one blocked exporter or pipe leaves another.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let builder =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    builder.map_err(|error| Failure::no_threads(&error))
}

/// Tests against production need a word of their own.
fn refuse_production(project: &Project, args: &RunArgs) -> Result<(), Failure> {
    let environment = &project.loaded.config.environment;
    if environment.as_str() == "production" && !args.allow_prod {
        return Err(Failure::usage(
            "the environment is production, and tests may change what they meet",
            "add --allow-prod when that is meant",
        ));
    }
    Ok(())
}

/// Says what went wrong with those who looked. It changes no verdict.
fn tell_troubles(outcome: &Outcome) {
    for trouble in &outcome.troubles {
        out::people(&format!("warning: {}: {}\n", trouble.sink, trouble.reason));
    }
    if outcome.late_feeds > 0 {
        out::people(
            "warning: a reader did not take everything in time; the run directory has it\n",
        );
    }
    for warning in &outcome.warnings {
        out::people(&format!("warning: {warning}\n"));
    }
    for trouble in &outcome.agent_troubles {
        out::people(&format!("warning: agent {}: {}\n", trouble.agent, trouble.reason));
    }
    for agent in &outcome.late_agents {
        out::people(&format!("warning: agent {agent} did not end in time\n"));
    }
}

/// An error with its causes, on one line.
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<planning::PlanningError> for Failure {
    fn from(error: planning::PlanningError) -> Self {
        match error {
            planning::PlanningError::Unknown(unknown) => unknown.into(),
            planning::PlanningError::Plan(error) => error.into(),
            planning::PlanningError::Path(error) => {
                let hint = match &error {
                    planning::PathError::Missing(_) => {
                        "paths are relative to the project folder; `apex list tests` shows them"
                            .to_owned()
                    }
                    planning::PathError::Unowned(_) => {
                        "name it under `paths` of a category; `apex plan` shows what each runs"
                            .to_owned()
                    }
                    planning::PathError::TooSmall { category, .. } => format!(
                        "`apex run --categories {category} --no-dependencies` runs all of it"
                    ),
                };
                Self::usage(error.to_string(), &*hint)
            }
        }
    }
}
