//! The order in which a command line is answered: help, grammar, configuration, requests for
//! information, the guard of production, selection, plan, checks, the run.

use std::ffi::OsString;

use apex_core::plan::{CategoryWork, Plan};
use apex_monitor::legacy::Outline;

use super::amend::width;
use super::asked::Asked;
use super::choice::{self, Arrangement, Choice};
use super::flag::Flag;
use super::planned::{self, Planned};
use super::{
    artifacts, background, checks, grammar, help, inert, looks, narrowing, running, setting, strict,
};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

/// The code for what was not understood.
const USAGE: u8 = ExitCode::Usage.number();

/// Everything that a run by the earlier command line is about.
pub(crate) struct Scene {
    pub(crate) asked: Asked,
    pub(crate) project: Project,
    pub(crate) choice: Choice,
    pub(crate) plan: Plan,
    pub(crate) outline: Outline,
}

impl Scene {
    /// Whether layers run.
    pub(crate) fn by_layers(&self) -> bool {
        self.outline.by_layers
    }
}

/// Answers a command line; the exit code.
pub(crate) fn execute(words: Vec<OsString>) -> u8 {
    let words: Result<Vec<String>, OsString> =
        words.into_iter().map(OsString::into_string).collect();
    let words = match words {
        Ok(words) => words,
        Err(word) => {
            out::people(&format!(
                "error: `{}` is not UTF-8\nhint: paths with other signs go into the layer file\n",
                word.to_string_lossy()
            ));
            return USAGE;
        }
    };
    if let Some(code) = help_or_version(&words) {
        return code;
    }
    let mut asked = match grammar::parse(&words) {
        Ok(asked) => asked,
        Err(refusal) => {
            out::people(&refusal.text());
            return strict::of_refusal(&words, &refusal.message, USAGE);
        }
    };
    strict::last_ones(&mut asked);
    answer(asked)
}

/// Before `--`, these two win over everything else.
fn help_or_version(words: &[String]) -> Option<u8> {
    let own = words.split(|word| word == "--").next().unwrap_or_default();
    if own.iter().any(|word| word == "--help" || word == "-h") {
        out::data(&help::page());
        return Some(0);
    }
    if own.iter().any(|word| word == "--version") {
        out::data(concat!("apex ", env!("CARGO_PKG_VERSION"), "\n"));
        return Some(0);
    }
    None
}

fn answer(asked: Asked) -> u8 {
    notes(&asked.notes);
    notes(&inert::notes(&asked));
    let is_fine = running::is_fine(&asked);
    match gates(asked) {
        Ok(code) => code,
        Err(Stop::Refused(refusal)) => {
            out::people(&refusal.text());
            USAGE
        }
        Err(Stop::Failed(failure)) => {
            out::people(&with_hint(render::failure(&failure)));
            running::folded(failure.exit_code(), is_fine)
        }
    }
}

/// Why a gate ends the way.
enum Stop {
    Refused(super::refusal::Refusal),
    Failed(Failure),
}

