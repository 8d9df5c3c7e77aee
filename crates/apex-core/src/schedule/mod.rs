//! The scheduler: decides what starts, what is ended, and what happened.
//!
//! It is a value without I/O. Feed it with [`Scheduler::handle`], then drain
//! [`Scheduler::next_command`] and [`Scheduler::next_event`], then come back at
//! [`Scheduler::next_deadline`] or with the next input. It does not know clocks, processes or
//! executors; the same inputs at the same moments give the same answers.
//!
//! Laws, each checked by simulation with an oracle of its own: dependencies, caps, conflicts and
//! barriers hold; nothing starts after a stop; an attempt is asked to end at most once and before
//! it is killed; time limits are kept within grace; every job finishes exactly once; every
//! discovered test settles exactly once; every service that was started is stopped.

mod admission;
mod books;
mod checking;
mod closing;
mod deadline;
mod early;
mod fail_fast;
mod fitting;
mod holds;
mod lanes;
mod message;
mod pause;
mod provision;
mod results;
mod retrying;
mod room;
mod slots;
mod slow;
mod starting;
mod state;
mod stop;
mod watch;

pub use message::{Command, Input};
pub use slots::{Load as MachineLoad, Slots};
pub use starting::PASSES_PER_SLOT;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::Load;

use crate::event::{Event, RunEvent, RunResult, RunStarted, Setting, StopCause};
use crate::id::{CategoryIx, JobIx, LayerIx, RunId};
use crate::plan::Plan;
use crate::report::JobReport;
use crate::time::Moment;

use deadline::{Deadline, Deadlines};
use holds::Holds;
use lanes::Lanes;
use pause::Clock;
use state::{CategoryBook, JobBook, JobState, LayerBook, RunState, ServiceBook, TestBook};

/// How long after a kill an attempt or a service may stay unreported before it is written off:
/// the time of a process that hangs in the kernel, beyond which waiting helps nobody.
pub const LOST_AFTER: Duration = Duration::from_secs(30);

/// How long a service may take to end before it is killed.
pub const SERVICE_GRACE: Duration = Duration::from_secs(10);

/// Decides what happens in one run. See the module.
#[derive(Debug)]
pub struct Scheduler {
    plan: Arc<Plan>,
    run: RunId,
    /// Wall-clock time of the beginning, for the first event only.
    unix_millis: u64,
    setting: Setting,
    /// The present, in time that counts.
    now: Moment,
    clock: Clock,
    state: RunState,
    layers: Vec<LayerBook>,
    categories: Vec<CategoryBook>,
    jobs: Vec<JobBook>,
    tests: Vec<TestBook>,
    services: Vec<ServiceBook>,
    deadlines: Deadlines,
    commands: VecDeque<Command>,
    events: VecDeque<Event>,
    /// Running layers in the order in which they are served.
    serving: Vec<LayerIx>,
    /// Running jobs.
    running: u32,
    /// Jobs that may run at the same time.
    slots: Slots,
    /// Whether a job that needs the machine to itself runs.
    exclusive: bool,
    /// What the running jobs need of memory together, in mebibytes.
    memory_mb: u64,
    /// What jobs hold alone.
    holds: Holds,
    /// Jobs that wait for their first attempt.
    lanes: Lanes,
    /// Whether something changed since no job could start.
    look_again: bool,
    /// Jobs that were passed over too often, those that wait longest first; at most one for each
    /// lane and each retry.
    awaited: Vec<JobIx>,
    /// Layers that have not finished.
    unfinished_layers: usize,
    /// When the latest layer finished.
    last_layer_end: Option<Moment>,
    /// Where round-robin admission goes on.
    turn: usize,
    /// Whether services of a layer that waits may start now that could not before.
    look_for_early: bool,
    /// Tests that were really run, and whether a named category has none.
    executed: u64,
    named_empty: bool,
    /// Categories that finished and whose consequences have not been drawn.
    ended_categories: VecDeque<CategoryIx>,
    /// Layers that may have a group to open or may have ended.
    layers_to_review: VecDeque<LayerIx>,
    result: RunResult,
}

