//! The run: the same as that of `apex run`, shown and judged as the earlier command line does.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use apex_core::{RunId, Sink};
use apex_monitor::legacy::{self, Console, ConsoleSettings, Loudness, Rules, decide};
use apex_monitor::run_dir::Runs;

use super::address::Address;
use super::asked::Asked;
use super::flag::Flag;
use super::gates::Scene;
use super::strict::is_strict;
use super::{artifacts, setting};
use crate::args::{
    BackgroundArgs, DialectWord, DoorArgs, PartArgs, ProgressMode, ReportsArgs, RunArgs, ShareArgs,
    StreamArgs, TargetArgs,
};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{assemble, out, recorded};

/// Whether codes 3 to 7 are told apart.
pub(crate) fn is_fine(asked: &Asked) -> bool {
    match asked.value(Flag::ExitCodes) {
        Some(word) => word == "fine",
        None => std::env::var("APEX_EXIT_CODES").is_ok_and(|word| word == "fine"),
    }
}

/// Whether a run of nothing may be green.
pub(crate) fn allows_empty(asked: &Asked) -> bool {
    asked.is_on(Flag::AllowEmpty)
        || std::env::var("APEX_ALLOW_EMPTY").is_ok_and(|word| word == "1" || word == "true")
}

/// The code as this command line ends with it.
pub(crate) fn folded(code: ExitCode, is_fine: bool) -> u8 {
    match code {
        ExitCode::Environment
        | ExitCode::NothingRan
        | ExitCode::BudgetExceeded
        | ExitCode::Internal
        | ExitCode::Locked
            if !is_fine =>
        {
            1
        }
        code => code.number(),
    }
}

/// What decides.
fn rules(scene: &Scene) -> Rules {
    let asked = &scene.asked;
    Rules {
        allow_empty: allows_empty(asked),
        expect_failures: asked.is_on(Flag::ExpectFailures),
        fail_on_dependency: asked.is_on(Flag::FailOnDependency),
        no_skip: asked.is_on(Flag::NoSkip),
        fine: is_fine(asked),
        by_layers: scene.by_layers(),
    }
}

/// Text that stands on standard output, unless a report or events are alone there.
pub(crate) fn say(scene: &Scene, text: &str) {
    if is_data_alone(&scene.asked) { out::people(text) } else { out::data(text) }
}

fn is_data_alone(asked: &Asked) -> bool {
    asked.is_on(Flag::JsonOutput) || progress(asked) == Progress::Json
}

/// Shows the plan: as a page, or as one object where every line is one.
pub(crate) fn show_plan(scene: &Scene) -> Result<(), Failure> {
    if progress(&scene.asked) != Progress::Json {
        say(scene, &legacy::plan_page(&scene.plan, &scene.outline));
        return Ok(());
    }
    if !scene.asked.is_on(Flag::DryRun) {
        return Ok(());
    }
    let mut document = Vec::new();
    apex_monitor::wire::encode_plan(&scene.plan, &mut document).map_err(|error| {
        Failure::environment(format!("the plan could not be written: {error}"), "try again")
    })?;
    let value: serde_json::Value = serde_json::from_slice(&document).unwrap_or_default();
    out::data(&format!("{value}\n"));
    Ok(())
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Plain,
    Live,
    Json,
    Silent,
}

fn progress(asked: &Asked) -> Progress {
    if asked.is_on(Flag::NoProgressStreaming) {
        return Progress::Silent;
    }
    match asked.value(Flag::ProgressMode) {
        Some("json") => Progress::Json,
        Some("silent") => Progress::Silent,
        Some("rich") => Progress::Live,
        Some("simple" | "log" | "websocket") => Progress::Plain,
        _ => {
            use std::io::IsTerminal as _;
            let is_live = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
            if is_live && !asked.is_on(Flag::CiMode) { Progress::Live } else { Progress::Plain }
        }
    }
}

/// Runs a scene to its end; the exit code.
pub(crate) fn run(scene: Scene) -> Result<u8, Failure> {
    let run = assemble::new_run_id();
    let global = setting::global(&scene.asked);
    let args = run_args(&scene, &run);
    let rules = rules(&scene);
    let Scene { asked, project, choice, plan, outline } = scene;
    let scene = artifacts::After {
        rules,
        root: project.loaded.root.clone(),
        asked,
        outline,
        filters: choice.filters,
        variables: project.variables.clone(),
    };
    if is_strict(&scene.asked) && progress(&scene.asked) != Progress::Json {
        let line = "Compatibility: strict\n";
        if is_data_alone(&scene.asked) { out::people(line) } else { out::data(line) }
    }
    let runs = Runs::in_state(&assemble::state_folder(&project));
    let displays = displays(&scene, &global, &args)?;
    let manner = assemble::Manner { plan: Some(plan), displays: Some(displays), wish: None };
    let code = assemble::run_in(project, &global, &args, manner)?;
    let Ok(directory) = runs.open(&run) else { return Ok(folded(code, scene.rules.fine)) };
    let recorded = recorded::read_from(&directory)?;
    let decision = decide(&recorded.view, &scene.rules);
    Ok(artifacts::write(&scene, &recorded, &directory, decision))
}

