//! The ring: carries out the commands of the scheduler and reports what happened.
//!
//! One task owns the scheduler; nothing else touches it. It waits for a signal, a report or a
//! deadline, hands it over as an input, and drains what the scheduler answers: commands go to the
//! executor and the service agent, events get their stamp and go to the feeds.

mod control;
mod interrupt;
mod lots;
mod obeying;
mod rules;
mod stamp;
mod variables;
mod watchdog;

pub use control::{Control, Controls};
pub use interrupt::Interrupts;
pub use rules::CategoryRules;
pub use watchdog::{OnStall, WatchdogSettings};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use apex_config::model::Service;
use apex_core::event::{AgentEvent, JobEvent, RunEvent, RunResult, Setting};
use apex_core::report::JobReport;
use apex_core::resource::ResourceSample;
use apex_core::schedule::{Input, Scheduler};
use apex_core::{AttemptNumber, Envelope, Event, JobIx, Moment, Plan, RunId, ServiceIx, Trace};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::executor::{Allowance, Executor, Reported};
use crate::process::pause;
use crate::progress::Feed;
use crate::resources::LoadMeter;
use crate::secrets::Secrets;
use crate::services::{ServiceAgent, ServiceReport};
use crate::staff::{AgentMessage, Staff};

use interrupt::Asked;
use lots::Lots;
use obeying::Exports;
use stamp::Stamp;
use watchdog::{BEAT, Watchdog};

/// Reports that are handled before their events are handed on: enough to share the cost of a
/// hand-over, few enough that a display stays live.
const REPORTS_AT_ONCE: usize = 64;

/// Time between two looks at the machine.
const SAMPLE_RHYTHM: Duration = Duration::from_millis(250);

/// Time between two looks at the pulse of agents.
const PULSE_RHYTHM: Duration = Duration::from_millis(500);

/// The name of the ring where it is told of as an agent.
const RING: &str = "orchestrator";

/// How long services may take to go away when the run is over.
const CLEARING: Duration = Duration::from_secs(15);

/// What displays get to say that the run pauses, before they are stopped with everything else.
const SAYING: Duration = Duration::from_millis(50);

/// Names the file for what an attempt of a job writes.
pub type LogName = Arc<dyn Fn(&Plan, JobIx, AttemptNumber) -> PathBuf + Send + Sync>;

/// Everything that one run needs.
pub struct Parts {
    /// What is going to happen.
    pub plan: Arc<Plan>,
    /// The run.
    pub run: RunId,
    /// The trace that jobs and services are told their place in.
    pub trace: Option<Trace>,
    /// What is tested, and on how large a machine.
    pub setting: Setting,
    /// The instant that counts as the beginning of the run.
    pub began: Instant,
    /// Where jobs run.
    pub executor: Box<dyn Executor>,
    /// Brings services up.
    pub services: ServiceAgent,
    /// Where the service agent reports.
    pub service_reports: mpsc::Receiver<(ServiceIx, ServiceReport)>,
    /// The services of the plan, by their index there.
    pub service_definitions: Vec<Service>,
    /// What the jobs of each layer of the plan may use together, by its index there.
    pub allowances: Vec<Arc<Allowance>>,
    /// What holds for the jobs of each category of the plan, by its index there.
    pub rules: Vec<CategoryRules>,
    /// Names the file for what an attempt writes.
    pub log_name: LogName,
    /// Who looks at the run.
    pub feeds: Vec<Feed>,
    /// Further agents.
    pub staff: Staff,
    /// How long an agent may be busy with one thing before it counts as stale.
    pub agent_patience: Duration,
    /// Who looks whether the ring turns.
    pub watchdog: WatchdogSettings,
    /// What is used, from time to time; none when nobody looks.
    pub samples: Option<mpsc::Receiver<ResourceSample>>,
    /// What may stop the run from outside.
    pub interrupts: Interrupts,
    /// What those who look may wish.
    pub controls: Controls,
    /// What events do not carry.
    pub secrets: Secrets,
}

