//! What each event is in the log: who says it, how important it is, in which words.

use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, ProcessEnd, RunEvent, ServiceEvent, TestEvent,
};
use apex_core::resource::ResourceSample;
use apex_core::{CategoryIx, Event, JobIx, LayerIx, Outcome, Plan, RunView, ServiceIx, TestIx};

use super::component::{Component, of_category, of_layer};
use super::fields::{Fields, fields};
use super::level::Level;

/// Bytes of a reason or a message of a failure in a line.
const LONGEST: usize = 2_000;

/// What an event is in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) level: Level,
    /// The group of the event.
    pub(super) module: &'static str,
    /// The type of the event, as on the wire.
    pub(super) function: &'static str,
    /// Who says it.
    component: Component,
}

impl Kind {
    /// Who says it, the nearest first. The one who has the whole run in view hears every warning
    /// too, and the one who tells how far it is hears what moves it.
    pub(super) fn homes(&self) -> Vec<Component> {
        let concerns_run = self.level <= Level::Warning || self.module == "layer";
        let is_step = ["run.started", "category.finished", "run.finished"].contains(&self.function);
        let further =
            [(concerns_run, Component::MasterController), (is_step, Component::ProgressStreaming)];
        let mut homes = vec![self.component];
        for (is_home, component) in further {
            if is_home && component != self.component {
                homes.push(component);
            }
        }
        homes
    }
}

/// What an event is; nothing for what has files of its own or is told otherwise.
pub(super) fn kind_of(event: &Event, plan: &Plan) -> Option<Kind> {
    use Component::{MasterController, ResourceManagement, TestOrchestrator};
    let category_of = |job: JobIx| plan.jobs.get(job.position()).map(|job| job.category);
    let of_job = |job: JobIx| {
        category_of(job).map_or(Component::LayerExecution, |category| of_category(plan, category))
    };
    let (module, component, (level, function)) = match event {
        Event::Run(RunEvent::SlotsChanged { .. }) => {
            ("resource", ResourceManagement, (Level::Debug, "run.slots_changed"))
        }
        Event::Run(event) => ("run", MasterController, of_run(event)),
        Event::Layer(layer, event) => ("layer", of_layer(plan, *layer), of_layer_event(event)?),
        Event::Category(_, event) => ("category", TestOrchestrator, of_category_event(event)),
        Event::Job(job, event) => ("job", of_job(*job), of_job_event(event)),
        Event::Test(_, event) => ("test", TestOrchestrator, of_test_event(event)),
        Event::Service(_, event) => ("service", ResourceManagement, of_service_event(event)),
        Event::Agent(event) => ("agent", MasterController, of_agent_event(event)),
        Event::Resources(_) => {
            ("resource", ResourceManagement, (Level::Debug, "resources.sampled"))
        }
        Event::Warning(_) => ("run", MasterController, (Level::Warning, "warning")),
        Event::Output(..) => return None,
    };
    Some(Kind { level, module, function, component })
}

const fn of_run(event: &RunEvent) -> (Level, &'static str) {
    match event {
        RunEvent::Started(_) => (Level::Info, "run.started"),
        RunEvent::Interrupted { .. } => (Level::Warning, "run.interrupted"),
        RunEvent::BudgetExceeded { .. } => (Level::Warning, "run.budget_exceeded"),
        RunEvent::SlotsChanged { .. } => (Level::Debug, "run.slots_changed"),
        RunEvent::Paused => (Level::Info, "run.paused"),
        RunEvent::Resumed => (Level::Info, "run.resumed"),
        RunEvent::Finished(result) if result.internal_error.is_some() => {
            (Level::Error, "run.finished")
        }
        RunEvent::Finished(_) => (Level::Info, "run.finished"),
    }
}

const fn of_layer_event(event: &LayerEvent) -> Option<(Level, &'static str)> {
    Some(match event {
        LayerEvent::Started => (Level::Info, "layer.started"),
        LayerEvent::BudgetExceeded => (Level::Warning, "layer.budget_exceeded"),
        LayerEvent::Stopped { .. } => (Level::Warning, "layer.stopped"),
        LayerEvent::Skipped => (Level::Warning, "layer.skipped"),
        LayerEvent::Finished { .. } => (Level::Info, "layer.finished"),
        // Books for judging parts together; nothing happened.
        LayerEvent::Judged(_) => return None,
    })
}

const fn of_category_event(event: &CategoryEvent) -> (Level, &'static str) {
    match event {
        CategoryEvent::Started => (Level::Info, "category.started"),
        CategoryEvent::TimedOut { .. } => (Level::Warning, "category.timed_out"),
        CategoryEvent::DependsOnOrder { .. } => (Level::Warning, "category.depends_on_order"),
        CategoryEvent::Finished { outcome: Outcome::Errored, .. } => {
            (Level::Error, "category.finished")
        }
        CategoryEvent::Finished { .. } => (Level::Info, "category.finished"),
    }
}

