//! The names of the earlier runner: `{type, timestamp, data, agent_id}` with `seq`, `run_id` and
//! `schema`.
//!
//! Background layers are its background tasks: they are told as `background_*` in place of
//! `layer_*`. Its phases are the phases of the plan. A line about progress comes at most every half
//! second for a category and its layer, and so do snapshots.

use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, OutputEvent, ProcessEnd, RunEvent, RunResult,
    ServiceEvent, TestEvent,
};
use apex_core::{
    CategoryIx, Envelope, Event, JobIx, LayerIx, Moment, Outcome, RunView, ServiceIx, TestIx,
    Verdict,
};
use serde_json::{Value, json};

use super::figures::{
    BREATH, MASTER, category_progress, counts, layer_progress, seconds, success_rate, timestamp,
};
use super::{Dialect, snapshot};
use crate::exit::ExitRule;

/// Name and version of the form.
const SCHEMA: &str = "apex.legacy_event/1";

/// The earlier runner's names.
pub struct Legacy {
    rule: ExitRule,
    seq: u64,
    /// When progress of each category was told last.
    told: Vec<Moment>,
    /// When the last snapshot was, and how many lines there were.
    snapshot: Option<Moment>,
    phase: Option<u32>,
}

/// A line before it is stamped.
struct Line {
    kind: &'static str,
    agent: &'static str,
    data: Value,
}

/// A moment of a run.
#[derive(Clone, Copy)]
struct Scene<'v> {
    view: &'v RunView,
    now: Moment,
}

impl Legacy {
    /// Names for a run that ends as this rule says.
    #[must_use]
    pub const fn new(rule: ExitRule) -> Self {
        Self { rule, seq: 0, told: Vec::new(), snapshot: None, phase: None }
    }

    fn lines(&mut self, event: &Event, scene: Scene<'_>) -> Vec<Line> {
        match event {
            Event::Run(event) => self.run(event, scene),
            Event::Layer(layer, event) => self.layer(*layer, event, scene),
            Event::Category(category, event) => self.category(*category, event, scene),
            Event::Job(job, event) => job_lines(*job, event, scene),
            Event::Test(job, event) => self.test(*job, event, scene),
            Event::Output(job, OutputEvent::Omitted { bytes }) => {
                let text = format!("{bytes} bytes of output are only in the log");
                vec![note("debug", &category_of(scene.view, *job), &text)]
            }
            Event::Output(_, OutputEvent::Text { .. }) => Vec::new(),
            Event::Service(service, event) => service_lines(*service, event, scene),
            Event::Agent(AgentEvent::Stale { agent, silent }) => {
                let text = format!("no sign of life since {} s", silent.as_secs());
                vec![note("warning", agent, &text)]
            }
            Event::Agent(AgentEvent::Restarted { agent, reason }) => {
                vec![note("warning", agent, &format!("another one took its place: {reason}"))]
            }
            Event::Agent(AgentEvent::Failed { agent, reason }) => {
                vec![note("error", agent, reason)]
            }
            Event::Agent(
                AgentEvent::Started { agent }
                | AgentEvent::Stopped { agent }
                | AgentEvent::Recovered { agent },
            ) => {
                let word = if matches!(event, Event::Agent(AgentEvent::Started { .. })) {
                    "runs"
                } else {
                    "stopped"
                };
                vec![note("debug", agent, word)]
            }
            // Its own lines about resources are those of attempts.
            Event::Resources(_) => Vec::new(),
            Event::Warning(text) => vec![note("warning", "run", text)],
        }
    }

    fn run(&mut self, event: &RunEvent, scene: Scene<'_>) -> Vec<Line> {
        match event {
            RunEvent::Started(started) => {
                self.told = vec![Moment::START; scene.view.categories().len()];
                let layers: Vec<&str> =
                    started.plan.layers.iter().map(|layer| layer.id.as_str()).collect();
                let mut lines = vec![Line::new(
                    "orchestration_started",
                    MASTER,
                    json!({
                        "layers": layers,
                        "run_id": started.run.as_str(),
                        "agent_id": MASTER,
                        "start_time": timestamp(scene.view, Moment::START),
                    }),
                )];
                let background = |at: &LayerIx| started.plan.layer(*at).background;
                let all = (0..started.plan.layers.len()).map(LayerIx::at).filter(background);
                lines.extend(all.map(|layer| task("background_queued", layer, scene)));
                lines
            }
            RunEvent::Interrupted { signal, .. } => {
                vec![note("warning", "run", &format!("signal {signal} asked it to stop"))]
            }
            RunEvent::Paused => vec![note("info", "run", "paused")],
            RunEvent::Resumed => vec![note("info", "run", "goes on after a pause")],
            RunEvent::BudgetExceeded { budget } => {
                let text = format!("its budget of {} s was used up", seconds(*budget));
                vec![note("warning", "run", &text)]
            }
            RunEvent::SlotsChanged { slots } => {
                vec![note("info", "run", &format!("{slots} jobs may run at the same time"))]
            }
            RunEvent::Finished(result) => self.end(result, scene),
        }
    }