/// What is left when a run is over.
pub struct Finished {
    /// What it amounts to.
    pub result: RunResult,
    /// Who looked at it; they hold text that is not written yet.
    pub feeds: Vec<Feed>,
    /// Further agents, to be shut down.
    pub staff: Staff,
    /// What could not be taken away, for people.
    pub warnings: Vec<String>,
}

/// Runs a plan to its end.
///
/// # Panics
/// Outside a tokio runtime with I/O and time.
pub async fn run(parts: Parts) -> Finished {
    let Parts { plan, run, began, executor, services, service_reports, .. } = parts;
    let unix_millis = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    let mut ring = Ring {
        scheduler: Scheduler::new(Arc::clone(&plan), run.clone(), unix_millis)
            .with_setting(parts.setting),
        base: Arc::new(variables::of_run(&plan, &run)),
        run,
        trace: parts.trace,
        began,
        executor,
        services,
        definitions: parts.service_definitions,
        exports: BTreeMap::new(),
        allowances: parts.allowances,
        rules: parts.rules,
        log_name: parts.log_name,
        feeds: parts.feeds,
        staff: parts.staff,
        agent_patience: parts.agent_patience,
        watchdog: Watchdog::start(parts.watchdog),
        stamp: Stamp::default(),
        outbox: Vec::new(),
        result: RunResult::default(),
        load: LoadMeter::default(),
        shown_plan: parts.secrets.plan(&plan).map_or_else(|| Arc::clone(&plan), Arc::new),
        secrets: parts.secrets,
        lots: Lots::of(&plan),
        held: Vec::new(),
        has_signal: false,
        plan,
    };
    let heard = Heard {
        services: service_reports,
        interrupts: parts.interrupts,
        controls: parts.controls,
        samples: parts.samples,
    };
    let (reports, interrupts) = ring.turn(heard).await;
    ring.watchdog.end();
    let mut warnings = ring.wait_for_released(reports, interrupts).await;
    warnings.extend(ring.services.shutdown(tokio::time::Instant::now() + CLEARING).await);
    Finished { result: ring.result, feeds: ring.feeds, staff: ring.staff, warnings }
}

struct Ring {
    plan: Arc<Plan>,
    run: RunId,
    trace: Option<Trace>,
    began: Instant,
    scheduler: Scheduler,
    executor: Box<dyn Executor>,
    services: ServiceAgent,
    definitions: Vec<Service>,
    /// What ready services export.
    exports: BTreeMap<ServiceIx, Exports>,
    /// Variables of the run.
    base: Arc<BTreeMap<String, String>>,
    allowances: Vec<Arc<Allowance>>,
    rules: Vec<CategoryRules>,
    log_name: LogName,
    feeds: Vec<Feed>,
    staff: Staff,
    agent_patience: Duration,
    watchdog: Watchdog,
    stamp: Stamp,
    /// Stamped events that have not been handed on.
    outbox: Vec<Envelope>,
    result: RunResult,
    load: LoadMeter,
    secrets: Secrets,
    /// The plan as events carry it.
    shown_plan: Arc<Plan>,
    /// Which jobs may share programs.
    lots: Lots,
    /// Services that may end when no program is left that waited for more tests.
    held: Vec<ServiceIx>,
    /// Whether a signal has come.
    has_signal: bool,
}

/// Who is heard beside the executor and the agents.
struct Heard {
    services: mpsc::Receiver<(ServiceIx, ServiceReport)>,
    interrupts: Interrupts,
    controls: Controls,
    samples: Option<mpsc::Receiver<ResourceSample>>,
}

