//! `apex replay`: a recorded run as it happened, through the displays of a run that goes on.

use std::thread;
use std::time::{Duration, Instant};

use apex_core::{Envelope, Moment, RunView, Sink};
use apex_monitor::run_dir::{JournalReader, RunDirectory};

use crate::args::{GlobalArgs, ProgressMode, ReplayArgs, Speed, StreamArgs};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::{out, recorded};

/// Time between two looks at the clock, as of a run that goes on.
const TICK: Duration = Duration::from_millis(100);

/// Envelopes that displays get at once at most.
const BATCH: usize = 4_096;

pub(super) fn replay(global: &GlobalArgs, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let directory = recorded::directory(global, &args.run)?;
    show(global, &directory, args.progress_mode, args.speed, &args.stream)
}

/// Shows the run of a directory.
pub(super) fn show(
    global: &GlobalArgs,
    directory: &RunDirectory,
    progress: ProgressMode,
    speed: Speed,
    stream: &StreamArgs,
) -> Result<ExitCode, Failure> {
    let shown = recorded::shown(directory.path());
    let rule = recorded::exit_rule();
    let sinks = assemble::displays(global, progress, stream, shown.clone(), &rule)?;
    let journal = JournalReader::open(&directory.events());
    let journal = journal.map_err(|error| recorded::unreadable(&shown, &error))?;
    let mut stage =
        Stage { view: RunView::new(), sinks, clock: Clock { begun: Instant::now(), speed } };
    let mut batch = Vec::new();
    for envelope in journal {
        let envelope = envelope.map_err(|error| recorded::unreadable(&shown, &error))?;
        if batch.len() >= BATCH || stage.clock.wait(envelope.at) > Duration::ZERO {
            stage.tell(&mut batch);
            stage.wait_until(envelope.at);
        }
        batch.push(envelope);
    }
    stage.tell(&mut batch);
    if stage.view.result().is_none() {
        out::people("the record ends here: the run goes on, or Apex was ended before it\n");
    }
    stage.close();
    Ok(ExitCode::Passed)
}

/// Shows the run of a directory as it goes on, until it has ended, or is over without an end.
pub(super) fn follow(
    global: &GlobalArgs,
    directory: &RunDirectory,
    progress: ProgressMode,
    stream: &StreamArgs,
    is_over: impl Fn() -> bool,
) -> Result<(), Failure> {
    let shown = recorded::shown(directory.path());
    let rule = recorded::exit_rule();
    let sinks = assemble::displays(global, progress, stream, shown.clone(), &rule)?;
    let mut journal = JournalReader::open(&directory.events())
        .map_err(|error| recorded::unreadable(&shown, &error))?;
    let clock = Clock { begun: Instant::now(), speed: Speed::Times(1.0) };
    let mut stage = Stage { view: RunView::new(), sinks, clock };
    let mut batch = Vec::new();
    loop {
        // Asked before the look: what was written before the end is then read after it.
        let is_last = is_over();
        // A journal that goes on has more when it is asked again.
        for envelope in journal.by_ref() {
            batch.push(envelope.map_err(|error| recorded::unreadable(&shown, &error))?);
            if batch.len() >= BATCH {
                stage.tell(&mut batch);
            }
        }
        stage.tell(&mut batch);
        if stage.view.result().is_some() || is_last {
            break;
        }
        thread::sleep(TICK);
        let now = stage.view.last().plus(TICK);
        stage.each(|sink, view| sink.tick(now, view));
    }
    stage.close();
    Ok(())
}

/// The displays and what they were shown.
struct Stage {
    view: RunView,
    sinks: Vec<Box<dyn Sink>>,
    clock: Clock,
}

impl Stage {
    fn tell(&mut self, batch: &mut Vec<Envelope>) {
        if batch.is_empty() {
            return;
        }
        batch.iter().for_each(|envelope| self.view.apply(envelope));
        self.each(|sink, view| sink.accept(batch, view));
        batch.clear();
    }

    /// Lets time pass up to a moment of the run.
    fn wait_until(&mut self, at: Moment) {
        loop {
            let left = self.clock.wait(at);
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(TICK));
            let now = self.clock.now().min(at);
            self.each(|sink, view| sink.tick(now, view));
        }
    }

    fn close(&mut self) {
        self.each(|sink, view| sink.close(view));
    }

    /// A display that fails is told and not called again.
    fn each(&mut self, mut call: impl FnMut(&mut dyn Sink, &RunView) -> Result<(), String>) {
        let view = &self.view;
        self.sinks.retain_mut(|sink| match call(&mut **sink, view) {
            Ok(()) => true,
            Err(error) => {
                out::people(&format!("warning: {}: {error}\n", sink.name()));
                false
            }
        });
    }
}

/// The time of the run that is shown again.
struct Clock {
    begun: Instant,
    speed: Speed,
}

impl Clock {
    /// The moment of the run that it is now.
    fn now(&self) -> Moment {
        match self.speed {
            Speed::Times(times) => Moment::after_start(self.begun.elapsed().mul_f64(times)),
            Speed::Max => Moment::after_start(Duration::MAX),
        }
    }

    /// How long to wait for a moment of the run.
    fn wait(&self, at: Moment) -> Duration {
        match self.speed {
            Speed::Times(times) => {
                let due = at.since_start().as_secs_f64() / times;
                Duration::try_from_secs_f64(due)
                    .unwrap_or(Duration::MAX)
                    .saturating_sub(self.begun.elapsed())
            }
            Speed::Max => Duration::ZERO,
        }
    }
}
