//! Plans and schedules N jobs without starting a process: `schedule_jobs N [SLOTS]`.
//!
//! An executor that needs no time answers every start with one passed test and exit code 0. All
//! events are folded into a view, as every display does. The program fails unless every job
//! finished.

use std::collections::VecDeque;
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use apex_benches::plan_of_commands;
use apex_core::event::ProcessEnd;
use apex_core::report::{JobEnd, JobReport};
use apex_core::schedule::{Command, Input, Scheduler};
use apex_core::test_case::{TestCase, TestReport};
use apex_core::{AttemptNumber, Envelope, JobIx, Moment, Outcome, Plan, RunId, RunView};

/// The time between two things that happen.
const STEP: Duration = Duration::from_micros(10);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().ok_or("usage: schedule_jobs N [SLOTS]")?.parse()?;
    let slots: u32 = arguments.next().as_deref().unwrap_or("2").parse()?;
    let plan = Arc::new(plan_of_commands(count, slots)?);
    let mut world = World::new(Arc::clone(&plan));
    world.run();
    let passed = world.view.tests().iter();
    let passed = passed.filter(|test| test.outcome() == Some(Outcome::Passed)).count();
    if passed != count as usize {
        return Err(format!("{passed} of {count} jobs passed").into());
    }
    writeln!(std::io::stdout(), "{count} jobs, {} events", world.events)?;
    Ok(())
}

/// A scheduler, an executor that needs no time, and one who looks.
struct World {
    plan: Arc<Plan>,
    scheduler: Scheduler,
    view: RunView,
    now: Moment,
    events: u64,
    inputs: VecDeque<Input>,
}

impl World {
    fn new(plan: Arc<Plan>) -> Self {
        Self {
            scheduler: Scheduler::new(Arc::clone(&plan), RunId::new("measurement"), 0),
            plan,
            view: RunView::new(),
            now: Moment::START,
            events: 0,
            inputs: VecDeque::from([Input::Begin]),
        }
    }

    fn run(&mut self) {
        while !self.scheduler.is_finished() {
            let input = self.inputs.pop_front().unwrap_or_else(|| {
                self.now = self.scheduler.next_deadline().unwrap_or(self.now).max(self.now);
                Input::Tick
            });
            self.now = self.now.plus(STEP);
            self.scheduler.handle(self.now, input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(event) = self.scheduler.next_event() {
            self.view.apply(&Envelope { seq: self.events, at: self.now, event });
            self.events += 1;
        }
        while let Some(command) = self.scheduler.next_command() {
            if let Command::StartJob { job, attempt, .. } = command {
                self.answer(job, attempt);
            }
        }
    }

    /// What an executor reports about a program that passes.
    fn answer(&mut self, job: JobIx, attempt: AttemptNumber) {
        let name: Arc<str> = self.plan.category(self.plan.job(job).category).name.as_str().into();
        let reports = [
            JobReport::Discovered(vec![TestCase {
                id: Arc::clone(&name),
                suite: Arc::clone(&name),
                name,
                file: None,
                line: None,
                critical: false,
            }]),
            JobReport::TestStarted { test: 0 },
            JobReport::TestFinished {
                test: 0,
                report: TestReport {
                    outcome: Outcome::Passed,
                    duration: Some(STEP),
                    failure: None,
                },
            },
            JobReport::Ended(JobEnd {
                end: ProcessEnd::Exited(0),
                problem: None,
                nothing_to_run: false,
                duration: STEP,
                peak_memory_mb: None,
                cpu_time: None,
                out_of_memory: None,
            }),
        ];
        self.inputs.extend(reports.map(|report| Input::Job { job, attempt, report }));
    }
}