impl From<super::refusal::Refusal> for Stop {
    fn from(refusal: super::refusal::Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<setting::Unloadable> for Stop {
    fn from(why: setting::Unloadable) -> Self {
        match why {
            setting::Unloadable::Refused(refusal) => Self::Refused(refusal),
            setting::Unloadable::Failed(failure) => Self::Failed(failure),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Notes for people, each on a line of its own.
pub(crate) fn notes(notes: &[String]) {
    let text: String = notes.iter().map(|note| format!("note: {note}\n")).collect();
    out::people(&text);
}

/// Whoever reads refusals looks for a line that begins with `hint:`.
fn with_hint(text: String) -> String {
    if text.lines().any(|line| line.starts_with("hint:")) {
        return text;
    }
    format!("{text}hint: `apex config check` shows every problem of the configuration\n")
}

fn gates(asked: Asked) -> Result<u8, Stop> {
    let project = setting::load(&asked)?;
    if asked.is_on(Flag::CleanupOldEnvironments) {
        running::sweep(&asked, &project);
    }
    if let Some(code) = looks::answer(&asked, &project)? {
        return Ok(code);
    }
    if asked.is_on(Flag::CleanupOldEnvironments) && is_alone(&asked) {
        return Ok(0);
    }
    guard_production(&asked, &project)?;
    if let Some(queued) = background::queued(&asked) {
        let hands_over = asked.is_on(Flag::QueueE2e) || asked.is_on(Flag::BackgroundMode);
        let is_all = hands_over || !selects(&asked);
        let code = queue(&asked, &project, queued)?;
        if is_all {
            return Ok(code);
        }
    }
    let choice = choice::choose(&asked, &project.loaded.config, &project.loaded.root)?;
    notes(&choice.notes);
    if matches!(&choice.arrangement, Arrangement::Categories(chosen) if chosen.is_empty()) {
        return Ok(nothing_selected(&asked));
    }
    let Planned { plan, notes: of_plan } = planned::plan(&asked, &choice, &project)?;
    notes(&of_plan);
    let by_layers = matches!(choice.arrangement, Arrangement::Layers { .. });
    let outline = Outline::of(&project.loaded.config, &plan, by_layers, width(&asked));
    let outline = if strict::is_strict(&asked) { outline } else { outline.measured(&plan) };
    let scene = Scene { asked, project, choice, plan, outline };
    Ok(plan_and_after(scene)?)
}

/// Whether something beside background work is asked for.
fn selects(asked: &Asked) -> bool {
    let flags = [
        Flag::Category,
        Flag::Service,
        Flag::Level,
        Flag::File,
        Flag::Pattern,
        Flag::Keyword,
        Flag::Markers,
        Flag::UseLayers,
        Flag::Layers,
        Flag::ExecutionMode,
        Flag::MasterOrchestration,
    ];
    flags.iter().any(|flag| asked.is_given(*flag))
}

fn is_alone(asked: &Asked) -> bool {
    let harmless =
        [Flag::CleanupOldEnvironments, Flag::DryRun, Flag::ProjectRoot, Flag::Config, Flag::Color];
    asked.occurrences.iter().all(|one| harmless.contains(&one.flag))
}

fn guard_production(asked: &Asked, project: &Project) -> Result<(), Failure> {
    let is_production = project.loaded.config.environment.as_str() == "production";
    if is_production && !asked.is_on(Flag::AllowProd) {
        return Err(Failure::usage(
            "the environment is production, and tests may change what they meet",
            "add --allow-prod when that is meant",
        ));
    }
    Ok(())
}

/// Queues a background task, unless the plan is only looked at.
fn queue(asked: &Asked, project: &Project, words: Vec<String>) -> Result<u8, Failure> {
    if asked.is_on(Flag::DryRun) {
        out::data(&format!("Background task: apex {}\n", words.join(" ")));
        return Ok(0);
    }
    background::leave(asked, project, words)?;
    Ok(0)
}

/// The code of a request without any work.
fn nothing_code(asked: &Asked) -> u8 {
    if running::allows_empty(asked) {
        return ExitCode::Passed.number();
    }
    running::folded(ExitCode::NothingRan, running::is_fine(asked))
}

/// Nothing is left of what was asked for.
fn nothing_selected(asked: &Asked) -> u8 {
    out::people("error: nothing is selected\nhint: `--list` shows what there is\n");
    if strict::is_unknown_only(asked) { 0 } else { nothing_code(asked) }
}

fn plan_and_after(scene: Scene) -> Result<u8, Failure> {
    let asked = &scene.asked;
    let has_work = has_work(&scene.plan);
    let is_quiet = setting::global(asked).quiet && !asked.is_on(Flag::DryRun);
    if !is_quiet {
        running::show_plan(&scene)?;
    }
    if asked.is_on(Flag::Explain) {
        running::say(&scene, &explained(&scene));
    }
    if asked.is_on(Flag::DryRun) {
        tell_filters(&scene);
        return Ok(if has_work { 0 } else { nothing_code(asked) });
    }
    if asked.is_on(Flag::FastCollection) {
        return Ok(fast_collection(&scene));
    }
    let scene = named(scene)?;
    let asked = &scene.asked;
    if asked.is_on(Flag::CollectOnly) {
        return collect(&scene, true);
    }
    if asked.is_on(Flag::Validate) {
        return collect(&scene, false).map(|_| 0);
    }
    if asked.is_on(Flag::HealthCheck) {
        return running::health(&scene);
    }
    if let Some(code) = checks::before(&scene)? {
        return Ok(code);
    }
    running::run(scene)
}

fn has_work(plan: &Plan) -> bool {
    let is_work = |work: &CategoryWork| !matches!(work, CategoryWork::Empty { .. });
    let asked_for = plan.categories.iter().filter(|category| category.requested);
    asked_for.into_iter().any(|category| is_work(&category.work)) || !plan.handed_over.is_empty()
}

/// The filters that a look at the plan does not evaluate.
fn tell_filters(scene: &Scene) {
    let filters = &scene.choice.filters;
    for (title, values) in [
        ("pattern", &filters.patterns),
        ("keyword", &filters.keywords),
        ("markers", &filters.markers),
    ] {
        if !values.is_empty() {
            running::say(scene, &format!("Filter {title}: {}\n", values.join(" | ")));
        }
    }
}

/// Why each category is in the plan and where it stands.
fn explained(scene: &Scene) -> String {
    let plan = &scene.plan;
    let mut text = String::from("\nWhy:\n");
    for (at, category) in plan.categories.iter().enumerate() {
        let after: Vec<&str> =
            category.after.iter().map(|before| plan.category(*before).name.as_str()).collect();
        let order =
            if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
        let phase = scene.outline.phase_of(apex_core::CategoryIx::at(at));
        let phase = phase.map_or_else(String::new, |number| format!(", phase {number}"));
        text.push_str(&format!("  {}: {}{phase}{order}\n", category.name, category.reason));
    }
    text
}

/// The scene with only the tests whose names fit, where a filter asks for names; with a limit on
/// the look for names, a category that exceeds it does not run.
fn named(mut scene: Scene) -> Result<Scene, Failure> {
    let is_filtered = narrowing::needs_names(&scene.plan, &scene.choice.filters);
    if !is_filtered && !scene.asked.is_given(Flag::CollectionTimeout) {
        return Ok(scene);
    }
    let mut told = Vec::new();
    let found = narrowing::named(&scene.plan, &scene.asked, &scene.project, &mut told)?;
    let plan = narrowing::without_late(std::mem::take(&mut scene.plan), &found);
    scene.plan = if is_filtered {
        narrowing::by_names(plan, &scene.choice.filters, &found, &mut told)
    } else {
        plan
    };
    notes(&told);
    Ok(scene)
}

/// Counts test files by category, without a framework.
fn fast_collection(scene: &Scene) -> u8 {
    let root = &scene.project.loaded.root;
    let inventory = apex_agents::detect::Inventory::scan(root);
    let files = inventory.test_files().count();
    let mut text = String::new();
    for category in &scene.plan.categories {
        let jobs = match category.work {
            CategoryWork::Jobs { count, .. } => count,
            _ => 0,
        };
        text.push_str(&format!("  {:<15} {jobs} jobs\n", category.name.as_str()));
    }
    text.push_str(&format!("Test files: {files}\n"));
    running::say(scene, &text);
    strict::of_collection(&scene.asked, u8::from(files == 0))
}

/// Lists the tests of the plan; whether there are any is the code.
fn collect(scene: &Scene, prints: bool) -> Result<u8, Failure> {
    let mut told = Vec::new();
    let found = narrowing::named(&scene.plan, &scene.asked, &scene.project, &mut told)?;
    notes(&told);
    if prints {
        let ids: String = found.tests.iter().map(|(_, case)| format!("{}\n", case.id)).collect();
        out::data(&ids);
    } else {
        artifacts::tell(&format!("valid: {} tests collected", found.tests.len()));
    }
    Ok(u8::from(found.tests.is_empty()))
}