const fn of_job_event(event: &JobEvent) -> (Level, &'static str) {
    match event {
        JobEvent::Started { .. } => (Level::Debug, "job.started"),
        JobEvent::Terminated { .. } => (Level::Warning, "job.terminated"),
        JobEvent::Quiet { .. } => (Level::Info, "job.quiet"),
        JobEvent::StopReached => (Level::Debug, "job.stop_reached"),
        JobEvent::Killed => (Level::Warning, "job.killed"),
        JobEvent::AttemptFinished { end: ProcessEnd::NotStarted(_), .. } => {
            (Level::Error, "job.attempt_finished")
        }
        JobEvent::AttemptFinished { .. } => (Level::Debug, "job.attempt_finished"),
        JobEvent::Doubted => (Level::Info, "job.doubted"),
        JobEvent::Finished { .. } => (Level::Debug, "job.finished"),
    }
}

const fn of_test_event(event: &TestEvent) -> (Level, &'static str) {
    match event {
        TestEvent::Discovered { .. } => (Level::Debug, "test.discovered"),
        TestEvent::Started { .. } => (Level::Trace, "test.started"),
        TestEvent::Slow { .. } => (Level::Info, "test.slow"),
        TestEvent::Finished { .. } => (Level::Trace, "test.finished"),
        TestEvent::Settled { outcome, .. } if outcome.is_bad() => (Level::Warning, "test.settled"),
        TestEvent::Settled { .. } => (Level::Debug, "test.settled"),
    }
}

const fn of_service_event(event: &ServiceEvent) -> (Level, &'static str) {
    match event {
        ServiceEvent::Starting => (Level::Info, "service.starting"),
        ServiceEvent::Preparing { .. } => (Level::Debug, "service.preparing"),
        ServiceEvent::Lost { .. } => (Level::Warning, "service.lost"),
        ServiceEvent::Ready { .. } => (Level::Info, "service.ready"),
        ServiceEvent::Failed { .. } => (Level::Error, "service.failed"),
        ServiceEvent::Stopped => (Level::Info, "service.stopped"),
    }
}

const fn of_agent_event(event: &AgentEvent) -> (Level, &'static str) {
    match event {
        AgentEvent::Started { .. } => (Level::Info, "agent.started"),
        AgentEvent::Stopped { .. } => (Level::Info, "agent.stopped"),
        AgentEvent::Stale { .. } => (Level::Warning, "agent.stale"),
        AgentEvent::Recovered { .. } => (Level::Info, "agent.recovered"),
        AgentEvent::Restarted { .. } => (Level::Warning, "agent.restarted"),
        AgentEvent::Failed { .. } => (Level::Error, "agent.failed"),
    }
}

/// The message, and what belongs to it by name.
pub(super) fn describe(event: &Event, view: &RunView) -> (String, Fields) {
    match event {
        Event::Run(event) => of_run_words(event, view),
        Event::Layer(layer, event) => {
            let (message, fields) = layer_words(event);
            (message, layer_fields(*layer, view).and(fields))
        }
        Event::Category(category, event) => {
            let (message, fields) = category_words(event, view);
            (message, category_fields(*category, view).and(fields))
        }
        Event::Job(job, event) => {
            let (message, fields) = job_words(event);
            (message, job_fields(*job, view).and(fields))
        }
        Event::Test(job, event) => {
            let (message, fields) = test_words(event, view);
            (message, job_fields(*job, view).and(fields))
        }
        Event::Service(service, event) => {
            let (message, fields) = service_words(event);
            (message, service_fields(*service, view).and(fields))
        }
        Event::Agent(event) => agent_words(event),
        Event::Resources(sample) => resource_words(sample),
        Event::Warning(text) => (cut(text), Fields::new()),
        Event::Output(..) => (String::new(), Fields::new()),
    }
}

