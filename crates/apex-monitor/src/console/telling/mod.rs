//! What is told about each event as it happens, line by line.
//!
//! Each line has a level of interest; the console shows the levels that its mode and the wish of
//! the user call for.

mod work;

use std::collections::HashSet;

use apex_core::event::{CategoryEvent, JobEvent, LayerEvent, RunEvent, TestEvent};
use apex_core::view::Ending;
use apex_core::{
    AttemptNumber, CategoryIx, Envelope, Event, JobIx, LayerIx, Moment, Outcome, Plan, RunView,
    TestIx,
};

use super::failure::{self, Place};
use super::line::{Label, Line};
use super::{quarantine, words};
use crate::text::harmless_line;
use work::{is_error, tell_job, tell_output, tell_service};

/// Failed tests that are told with their details; later ones get a line each.
const BLOCKS: usize = 50;

/// Tests of a category that depend on their order and are named.
const DEPENDENT: usize = 5;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum Level {
    /// What failed.
    Failures,
    /// What people may have to act on.
    Notable,
    /// How the run gets on.
    Milestones,
    /// Every test.
    Tests,
    /// What jobs write.
    Output,
}

/// What was told so far.
#[derive(Debug, Default)]
pub(in crate::console) struct Telling {
    /// Tests whose failure was told: 4 bytes for each failed test.
    failures: HashSet<TestIx>,
}

/// What an event is told with.
#[derive(Clone, Copy)]
pub(in crate::console) struct Scene<'a> {
    pub view: &'a RunView,
    pub level: Level,
    pub place: Place<'a>,
}

impl Telling {
    /// The lines about one event. The view may be ahead of it.
    pub(in crate::console) fn tell(&mut self, envelope: &Envelope, scene: Scene<'_>) -> Vec<Line> {
        let Scene { view, level, .. } = scene;
        let (needed, line) = match &envelope.event {
            Event::Test(_, event) => return self.tell_test(event, scene),
            Event::Run(RunEvent::Started(started)) => return tell_start(&started.plan, scene),
            Event::Run(event) => tell_run(event),
            Event::Layer(layer, event) => tell_layer(view, *layer, event, envelope.at),
            Event::Category(_, CategoryEvent::Started) if level < Level::Tests => {
                return Vec::new();
            }
            Event::Category(category, event) => tell_category(view, *category, event, envelope.at),
            Event::Job(job, JobEvent::Quiet { lasting }) => {
                let line = Line::new()
                    .text(format!("{} job {}: ", words::category_of(view, *job), job.0))
                    .with(Label::Caution, format!("no output for {}", words::duration(*lasting)));
                (Level::Notable, Some(line))
            }
            Event::Job(_, event) if level < Level::Tests && !is_of_interest(event) => {
                return Vec::new();
            }
            Event::Job(job, event) => tell_job(view, *job, event),
            Event::Service(service, event) => tell_service(view, *service, event),
            Event::Warning(text) => {
                let line = Line::new().with(Label::Caution, "warning").text(format!(": {text}"));
                (Level::Notable, Some(line))
            }
            Event::Output(job, output) => return tell_output(view, *job, output, level),
            Event::Agent(_) | Event::Resources(_) => return Vec::new(),
        };
        line.filter(|_| needed <= level).into_iter().collect()
    }

    fn tell_test(&mut self, event: &TestEvent, scene: Scene<'_>) -> Vec<Line> {
        match event {
            TestEvent::Finished { test, attempt, outcome, .. } => {
                self.tell_finished(*test, *attempt, *outcome, scene)
            }
            TestEvent::Settled { test, outcome } => self.tell_settled(*test, *outcome, scene),
            TestEvent::Slow { test, so_far, .. } if scene.level >= Level::Notable => {
                let Some(test) = scene.view.test(*test) else { return Vec::new() };
                let so_far = words::duration(*so_far);
                vec![failure::caution(scene.view, test, "slow", format!(": {so_far} so far"))]
            }
            TestEvent::Discovered { .. } | TestEvent::Started { .. } | TestEvent::Slow { .. } => {
                Vec::new()
            }
        }
    }

    /// A failure that is not tried again and decides is told at once; any other waits for its last
    /// word.
    fn tell_finished(
        &mut self,
        number: TestIx,
        attempt: AttemptNumber,
        outcome: Outcome,
        scene: Scene<'_>,
    ) -> Vec<Line> {
        let Some(test) = scene.view.test(number) else { return Vec::new() };
        let is_last = attempt.0 > repeats(scene.view, test.job);
        if outcome.is_bad() && is_last && quarantine::entry(scene.view, test).is_none() {
            return self.tell_failure(number, outcome, scene);
        }
        if scene.level < Level::Tests {
            return Vec::new();
        }
        let mut line = failure::headline(scene.view, test, outcome);
        if attempt > AttemptNumber::FIRST || outcome.is_bad() {
            line.push(Label::Faint, format!(" attempt {}", attempt.0));
        }
        let reason = (outcome == Outcome::Skipped).then(|| failure::message(scene.view, test));
        if let Some(reason) = reason.flatten() {
            line.push(Label::Plain, format!(": {reason}"));
        }
        vec![line]
    }