/// What the ring waited for.
enum Woken {
    Asked(Asked),
    Control(Control),
    Jobs(Vec<Reported>),
    Service(ServiceIx, ServiceReport),
    Agent(AgentMessage),
    /// What is used was looked at.
    Used(Box<ResourceSample>),
    /// It is time to look at the machine.
    Sample,
    /// It is time to feel the pulse of agents.
    Pulse,
    /// Nothing happened for a while; the watchdog sees that the ring turns.
    Beat,
    Deadline,
}

impl Ring {
    async fn turn(&mut self, heard: Heard) -> (Option<mpsc::Receiver<Vec<Reported>>>, Interrupts) {
        let Heard { services: mut service_reports, mut interrupts, mut controls, mut samples } =
            heard;
        let mut job_reports = self.executor.reports();
        let mut rhythm = self.rhythm();
        let mut beat = Some(every(BEAT));
        let mut pulse = (!self.staff.is_empty()).then(|| every(PULSE_RHYTHM));
        self.begin();
        while !self.scheduler.is_finished() {
            let deadline = self.scheduler.next_deadline();
            let woken = tokio::select! {
                biased;
                asked = interrupts.next() => Woken::Asked(asked),
                control = controls.next() => Woken::Control(control),
                Some(reported) = receive(&mut job_reports) => Woken::Jobs(reported),
                Some((service, report)) = service_reports.recv() => Woken::Service(service, report),
                () = sleep_until(self.began, deadline) => Woken::Deadline,
                () = next_sample(&mut rhythm) => Woken::Sample,
                () = next_sample(&mut pulse) => Woken::Pulse,
                () = next_sample(&mut beat) => Woken::Beat,
                Some(sample) = receive(&mut samples) => Woken::Used(Box::new(sample)),
                // Last: an agent that never stops talking must not keep a deadline waiting.
                message = self.staff.next() => Woken::Agent(message),
            };
            self.beat();
            if let Woken::Asked(Asked::Pause) = woken {
                self.pause().await;
                continue;
            }
            self.handle(woken);
            // What has arrived meanwhile is handled before anything is handed on.
            for _ in 0..REPORTS_AT_ONCE {
                let Some(Ok(more)) = job_reports.as_mut().map(mpsc::Receiver::try_recv) else {
                    break;
                };
                self.handle(Woken::Jobs(more));
            }
            self.stop_held();
            self.hand_on();
        }
        (job_reports, interrupts)
    }

    /// Waits until the programs have ended that waited for more tests when the last event was out;
    /// what is to be said of them.
    async fn wait_for_released(
        &mut self,
        mut reports: Option<mpsc::Receiver<Vec<Reported>>>,
        mut interrupts: Interrupts,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        while self.executor.is_releasing() {
            tokio::select! {
                biased;
                _ = interrupts.next() => self.executor.hurry(),
                Some(reported) = receive(&mut reports) => notes.extend(reported.into_iter().filter_map(note)),
            }
        }
        notes
    }

    fn begin(&mut self) {
        self.input(Input::Begin);
        for warning in self.secrets.warnings().to_vec() {
            self.emit(Event::Warning(warning));
        }
        for agent in self.staff.names() {
            self.emit(Event::Agent(AgentEvent::Started { agent }));
        }
        self.hand_on();
    }

    fn handle(&mut self, woken: Woken) {
        match woken {
            // Taken care of where it can be waited for.
            Woken::Asked(Asked::Pause) => {}
            Woken::Asked(Asked::Stop(signal)) => {
                if std::mem::replace(&mut self.has_signal, true) {
                    self.executor.hurry();
                }
                self.input(Input::Interrupt { signal });
            }
            Woken::Control(control) => self.input(control.input()),
            Woken::Deadline => self.input(Input::Tick),
            Woken::Sample => self.look_at_machine(),
            Woken::Pulse => {
                for event in self.staff.feel(self.agent_patience) {
                    self.emit(Event::Agent(event));
                }
            }
            Woken::Beat => {}
            Woken::Agent(message) => self.emit(message.into_event()),
            Woken::Used(sample) => self.emit(Event::Resources(sample)),
            Woken::Service(service, report) => {
                let report = self.note_exports(service, report);
                self.input(Input::Service { service, report });
            }
            Woken::Jobs(reported) => {
                for (job, attempt, report) in reported {
                    self.input(Input::Job { job, attempt, report });
                }
            }
        }
    }