fn run_args(scene: &Scene, run: &RunId) -> RunArgs {
    let asked = &scene.asked;
    let is_streamed = asked.is_given(Flag::WebsocketThreadId)
        || asked.value(Flag::ProgressMode) == Some("websocket");
    let is_streamed = is_streamed && !asked.is_on(Flag::NoProgressStreaming);
    RunArgs {
        target: TargetArgs {
            paths: Vec::new(),
            part: PartArgs {
                mode: None,
                layers: Vec::new(),
                categories: Vec::new(),
                no_dependencies: true,
                env: Some(scene.project.loaded.config.environment.to_string()),
                affected: None,
                fail_fast: None,
                jobs: asked.whole(Flag::Workers),
            },
        },
        share: ShareArgs::default(),
        progress_mode: match progress(asked) {
            Progress::Json => ProgressMode::Json,
            Progress::Live => ProgressMode::Rich,
            Progress::Plain => ProgressMode::Simple,
            Progress::Silent => ProgressMode::Silent,
        },
        heartbeat: 0,
        stream: StreamArgs {
            event_dialect: dialect(asked),
            thread_id: asked.value(Flag::WebsocketThreadId).map(str::to_owned),
        },
        reports: ReportsArgs::default(),
        listen: is_streamed.then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        door: DoorArgs::default(),
        no_wait: false,
        background: BackgroundArgs { wait: true, ..BackgroundArgs::default() },
        isolated: false,
        resume: None,
        run_id: Some(run.to_string()),
        allow_prod: asked.is_on(Flag::AllowProd),
    }
}

/// Which names the lines of events use.
fn dialect(asked: &Asked) -> DialectWord {
    match asked.value(Flag::EventDialect) {
        Some("legacy") => DialectWord::Legacy,
        Some("chat") => DialectWord::Chat,
        Some(_) => DialectWord::Apex,
        None if is_strict(asked) => DialectWord::Legacy,
        None => DialectWord::Apex,
    }
}

/// Who shows the run: events alone, or the older lines, with the live part beside them on a
/// terminal.
fn displays(
    scene: &artifacts::After,
    global: &crate::args::GlobalArgs,
    args: &RunArgs,
) -> Result<assemble::DisplaysOf, Failure> {
    let asked = &scene.asked;
    let shown = progress(asked);
    let rule = recorded::exit_rule();
    if shown == Progress::Json {
        let stream = StreamArgs {
            thread_id: args
                .stream
                .thread_id
                .clone()
                .filter(|_| args.stream.event_dialect == DialectWord::Chat),
            ..args.stream.clone()
        };
        let lines = assemble::displays(global, ProgressMode::Json, &stream, String::new(), &rule)?;
        return Ok(Box::new(move |_| lines));
    }
    let loudness = match (global.quiet, shown) {
        (true, _) => Loudness::Quiet,
        (_, Progress::Silent | Progress::Live) => Loudness::Silent,
        _ if global.verbose > 0 || is_output_shown(asked) => Loudness::Loud,
        _ => Loudness::Normal,
    };
    let mut settings = ConsoleSettings {
        loudness,
        outline: scene.outline.clone(),
        rules: scene.rules,
        directory: None,
    };
    let is_aside = is_data_alone(asked);
    let mut beside = Vec::new();
    if shown == Progress::Live && !global.quiet {
        beside = assemble::displays(
            global,
            ProgressMode::Rich,
            &StreamArgs::default(),
            String::new(),
            &Arc::clone(&rule),
        )?;
    }
    Ok(Box::new(move |directory| {
        settings.directory = Some(directory);
        let writer: Box<dyn Write + Send> =
            if is_aside { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
        let mut all: Vec<Box<dyn Sink>> = beside;
        all.push(Box::new(Console::new(writer, settings)));
        all
    }))
}

fn is_output_shown(asked: &Asked) -> bool {
    asked.is_on(Flag::ShowOutput) || asked.value(Flag::Capture) == Some("no")
}

/// Removes what runs left whose Apex was killed.
pub(crate) fn sweep(asked: &Asked, project: &Project) {
    if asked.is_on(Flag::DryRun) {
        out::people("note: with --dry-run nothing is removed\n");
        return;
    }
    let state = assemble::state_folder(project);
    assemble::tell_lost_runs(&state, &Runs::in_state(&state));
}

/// Checks the services of the selection: whether each answers.
pub(crate) fn health(scene: &Scene) -> Result<u8, Failure> {
    let mut dead = 0;
    let mut text = String::new();
    for planned in &scene.plan.services {
        let service = scene.project.loaded.config.service(planned.name.as_str());
        let answers = service.and_then(Address::of_service).is_some_and(|at| at.answers());
        dead += u32::from(!answers);
        let word = if answers { "answers" } else { "does not answer" };
        text.push_str(&format!("  {} {word}\n", planned.name));
    }
    if scene.plan.services.is_empty() {
        text.push_str("  the selection has no service\n");
    }
    say(scene, &text);
    Ok(u8::from(dead > 0))
}