    fn tell_settled(&mut self, number: TestIx, outcome: Outcome, scene: Scene<'_>) -> Vec<Line> {
        if outcome.is_bad() {
            return self.tell_failure(number, outcome, scene);
        }
        let needed = match outcome {
            Outcome::Flaky | Outcome::Quarantined => Level::Notable,
            Outcome::Passed | Outcome::Skipped => return Vec::new(),
            _ => Level::Tests,
        };
        let Some(test) = scene.view.test(number) else { return Vec::new() };
        if needed > scene.level {
            return Vec::new();
        }
        let mut line = failure::headline(scene.view, test, outcome);
        match outcome {
            Outcome::Flaky => {
                line.push(Label::Plain, format!(": passed on attempt {}", test.attempts));
            }
            Outcome::Quarantined => line.push(Label::Plain, quarantine::note(scene.view, test)),
            _ => {}
        }
        vec![line]
    }

    fn tell_failure(&mut self, number: TestIx, outcome: Outcome, scene: Scene<'_>) -> Vec<Line> {
        if !self.failures.insert(number) {
            return Vec::new();
        }
        let Some(test) = scene.view.test(number) else { return Vec::new() };
        if self.failures.len() <= BLOCKS {
            failure::block(scene.view, test, outcome, scene.place)
        } else {
            vec![failure::headline(scene.view, test, outcome)]
        }
    }
}

fn repeats(view: &RunView, job: JobIx) -> u32 {
    let category = view.category_of(job);
    let planned = category.and_then(|category| view.plan().categories.get(category.position()));
    let is_part = view.plan().jobs.get(job.position()).is_some_and(|job| job.undivided.is_some());
    planned.map_or(0, |planned| planned.retries) + u32::from(is_part)
}

/// What is going to happen, and what people should know about the selection.
fn tell_start(plan: &Plan, scene: Scene<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    if scene.level >= Level::Milestones {
        let run = scene.view.identity().map_or("", |identity| identity.run.as_str());
        let mut text = format!(
            ": {}, {}",
            words::number(plan.layers.len(), "layer"),
            words::number(plan.categories.len(), "category")
        );
        if let Some(budget) = plan.budget {
            text.push_str(&format!(", budget {}", words::duration(budget)));
        }
        lines.push(Line::new().with(Label::Strong, format!("run {run}")).text(text));
    }
    if scene.level >= Level::Notable {
        lines.extend(plan.notes.iter().map(|note| Line::new().text(format!("note: {note}"))));
    }
    lines
}

fn tell_run(event: &RunEvent) -> (Level, Option<Line>) {
    match event {
        RunEvent::Interrupted { signal, orderly } => {
            let what = if *orderly {
                ": ending what runs; a second signal kills it at once"
            } else {
                ": killing what runs"
            };
            let name = format!("interrupted by signal {signal}");
            (Level::Failures, Some(Line::new().with(Label::Caution, name).text(what)))
        }
        RunEvent::BudgetExceeded { budget } => {
            let text = format!(" ({}): ending what runs", words::duration(*budget));
            let line = Line::new().with(Label::Bad, "the budget of the run is used up").text(text);
            (Level::Failures, Some(line))
        }
        RunEvent::SlotsChanged { slots } => {
            let line = Line::new().with(Label::Faint, format!("{slots} jobs at the same time"));
            (Level::Tests, Some(line))
        }
        RunEvent::Paused => {
            let line = Line::new().with(Label::Caution, "paused").text(": no clock of it goes on");
            (Level::Failures, Some(line))
        }
        RunEvent::Resumed => (Level::Failures, Some(Line::new().with(Label::Caution, "goes on"))),
        RunEvent::Started(_) | RunEvent::Finished(_) => (Level::Milestones, None),
    }
}