    /// Shows the watchdog that the ring turns, and tells for how long it did not.
    fn beat(&mut self) {
        let Some(silent) = self.watchdog.beat() else { return };
        let agent: Arc<str> = RING.into();
        self.emit(Event::Agent(AgentEvent::Stale { agent: Arc::clone(&agent), silent }));
        self.emit(Event::Agent(AgentEvent::Recovered { agent }));
    }

    /// Stops everything, itself included, until somebody lets it go on.
    async fn pause(&mut self) {
        self.input(Input::Paused);
        self.hand_on();
        tokio::time::sleep(SAYING).await;
        pause::until_continued();
        self.input(Input::Resumed);
        self.load.forget();
        self.hand_on();
    }

    /// When to look at the machine: only when the number of slots may follow it.
    fn rhythm(&self) -> Option<Interval> {
        let is_adaptive = self.plan.slots < self.plan.slots_up_to;
        is_adaptive.then(|| every(SAMPLE_RHYTHM))
    }

    /// Tells the scheduler what the machine did, while work waits for a slot.
    fn look_at_machine(&mut self) {
        if !self.scheduler.wants_load() {
            self.load.forget();
        } else if let Some(load) = self.load.look() {
            self.input(Input::Load(load));
        }
    }

    fn now(&self) -> Moment {
        Moment::after_start(self.began.elapsed())
    }

    /// Hands an input to the scheduler and does what it answers.
    fn input(&mut self, input: Input) {
        self.scheduler.handle(self.now(), input);
        while let Some(event) = self.scheduler.next_event() {
            self.emit(event);
        }
        while let Some(command) = self.scheduler.next_command() {
            self.obey(command);
        }
    }

    fn emit(&mut self, event: Event) {
        if let Event::Run(RunEvent::Finished(result)) = &event {
            self.result = result.clone();
        }
        let event = self.secrets.mask().event(event, &self.shown_plan);
        if let Event::Job(job, JobEvent::Finished { .. }) = &event
            && let Some(lot) = self.lots.finish(*job)
        {
            self.executor.release(&lot);
        }
        let envelope = self.stamp.stamp(self.now(), event);
        self.outbox.push(envelope);
    }

    /// Hands the stamped events to everybody who looks.
    fn hand_on(&mut self) {
        if self.outbox.is_empty() {
            return;
        }
        // Drained and not given away, so that the outbox keeps its room.
        let batch: Arc<[Envelope]> = self.outbox.drain(..).collect();
        for feed in &self.feeds {
            feed.send(&batch);
        }
        self.staff.send(&batch);
    }
}

/// What a report tells people beside results.
fn note((_, _, report): Reported) -> Option<String> {
    match report {
        JobReport::Note(note) => Some(note),
        _ => None,
    }
}

/// Ticks of this distance; one that was late does not bring others with it.
fn every(distance: Duration) -> Interval {
    let mut rhythm = interval(distance);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    rhythm
}

/// Waits until it is time to look again; for ever, when nobody needs to.
async fn next_sample(rhythm: &mut Option<Interval>) {
    match rhythm {
        Some(rhythm) => {
            rhythm.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Waits for a moment of the run that began then; for ever, when there is none.
async fn sleep_until(began: Instant, deadline: Option<Moment>) {
    match deadline {
        Some(moment) => {
            tokio::time::sleep_until((began + moment.since_start()).into()).await;
        }
        None => std::future::pending().await,
    }
}

/// What comes next, such as the reports of an executor; never, when nobody gives any.
async fn receive<T>(from: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match from {
        Some(from) => from.recv().await,
        None => std::future::pending().await,
    }
}