    fn end(&mut self, result: &RunResult, scene: Scene<'_>) -> Vec<Line> {
        let view = scene.view;
        let is_lost = result.internal_error.is_some()
            || result.signal.is_some()
            || (result.environment_failed && !result.tests_failed);
        let kind = if is_lost { "orchestration_failed" } else { "orchestration_completed" };
        let success = (self.rule)(result).is_success();
        let duration = seconds(view.spent(scene.now));
        let all = (0..view.layers().len()).map(LayerIx::at);
        let (tasks, layers): (Vec<LayerIx>, Vec<LayerIx>) =
            all.partition(|layer| view.plan().layer(*layer).background);
        let mut lines: Vec<Line> =
            result.internal_error.iter().map(|error| note("error", "run", error)).collect();
        lines.extend(self.phase.take().map(|phase| phase_line("phase_completed", phase)));
        lines.push(self.snapshot(scene));
        let updates = self.seq + lines.len() as u64 + 1;
        lines.push(Line::new(
            kind,
            MASTER,
            json!({
                "success": success,
                "duration": duration,
                "summary": {
                    "success": success,
                    "total_duration": duration,
                    "layers_count": layers.len(),
                    "background_tasks_count": tasks.len(),
                    "overall_test_counts": counts(view.counts()),
                    "overall_success_rate": success_rate(view.counts()),
                    "layers": layers.into_iter()
                        .map(|at| snapshot::layer(view, at, scene.now)).collect::<Vec<_>>(),
                    "background_tasks": tasks.into_iter()
                        .map(|at| snapshot::task(view, at, scene.now)).collect::<Vec<_>>(),
                    "total_updates": updates,
                },
            }),
        ));
        lines
    }

    fn layer(&mut self, layer: LayerIx, event: &LayerEvent, scene: Scene<'_>) -> Vec<Line> {
        let is_task = scene.view.plan().layer(layer).background;
        let name = scene.view.plan().layer(layer).id.as_str();
        match event {
            LayerEvent::Started => {
                let mut lines = self.enter_phase(scene.view.plan().layer(layer).phase);
                lines.push(if is_task {
                    task("background_started", layer, scene)
                } else {
                    layer_line("layer_started", layer, scene)
                });
                lines
            }
            LayerEvent::BudgetExceeded => vec![note("warning", name, "its budget was used up")],
            LayerEvent::Stopped { reason } => vec![note("info", name, reason)],
            LayerEvent::Skipped => vec![note("warning", name, "the user skipped the rest of it")],
            LayerEvent::Judged(_) => Vec::new(),
            LayerEvent::Finished { verdict, .. } => {
                let kind = match (verdict, is_task) {
                    (Verdict::Passed | Verdict::Partial, false) => "layer_completed",
                    (Verdict::Passed | Verdict::Partial, true) => "background_completed",
                    (Verdict::Blocked | Verdict::Empty, false) => "layer_skipped",
                    (_, false) => "layer_failed",
                    (_, true) => "background_failed",
                };
                vec![if is_task {
                    task(kind, layer, scene)
                } else {
                    layer_line(kind, layer, scene)
                }]
            }
        }
    }

    fn enter_phase(&mut self, phase: u32) -> Vec<Line> {
        if self.phase == Some(phase) {
            return Vec::new();
        }
        let before = self.phase.replace(phase);
        let ended = before.map(|before| phase_line("phase_completed", before));
        ended.into_iter().chain([phase_line("phase_started", phase)]).collect()
    }

    fn category(
        &mut self,
        category: CategoryIx,
        event: &CategoryEvent,
        scene: Scene<'_>,
    ) -> Vec<Line> {
        match event {
            CategoryEvent::Started => {
                if let Some(told) = self.told.get_mut(category.position()) {
                    *told = scene.now;
                }
                vec![category_line("category_started", category, scene)]
            }
            CategoryEvent::TimedOut { limit } => {
                let name = scene.view.plan().category(category).name.as_str();
                let text = format!("its time limit of {} s was reached", seconds(*limit));
                vec![note("warning", name, &text)]
            }
            CategoryEvent::DependsOnOrder { what } => {
                let name = scene.view.plan().category(category).name.as_str();
                let text = format!("{what} failed in a part and not when all ran in one program");
                vec![note("warning", name, &text)]
            }
            CategoryEvent::Finished { outcome, .. } => {
                let layer = scene.view.plan().category(category).layer;
                let kind =
                    ended(*outcome, ["category_completed", "category_failed", "category_skipped"]);
                vec![category_line(kind, category, scene), progress_of_layer(layer, scene)]
            }
        }
    }