fn of_run_words(event: &RunEvent, view: &RunView) -> (String, Fields) {
    match event {
        RunEvent::Started(started) => (
            "the run started".to_owned(),
            fields! {
                "mode": started.plan.request.mode.as_ref().map(ToString::to_string),
                "layers": started.plan.layers.len(),
                "jobs": started.plan.jobs.len(),
                "commit": started.setting.checkout.as_ref().map(|checkout| &checkout.commit),
            },
        ),
        RunEvent::Interrupted { signal, .. } => {
            ("a signal asked the run to stop".to_owned(), fields! { "signal": signal })
        }
        RunEvent::BudgetExceeded { budget } => (
            "the time budget of the run was used up".to_owned(),
            fields! { "budget_seconds": budget.as_secs_f64() },
        ),
        RunEvent::SlotsChanged { slots } => {
            ("another number of jobs may run at once".to_owned(), fields! { "slots": slots })
        }
        RunEvent::Paused => ("the run was paused".to_owned(), Fields::new()),
        RunEvent::Resumed => ("the run goes on".to_owned(), Fields::new()),
        RunEvent::Finished(result) => {
            let counts = view.counts();
            let fields = fields! {
                "result": crate::measures::result_word(result),
                "duration_seconds": view.spent(view.last()).as_secs_f64(),
                "tests": counts.discovered(),
                "executed": counts.executed(),
                "reason": result.internal_error.as_deref().map(cut),
            };
            ("the run ended".to_owned(), fields)
        }
    }
}

fn layer_words(event: &LayerEvent) -> (String, Fields) {
    match event {
        LayerEvent::Started => ("the layer started".to_owned(), Fields::new()),
        LayerEvent::BudgetExceeded => {
            ("the time budget of the layer was used up".to_owned(), Fields::new())
        }
        LayerEvent::Stopped { reason } => {
            ("a failure stopped the layer".to_owned(), fields! { "reason": cut(reason) })
        }
        LayerEvent::Skipped => ("the user skipped the rest of the layer".to_owned(), Fields::new()),
        LayerEvent::Judged(_) => (String::new(), Fields::new()),
        LayerEvent::Finished { verdict, reason } => (
            format!("the layer ended: {}", verdict.as_str()),
            fields! { "outcome": verdict.as_str(), "reason": reason_of(reason) },
        ),
    }
}

fn category_words(event: &CategoryEvent, view: &RunView) -> (String, Fields) {
    match event {
        CategoryEvent::Started => ("the category started".to_owned(), Fields::new()),
        CategoryEvent::TimedOut { limit } => (
            "the time limit of the category was reached".to_owned(),
            fields! { "limit_seconds": limit.as_secs_f64() },
        ),
        CategoryEvent::DependsOnOrder { what } => {
            (format!("it depends on what runs before it: {what}"), Fields::new())
        }
        CategoryEvent::Finished { outcome, reason } => (
            format!("the category ended: {}", outcome.as_str()),
            fields! {
                "outcome": outcome.as_str(), "reason": reason_of(reason),
                "run_tests": view.counts().discovered(), "run_executed": view.counts().executed(),
            },
        ),
    }
}

fn job_words(event: &JobEvent) -> (String, Fields) {
    match event {
        JobEvent::Started { attempt } => {
            ("an attempt of the job started".to_owned(), fields! { "attempt": attempt.0 })
        }
        JobEvent::Terminated { cause } => {
            (format!("the job is ended: {}", cause.describe()), fields! { "cause": cause.as_str() })
        }
        JobEvent::Quiet { lasting } => {
            ("the job is quiet".to_owned(), fields! { "silent_seconds": lasting.as_secs_f64() })
        }
        JobEvent::StopReached => ("the request to end reached the job".to_owned(), Fields::new()),
        JobEvent::Killed => ("the job was killed".to_owned(), Fields::new()),
        JobEvent::AttemptFinished { attempt, end, peak_memory_mb, cpu_time } => {
            let how = match end {
                ProcessEnd::Exited(code) => fields! { "exit_code": code },
                ProcessEnd::Signalled(signal) => fields! { "signal": signal },
                ProcessEnd::NotStarted(reason) => fields! { "reason": cut(reason) },
            };
            let fields = fields! {
                "attempt": attempt.0,
                "peak_memory_mb": peak_memory_mb,
                "cpu_seconds": cpu_time.map(|time| time.as_secs_f64()),
            };
            ("an attempt of the job ended".to_owned(), fields.and(how))
        }
        JobEvent::Doubted => {
            ("a part went wrong; all of it runs once and decides".to_owned(), Fields::new())
        }
        JobEvent::Finished { outcome, reason } => (
            format!("the job ended: {}", outcome.as_str()),
            fields! { "outcome": outcome.as_str(), "reason": reason_of(reason) },
        ),
    }
}