impl Scheduler {
    /// A scheduler for a plan. `unix_millis` is the wall-clock time of [`Moment::START`].
    #[must_use]
    pub fn new(plan: Arc<Plan>, run: RunId, unix_millis: u64) -> Self {
        let layers: Vec<LayerBook> =
            plan.layers.iter().map(|layer| books::of_layer(&plan, layer)).collect();
        let categories = books::of_categories(&plan, &layers);
        let holds = Holds::new(&plan);
        let lanes = Lanes::new(&plan, &holds);
        let services = books::of_services(&plan);
        Self {
            run,
            unix_millis,
            setting: Setting::default(),
            now: Moment::START,
            clock: Clock::default(),
            state: RunState::NotBegun,
            layers,
            categories,
            jobs: books::of_jobs(&plan),
            // Most jobs have a test. A list that grows leaves its former places behind as holes.
            tests: Vec::with_capacity(plan.jobs.len()),
            services,
            deadlines: Deadlines::default(),
            commands: VecDeque::new(),
            events: VecDeque::new(),
            serving: Vec::new(),
            running: 0,
            slots: Slots::new(plan.slots, plan.slots_up_to),
            exclusive: false,
            memory_mb: 0,
            holds,
            lanes,
            look_again: false,
            awaited: Vec::new(),
            unfinished_layers: plan.layers.len(),
            last_layer_end: None,
            turn: 0,
            look_for_early: false,
            executed: 0,
            named_empty: false,
            ended_categories: VecDeque::new(),
            layers_to_review: VecDeque::new(),
            result: RunResult::default(),
            plan,
        }
    }

    /// Says in its first event what is tested, and on how large a machine.
    #[must_use]
    pub fn with_setting(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// Takes one input at a moment. Moments must not go backwards; one that does counts as the
    /// latest moment seen.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.now = self.count(now);
        if self.state == RunState::Finished {
            return;
        }
        match input {
            Input::Begin => self.begin(),
            Input::Tick => {}
            Input::Job { job, attempt, report } => self.job_reported(job, attempt, report),
            Input::Service { service, report } => self.service_reported(service, report),
            Input::Load(load) => self.load_sampled(load),
            Input::Paused => self.paused(now),
            Input::Resumed => self.resumed(now),
            Input::Interrupt { signal } => self.interrupted(signal),
            Input::SkipLayer(layer) => self.layer_skipped(layer),
        }
        self.meet_deadlines();
        if !self.clock.is_paused() {
            self.admit();
        }
        self.finish_if_done();
    }

    /// What to do next, in order; drained after every input.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// What happened, in order; drained after every input.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to come back with [`Input::Tick`] at the latest; never while the run is paused.
    pub fn next_deadline(&mut self) -> Option<Moment> {
        let mut deadlines = std::mem::take(&mut self.deadlines);
        let next = deadlines.next(|deadline| self.matters(deadline));
        self.deadlines = deadlines;
        self.clock.outside(next?)
    }