    fn test(&mut self, job: JobIx, event: &TestEvent, scene: Scene<'_>) -> Vec<Line> {
        match event {
            TestEvent::Discovered { cases, .. } => {
                let text = format!("{} tests are known", cases.len());
                vec![note("debug", &category_of(scene.view, job), &text)]
            }
            TestEvent::Started { test, .. } => {
                test_line("test_started", *test, scene).into_iter().collect()
            }
            TestEvent::Finished { .. } | TestEvent::Slow { .. } => Vec::new(),
            TestEvent::Settled { test, outcome } => {
                let kind = ended(*outcome, ["test_completed", "test_failed", "test_skipped"]);
                let mut lines: Vec<Line> = test_line(kind, *test, scene).into_iter().collect();
                lines.extend(self.progress(job, scene));
                lines
            }
        }
    }

    /// Progress of the category of a job, when it was not told just now.
    fn progress(&mut self, job: JobIx, scene: Scene<'_>) -> Vec<Line> {
        let Some(category) = scene.view.category_of(job) else { return Vec::new() };
        let Some(told) = self.told.get_mut(category.position()) else { return Vec::new() };
        if scene.now.since(*told) < BREATH {
            return Vec::new();
        }
        *told = scene.now;
        let layer = scene.view.plan().category(category).layer;
        vec![category_line("category_progress", category, scene), progress_of_layer(layer, scene)]
    }

    fn snapshot(&mut self, scene: Scene<'_>) -> Line {
        self.snapshot = Some(scene.now);
        let agent = "ProgressStreaming";
        Line::new(
            "progress_snapshot",
            agent,
            snapshot::data(scene.view, scene.now, agent, self.seq),
        )
    }

    fn is_snapshot_due(&self, scene: Scene<'_>) -> bool {
        scene.view.result().is_none()
            && scene.view.identity().is_some()
            && self.snapshot.is_none_or(|last| scene.now.since(last) >= BREATH)
    }

    fn stamp(&mut self, line: Line, scene: Scene<'_>) -> Value {
        let seq = self.seq;
        self.seq += 1;
        json!({
            "type": line.kind,
            "timestamp": timestamp(scene.view, scene.now),
            "data": line.data,
            "agent_id": line.agent,
            "seq": seq,
            "run_id": scene.view.identity().map_or("", |identity| identity.run.as_str()),
            "schema": SCHEMA,
        })
    }
}

impl Dialect for Legacy {
    fn tell(&mut self, envelope: &Envelope, view: &RunView) -> Vec<Value> {
        let scene = Scene { view, now: envelope.at };
        let mut lines = self.lines(&envelope.event, scene);
        if self.is_snapshot_due(scene) {
            lines.push(self.snapshot(scene));
        }
        lines.into_iter().map(|line| self.stamp(line, scene)).collect()
    }
}

impl Line {
    const fn new(kind: &'static str, agent: &'static str, data: Value) -> Self {
        Self { kind, agent, data }
    }
}