fn tell_layer(
    view: &RunView,
    layer: LayerIx,
    event: &LayerEvent,
    at: Moment,
) -> (Level, Option<Line>) {
    let name = words::layer_name(view, layer).to_owned();
    let planned = view.plan().layers.get(layer.position());
    let named = Line::new().text("layer ").with(Label::Strong, name);
    match event {
        LayerEvent::Started => {
            let categories = planned.map_or(0, |layer| layer.categories.len());
            let mut text = format!(" started: {}", words::number(categories, "category"));
            if let Some(budget) = planned.and_then(|layer| layer.budget) {
                text.push_str(&format!(", budget {}", words::duration(budget)));
            }
            (Level::Milestones, Some(named.text(text)))
        }
        LayerEvent::BudgetExceeded => {
            let budget = planned.and_then(|layer| layer.budget).map(words::duration);
            let phase = view.layers().get(layer.position()).and_then(|layer| layer.exceeded_in);
            let phase = phase.map_or_else(String::new, |it| format!(" while {}", it.describe()));
            let text = format!(" ({}){phase}: ending what runs", budget.unwrap_or_default());
            let line = named.text(": ").with(Label::Bad, "budget used up").text(text);
            (Level::Failures, Some(line))
        }
        LayerEvent::Stopped { reason } => (
            Level::Notable,
            Some(named.with(Label::Caution, " stopped").text(format!(": {reason}"))),
        ),
        LayerEvent::Skipped => {
            let line =
                named.with(Label::Caution, " skipped by you").text(": ending what runs of it");
            (Level::Notable, Some(line))
        }
        LayerEvent::Judged(_) => (Level::Tests, None),
        LayerEvent::Finished { verdict, reason } => {
            let progress = view.layers().get(layer.position()).map(|layer| &layer.progress);
            let spent = progress
                .filter(|progress| progress.started().is_some())
                .map(|progress| format!(" in {}", words::duration(progress.spent(at))));
            let line = named
                .text(" ")
                .with(words::label_of_verdict(*verdict), words::verdict(*verdict))
                .text(spent.unwrap_or_default() + &because(reason));
            (Level::Milestones, Some(line))
        }
    }
}

fn tell_category(
    view: &RunView,
    category: CategoryIx,
    event: &CategoryEvent,
    at: Moment,
) -> (Level, Option<Line>) {
    let named = Line::new()
        .text("  ")
        .with(Label::Strong, words::category_name(view, category).to_owned())
        .text(": ");
    match event {
        CategoryEvent::Started => (Level::Tests, Some(named.text("started"))),
        CategoryEvent::TimedOut { limit } => {
            let text = format!("time limit of {} reached", words::duration(*limit));
            let line = named.with(Label::Bad, text).text(": ending what runs");
            (Level::Failures, Some(line))
        }
        CategoryEvent::DependsOnOrder { what } if is_told_by_name(view, category, what) => {
            let text = "failed in a part and not when all ran in one program: it depends on what \
                        runs before or beside it";
            let line = named.text(format!("{} ", harmless_line(what))).with(Label::Caution, text);
            (Level::Failures, Some(line))
        }
        CategoryEvent::DependsOnOrder { .. } => (Level::Failures, None),
        CategoryEvent::Finished { outcome, reason } => {
            let ending = Ending { outcome: *outcome, reason: reason.clone() };
            (level_of(*outcome), Some(category_line(view, category, &ending, at, named)))
        }
    }
}

/// Whether this is one of the first that are known to depend on their order: a suite may have
/// very many.
fn is_told_by_name(view: &RunView, category: CategoryIx, what: &str) -> bool {
    let category = view.categories().get(category.position());
    let mut first =
        category.into_iter().flat_map(|one| one.depends_on_order.iter().take(DEPENDENT));
    first.any(|one| **one == *what)
}

/// A category that could not run is a failure of its own, one without tests is of little
/// interest, the others are progress.
const fn level_of(outcome: Outcome) -> Level {
    match outcome {
        Outcome::Errored => Level::Failures,
        Outcome::Empty => Level::Tests,
        _ => Level::Milestones,
    }
}

fn category_line(
    view: &RunView,
    category: CategoryIx,
    ending: &Ending,
    at: Moment,
    named: Line,
) -> Line {
    let line = named.with(words::label_of(ending.outcome), words::word(ending.outcome));
    let Some(category) = view.categories().get(category.position()) else { return line };
    if category.progress.started().is_none() {
        return line.text(because(&ending.reason));
    }
    let spent = words::duration(category.progress.spent(at));
    let counts = words::counts(&category.counts);
    let dependent = match category.depends_on_order.len() {
        0 => String::new(),
        count => format!("; {count} depend on what runs before or beside them"),
    };
    line.text(format!(" in {spent} ({counts}{dependent}){}", because(&ending.reason)))
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// Whether an event of a job is told to those who do not want to hear of every test.
const fn is_of_interest(event: &JobEvent) -> bool {
    matches!(event, JobEvent::Doubted) || is_error(event)
}