    /// Whether the last event is out. Nothing runs then, and inputs have no effect.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == RunState::Finished
    }

    /// The plan it works by.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn begin(&mut self) {
        if self.state != RunState::NotBegun {
            return;
        }
        self.state = RunState::Running;
        let setting = std::mem::take(&mut self.setting);
        self.emit(Event::Run(RunEvent::Started(Box::new(RunStarted {
            run: self.run.clone(),
            unix_millis: self.unix_millis,
            setting,
            plan: Arc::clone(&self.plan),
        }))));
        self.drop_unneeded_services();
        if let Some(budget) = self.plan.budget {
            self.deadlines.add(self.now.plus(budget), Deadline::RunBudget);
        }
    }

    fn job_reported(&mut self, job: JobIx, attempt: crate::id::AttemptNumber, report: JobReport) {
        if let (JobReport::Note(note), Some(planned)) =
            (&report, self.plan.jobs.get(job.position()))
        {
            // Also of what outlived the job.
            let name = &self.plan.category(planned.category).name;
            self.emit(Event::Warning(format!("{name}: {note}")));
            return;
        }
        let current = matches!(
            self.jobs.get(job.position()).map(|book| &book.state),
            Some(JobState::Running(running)) if running.number == attempt
        );
        if !current {
            return;
        }
        match report {
            JobReport::Discovered(cases) => self.tests_discovered(job, cases),
            JobReport::TestStarted { test } => self.test_started(job, test),
            JobReport::TestFinished { test, report } => self.test_finished(job, test, report),
            JobReport::StopReached => self.stop_reached(job),
            JobReport::Quiet(lasting) => self.job_is_quiet(job, lasting),
            JobReport::Output(output) => self.emit(Event::Output(job, output)),
            JobReport::Note(_) => {}
            JobReport::Ended(end) => self.attempt_ended(job, end),
        }
    }

    /// Jobs that may run at the same time.
    const fn slots(&self) -> u32 {
        self.slots.count()
    }

    /// Whether more work could run beside what runs if there were a slot more, and there may be:
    /// only then samples of the machine ([`Input::Load`]) change anything. Costs a look at every
    /// lane of the running layers.
    #[must_use]
    pub fn wants_load(&self) -> bool {
        self.slots.is_adaptive() && self.state == RunState::Running && self.lacks_slot()
    }

    fn load_sampled(&mut self, load: MachineLoad) {
        if self.wants_load() && self.slots.take(load) {
            self.look_again = true;
            self.emit(Event::Run(RunEvent::SlotsChanged { slots: self.slots() }));
        }
    }

    fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }

    fn is_stopping(&self) -> Option<StopCause> {
        match self.state {
            RunState::Stopping(cause) => Some(cause),
            _ => None,
        }
    }

    /// The one place that changes the state of a job; keeps every count that follows from it.
    fn move_job(&mut self, job: JobIx, to: JobState) -> JobState {
        let plan = Arc::clone(&self.plan);
        let category = plan.job(job).category;
        let planned = plan.category(category);
        let was_running = matches!(self.jobs[job.position()].state, JobState::Running(_));
        let is_running = matches!(to, JobState::Running(_));
        let is_finished = matches!(to, JobState::Finished);
        let before = self.holder(job);
        let from = std::mem::replace(&mut self.jobs[job.position()].state, to);
        self.look_again = true;
        if is_running != was_running {
            self.count_running(category, is_running);
            self.count_memory(job, is_running);
            let holder = if is_running { self.holder(job) } else { before };
            self.holds.set(holder, is_running);
        }
        if planned.exclusive && was_running != is_running {
            self.exclusive = is_running;
        }
        if is_finished {
            self.look_for_early = true;
            self.categories[category.position()].unfinished -= 1;
        }
        from
    }

    /// Counts what a job needs of memory as used or as free again.
    fn count_memory(&mut self, job: JobIx, more: bool) {
        let need = u64::from(room::memory_of(&self.plan, job));
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let of_layer = &mut self.layers[layer.position()].memory_mb;
        for sum in [&mut self.memory_mb, of_layer] {
            *sum = if more { *sum + need } else { *sum - need };
        }
    }

    /// Counts one more or one less running job of a category.
    fn count_running(&mut self, category: CategoryIx, more: bool) {
        let plan = Arc::clone(&self.plan);
        let planned = plan.category(category);
        let change = |count: &mut u32| *count = if more { *count + 1 } else { *count - 1 };
        change(&mut self.running);
        let book = &mut self.categories[category.position()];
        let was_active = book.running > 0;
        change(&mut book.running);
        let is_active = book.running > 0;
        let layer = &mut self.layers[planned.layer.position()];
        change(&mut layer.running);
        if was_active != is_active {
            change(&mut layer.active);
            if !planned.parallel_safe {
                change(&mut layer.active_alone);
            }
            for mark in load_marks(&planned.load) {
                change(&mut layer.active_load[mark]);
            }
        }
    }
}

/// Positions in [`LayerBook::active_load`] of the marks that keep categories apart.
fn load_marks(load: &[Load]) -> impl Iterator<Item = usize> + '_ {
    load.iter().filter_map(|mark| match mark {
        Load::Memory => Some(0),
        Load::Cpu => Some(1),
        Load::Database => Some(2),
        Load::Network => None,
    })
}