/// Which of three names, for completed, failed and skipped, an outcome has.
const fn ended(outcome: Outcome, [completed, failed, skipped]: [&'static str; 3]) -> &'static str {
    match outcome {
        Outcome::Passed | Outcome::Flaky | Outcome::Quarantined => completed,
        Outcome::Failed | Outcome::Errored | Outcome::TimedOut | Outcome::Cancelled => failed,
        Outcome::Blocked
        | Outcome::Skipped
        | Outcome::Deferred
        | Outcome::NotRun
        | Outcome::Empty
        | Outcome::Cached => skipped,
    }
}

fn layer_line(kind: &'static str, layer: LayerIx, Scene { view, now }: Scene<'_>) -> Line {
    let seen = &view.layers()[layer.position()];
    Line::new(
        kind,
        "LayerExecution",
        json!({
            "layer_name": view.plan().layer(layer).id.as_str(),
            "status": super::figures::standing(seen),
            "progress": layer_progress(view, layer),
            "duration": seconds(seen.progress.spent(now)),
            "test_counts": counts(&seen.counts),
        }),
    )
}

fn progress_of_layer(layer: LayerIx, scene: Scene<'_>) -> Line {
    if scene.view.plan().layer(layer).background {
        task("background_progress", layer, scene)
    } else {
        layer_line("layer_progress", layer, scene)
    }
}

fn task(kind: &'static str, layer: LayerIx, Scene { view, now }: Scene<'_>) -> Line {
    Line::new(kind, "BackgroundE2E", snapshot::task(view, layer, now))
}

fn phase_line(kind: &'static str, phase: u32) -> Line {
    Line::new(kind, "LayerExecution", json!({ "phase": phase + 1 }))
}

fn category_line(kind: &'static str, at: CategoryIx, Scene { view, now }: Scene<'_>) -> Line {
    let planned = view.plan().category(at);
    let seen = &view.categories()[at.position()];
    Line::new(
        kind,
        "TestOrchestrator",
        json!({
            "layer_name": view.plan().layer(planned.layer).id.as_str(),
            "category_name": planned.name.as_str(),
            "status": seen.progress.ending().map_or("running", |end| end.outcome.as_str()),
            "progress": category_progress(seen),
            "duration": seconds(seen.progress.spent(now)),
            "test_counts": counts(&seen.counts),
        }),
    )
}

fn test_line(kind: &'static str, at: TestIx, Scene { view, .. }: Scene<'_>) -> Option<Line> {
    let test = view.test(at)?;
    let error = test.said().map(|said| said.message.as_str());
    Some(Line::new(
        kind,
        "TestOrchestrator",
        json!({
            "test_id": &*test.case.id,
            "category_name": category_of(view, test.job),
            "status": test.outcome().map_or("running", Outcome::as_str),
            "duration": test.duration.map(seconds),
            "attempt": test.attempts,
            "error": error.filter(|_| kind == "test_failed"),
        }),
    ))
}

fn job_lines(job: JobIx, event: &JobEvent, Scene { view, .. }: Scene<'_>) -> Vec<Line> {
    let category = category_of(view, job);
    let of_resource = |kind, attempt: u32, memory: Option<u32>| {
        Line::new(
            kind,
            "ResourceManagement",
            json!({
                "job": job.0,
                "category_name": category,
                "attempt": attempt,
                "memory_mb": memory,
                "slots": view.slots(),
            }),
        )
    };
    match event {
        JobEvent::Started { attempt } => {
            let wanted = view.category_of(job).map(|at| view.plan().category(at).memory_mb);
            vec![of_resource("resource_allocated", attempt.0, wanted)]
        }
        JobEvent::AttemptFinished { attempt, end, peak_memory_mb, .. } => {
            let mut lines = vec![of_resource("resource_released", attempt.0, *peak_memory_mb)];
            if let ProcessEnd::NotStarted(reason) = end {
                lines.push(note("error", &category, reason));
            }
            lines
        }
        JobEvent::Terminated { cause } => vec![note("debug", &category, cause.describe())],
        JobEvent::Killed => vec![note("debug", &category, "its processes were killed")],
        JobEvent::Quiet { lasting } => {
            let text = format!("no output for {} s", seconds(*lasting));
            vec![note("warning", &category, &text)]
        }
        JobEvent::StopReached | JobEvent::Doubted | JobEvent::Finished { .. } => Vec::new(),
    }
}

fn service_lines(
    service: ServiceIx,
    event: &ServiceEvent,
    Scene { view, .. }: Scene<'_>,
) -> Vec<Line> {
    let planned = view.plan().services.get(service.position());
    let name = planned.map_or("", |planned| planned.name.as_str());
    let line = |kind, status: &str, reason: Option<&str>| {
        Line::new(
            kind,
            "ResourceManagement",
            json!({
                "service_name": name,
                "status": status,
                "reason": reason,
            }),
        )
    };
    let check = "service_dependency_check";
    match event {
        ServiceEvent::Starting => vec![line(check, "starting", None)],
        ServiceEvent::Preparing { what } => vec![line(check, "preparing", Some(what))],
        ServiceEvent::Lost { reason } => vec![line(check, "unhealthy", Some(reason))],
        ServiceEvent::Ready { .. } => {
            vec![line(check, "healthy", None), line("service_started", "ready", None)]
        }
        ServiceEvent::Failed { reason } => vec![
            line(check, "unhealthy", Some(reason)),
            line("service_stopped", "failed", Some(reason)),
        ],
        ServiceEvent::Stopped => vec![line("service_stopped", "stopped", None)],
    }
}

/// Something for people: `error`, `warning`, `info` or `debug`.
fn note(kind: &'static str, about: &str, text: &str) -> Line {
    Line::new(kind, MASTER, json!({ "about": about, "message": text }))
}

fn category_of(view: &RunView, job: JobIx) -> String {
    let category = view.category_of(job).and_then(|at| view.plan().categories.get(at.position()));
    category.map_or_else(String::new, |planned| planned.name.to_string())
}