fn test_words(event: &TestEvent, view: &RunView) -> (String, Fields) {
    let id = |test: &TestIx| view.test(*test).map(|test| test.case.id.to_string());
    match event {
        TestEvent::Discovered { cases, .. } => {
            (format!("{} tests became known", cases.len()), Fields::new())
        }
        TestEvent::Started { test, attempt } => (
            "an attempt of the test started".to_owned(),
            fields! { "test": id(test), "attempt": attempt.0 },
        ),
        TestEvent::Slow { test, attempt, so_far } => (
            "the test takes long".to_owned(),
            fields! {
                "test": id(test), "attempt": attempt.0, "duration_seconds": so_far.as_secs_f64(),
            },
        ),
        TestEvent::Finished { test, attempt, outcome, duration, .. } => (
            format!("an attempt of the test ended: {}", outcome.as_str()),
            fields! {
                "test": id(test), "attempt": attempt.0, "outcome": outcome.as_str(),
                "duration_seconds": duration.map(|duration| duration.as_secs_f64()),
            },
        ),
        TestEvent::Settled { test, outcome } => {
            let known = view.test(*test);
            let failure = known.filter(|_| outcome.is_bad()).and_then(|test| test.failure.as_ref());
            let duration = known.and_then(|test| test.duration);
            (
                format!("the test {}", outcome.as_str()),
                fields! {
                    "test": id(test), "outcome": outcome.as_str(),
                    "duration_seconds": duration.map(|duration| duration.as_secs_f64()),
                    "reason": failure.map(|failure| cut(&failure.message)),
                },
            )
        }
    }
}

fn service_words(event: &ServiceEvent) -> (String, Fields) {
    match event {
        ServiceEvent::Starting => ("the service was asked to start".to_owned(), Fields::new()),
        ServiceEvent::Preparing { what } => (cut(what), Fields::new()),
        ServiceEvent::Lost { reason } => {
            ("the service was lost".to_owned(), fields! { "reason": cut(reason) })
        }
        ServiceEvent::Ready { addresses } => {
            let places = addresses.iter().map(|(label, place)| format!("{label} {place}"));
            ("the service answers".to_owned(), fields! { "addresses": places.collect::<Vec<_>>() })
        }
        ServiceEvent::Failed { reason } => {
            ("the service failed".to_owned(), fields! { "reason": cut(reason) })
        }
        ServiceEvent::Stopped => ("the service ended".to_owned(), Fields::new()),
    }
}

fn agent_words(event: &AgentEvent) -> (String, Fields) {
    match event {
        AgentEvent::Started { agent } => ("the agent works".to_owned(), fields! { "agent": agent }),
        AgentEvent::Stopped { agent } => ("the agent ended".to_owned(), fields! { "agent": agent }),
        AgentEvent::Stale { agent, silent } => (
            "the agent gives no sign of life".to_owned(),
            fields! { "agent": agent, "silent_seconds": silent.as_secs_f64() },
        ),
        AgentEvent::Recovered { agent } => {
            ("the agent works on".to_owned(), fields! { "agent": agent })
        }
        AgentEvent::Restarted { agent, reason } => (
            "another agent took its place".to_owned(),
            fields! { "agent": agent, "reason": cut(reason) },
        ),
        AgentEvent::Failed { agent, reason } => {
            ("the agent failed".to_owned(), fields! { "agent": agent, "reason": cut(reason) })
        }
    }
}

/// Machine and Apex; jobs and services have their numbers in the journal.
fn resource_words(sample: &ResourceSample) -> (String, Fields) {
    let fields = fields! {
        "host_cpu": sample.host.cpu,
        "host_memory_available_mb": sample.host.memory_available_mb,
        "cpu_pressure": sample.host.pressure.cpu,
        "memory_pressure": sample.host.pressure.memory,
        "io_pressure": sample.host.pressure.io,
        "apex_cpus": sample.apex.cpus,
        "apex_memory_mb": sample.apex.memory_mb,
        "jobs": sample.jobs.len(),
    };
    ("what is used was looked at".to_owned(), fields)
}

fn layer_fields(layer: LayerIx, view: &RunView) -> Fields {
    let planned = view.plan().layers.get(layer.position());
    fields! { "layer": planned.map(|layer| layer.id.to_string()) }
}

fn category_fields(category: CategoryIx, view: &RunView) -> Fields {
    match view.plan().categories.get(category.position()) {
        Some(planned) => {
            layer_fields(planned.layer, view).and(fields! { "category": planned.name.as_str() })
        }
        None => Fields::new(),
    }
}

fn job_fields(job: JobIx, view: &RunView) -> Fields {
    let category = view.category_of(job).map(|one| category_fields(one, view));
    category.unwrap_or_else(Fields::new).and(fields! { "job": job.0 })
}

fn service_fields(service: ServiceIx, view: &RunView) -> Fields {
    let planned = view.plan().services.get(service.position());
    fields! { "service": planned.map(|service| service.name.to_string()) }
}

fn reason_of(reason: &str) -> Option<String> {
    (!reason.is_empty()).then(|| cut(reason))
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}
