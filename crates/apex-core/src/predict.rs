//! How long a plan is going to take: the scheduler itself, run through the plan many times with
//! durations drawn from the forecasts of its jobs.
//!
//! What makes a run long is decided by the scheduler (caps, conflicts, phases, budgets), so no
//! formula over the forecasts would know it. A round feeds a scheduler the ends of jobs and the
//! readiness of services at simulated moments; nothing starts, nobody waits. The numbers are
//! drawn from a fixed seed: the same plan has the same prediction.
//!
//! It does not know how many slots the machine will allow when they follow what it does: each
//! round draws a number from those that are possible, and the interval shows it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, LayerEvent, ProcessEnd, ServiceEvent};
use crate::id::{AttemptNumber, JobIx, LayerIx, RunId, ServiceIx};
use crate::outcome::Outcome;
use crate::plan::{Forecast, LayerPrediction, Plan, Prediction};
use crate::report::{JobEnd, JobReport};
use crate::schedule::{Command, Input, Scheduler};
use crate::test_case::{TestCase, TestReport};
use crate::time::Moment;

/// Most rounds: the 10 % and 90 % quantiles are then known to within a few percent.
const ROUNDS: usize = 64;

/// Jobs that all rounds together may simulate: what keeps a plan of thousands of jobs quick.
const MOST_JOBS: usize = 6_000;

/// Fewest rounds.
const FEWEST: usize = 8;

/// Most inputs of one round and job; beyond it a round is given up.
const MOST_INPUTS: usize = 16;

/// How much all jobs of a run are slower or faster at once: one standard deviation of the
/// logarithm.
const MACHINE: f64 = 0.10;

/// How long a service is taken to start.
const SERVICE: Duration = Duration::from_millis(400);

/// The quantile of the standard normal distribution that one in ten exceeds.
const NINE_IN_TEN: f64 = 1.281_551_565_545;

/// Predicts a plan; none when no run taught anything about any of its jobs.
#[must_use]
pub fn predict(plan: &Plan) -> Option<Prediction> {
    let forecasts: Vec<Forecast> = plan.jobs.iter().filter_map(|job| job.forecast).collect();
    let runs = forecasts.iter().map(|forecast| forecast.runs).max()?;
    let usual = mean_of(&forecasts);
    let rounds = (MOST_JOBS / plan.jobs.len().max(1)).clamp(FEWEST, ROUNDS);
    let mut random = Random(0x0A9E_5EED);
    let mut totals: Vec<Duration> = Vec::with_capacity(rounds);
    let mut layers: Vec<Vec<Duration>> = vec![Vec::new(); plan.layers.len()];
    let simulated = Arc::new(Plan { prediction: None, ..plan.clone() });
    for _ in 0..rounds {
        let Some(round) = Round::new(&simulated, usual, &mut random).run() else { continue };
        totals.push(round.end.since_start());
        for (layer, span) in round.spans.iter().enumerate() {
            layers[layer].extend(span.0.zip(span.1).map(|(from, to)| to.since(from)));
        }
    }
    let unknown = plan.jobs.len() - forecasts.len();
    Some(Prediction {
        low: quantile(&mut totals, 0.1)?,
        expected: quantile(&mut totals, 0.5)?,
        high: quantile(&mut totals, 0.9)?,
        layers: plan.layers.iter().zip(layers).map(of_layer).collect(),
        runs,
        unknown: u32::try_from(unknown).unwrap_or(u32::MAX),
    })
}

fn of_layer((layer, mut spans): (&crate::plan::PlannedLayer, Vec<Duration>)) -> LayerPrediction {
    let within = layer.budget.map(|budget| {
        let kept = spans.iter().filter(|span| **span < budget).count();
        ratio(kept, spans.len())
    });
    LayerPrediction {
        expected: quantile(&mut spans, 0.5).unwrap_or_default(),
        high: quantile(&mut spans, 0.9).unwrap_or_default(),
        within_budget: within,
    }
}

fn quantile(values: &mut [Duration], share: f64) -> Option<Duration> {
    values.sort();
    let last = values.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let at = (share * ratio(last, 1)).round() as usize;
    values.get(at.min(last)).copied()
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole).max(1.0)
}

/// What a job about which nothing is known is taken for: the mean of the others, and it may take
/// three times as long.
fn mean_of(forecasts: &[Forecast]) -> Forecast {
    let count = u32::try_from(forecasts.len()).unwrap_or(u32::MAX).max(1);
    let expected = forecasts.iter().map(|one| one.expected).sum::<Duration>() / count;
    Forecast { expected, high: expected * 3, runs: 0, peak_memory_mb: None }
}

/// What a round came to.
struct Finished {
    end: Moment,
    /// When each layer began and ended.
    spans: Vec<(Option<Moment>, Option<Moment>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    JobEnds(JobIx, AttemptNumber),
    ServiceIsReady(ServiceIx),
    ServiceIsGone(ServiceIx),
}

/// One way through the plan.
struct Round<'r> {
    scheduler: Scheduler,
    plan: Arc<Plan>,
    usual: Forecast,
    random: &'r mut Random,
    /// How slow the machine is in this round.
    pace: f64,
    /// What is going to happen, the earliest first.
    ahead: BinaryHeap<Reverse<(Moment, Happening)>>,
    /// The running attempt of each job.
    attempts: Vec<Option<AttemptNumber>>,
    spans: Vec<(Option<Moment>, Option<Moment>)>,
}

impl<'r> Round<'r> {
    fn new(plan: &Arc<Plan>, usual: Forecast, random: &'r mut Random) -> Self {
        let pace = (MACHINE * random.normal()).exp();
        let slots = random.between(plan.slots.max(1), plan.slots_up_to.max(plan.slots).max(1));
        let plan = if slots == plan.slots && plan.slots_up_to <= slots {
            Arc::clone(plan)
        } else {
            Arc::new(Plan { slots, slots_up_to: 0, ..(**plan).clone() })
        };
        Self {
            scheduler: Scheduler::new(Arc::clone(&plan), RunId::new("prediction"), 0),
            usual,
            random,
            pace,
            ahead: BinaryHeap::new(),
            attempts: vec![None; plan.jobs.len()],
            spans: vec![(None, None); plan.layers.len()],
            plan,
        }
    }

    /// To the end of the run; none when there is none in sight.
    fn run(mut self) -> Option<Finished> {
        let mut now = Moment::START;
        self.scheduler.handle(now, Input::Begin);
        let most = MOST_INPUTS * (self.plan.jobs.len() + self.plan.services.len() + 8);
        for _ in 0..most {
            self.drain(now);
            if self.scheduler.is_finished() {
                return Some(Finished { end: now, spans: self.spans });
            }
            let deadline = self.scheduler.next_deadline();
            let happening = self.ahead.peek().map(|Reverse((at, _))| *at);
            now = match (happening, deadline) {
                (Some(at), Some(deadline)) if at <= deadline => self.happen(at),
                (Some(at), None) => self.happen(at),
                (_, Some(deadline)) => {
                    self.scheduler.handle(deadline, Input::Tick);
                    deadline.max(now)
                }
                (None, None) => return None,
            };
        }
        None
    }

    fn happen(&mut self, at: Moment) -> Moment {
        if let Some(Reverse((_, happening))) = self.ahead.pop() {
            match happening {
                Happening::JobEnds(job, attempt) => self.end_job(at, job, attempt),
                Happening::ServiceIsReady(service) => {
                    let report = ServiceEvent::Ready { addresses: Vec::new() };
                    self.scheduler.handle(at, Input::Service { service, report });
                }
                Happening::ServiceIsGone(service) => {
                    let report = ServiceEvent::Stopped;
                    self.scheduler.handle(at, Input::Service { service, report });
                }
            }
        }
        at
    }

    /// A job ends with one test that passed, so that what depends on it runs.
    fn end_job(&mut self, at: Moment, job: JobIx, attempt: AttemptNumber) {
        if self.attempts[job.position()] != Some(attempt) {
            return;
        }
        self.attempts[job.position()] = None;
        let name: Arc<str> = format!("job {}", job.0).into();
        let case = TestCase {
            id: Arc::clone(&name),
            suite: Arc::clone(&name),
            name,
            file: None,
            line: None,
            critical: false,
        };
        let report = TestReport { outcome: Outcome::Passed, duration: None, failure: None };
        let end = JobEnd {
            end: ProcessEnd::Exited(0),
            problem: None,
            nothing_to_run: false,
            duration: Duration::ZERO,
            peak_memory_mb: None,
            cpu_time: None,
            out_of_memory: None,
        };
        let reports = [
            JobReport::Discovered(vec![case]),
            JobReport::TestFinished { test: 0, report },
            JobReport::Ended(end),
        ];
        for report in reports {
            self.scheduler.handle(at, Input::Job { job, attempt, report });
        }
    }

    fn drain(&mut self, now: Moment) {
        while let Some(command) = self.scheduler.next_command() {
            match command {
                Command::StartJob { job, attempt, .. } => {
                    self.attempts[job.position()] = Some(attempt);
                    let takes = self.duration_of(job);
                    self.ahead.push(Reverse((now.plus(takes), Happening::JobEnds(job, attempt))));
                }
                Command::TerminateJob(job) | Command::KillJob(job) => {
                    if let Some(attempt) = self.attempts[job.position()] {
                        self.ahead.push(Reverse((now, Happening::JobEnds(job, attempt))));
                    }
                }
                Command::StartService(service) => {
                    let ready = Happening::ServiceIsReady(service);
                    self.ahead.push(Reverse((now.plus(SERVICE), ready)));
                }
                Command::StopService(service) | Command::KillService(service) => {
                    self.ahead.push(Reverse((now, Happening::ServiceIsGone(service))));
                }
            }
        }
        while let Some(event) = self.scheduler.next_event() {
            match event {
                Event::Layer(layer, LayerEvent::Started) => self.span(layer).0 = Some(now),
                Event::Layer(layer, LayerEvent::Finished { .. }) => self.span(layer).1 = Some(now),
                _ => {}
            }
        }
    }

    fn span(&mut self, layer: LayerIx) -> &mut (Option<Moment>, Option<Moment>) {
        &mut self.spans[layer.position()]
    }

    /// A duration from the log-normal distribution with the mean and the quantile of a forecast.
    fn duration_of(&mut self, job: JobIx) -> Duration {
        let forecast = self.plan.job(job).forecast.unwrap_or(self.usual);
        let expected = forecast.expected.as_secs_f64().max(1e-6);
        let spread = (forecast.high.as_secs_f64().max(expected) / expected).ln();
        // With mean exp(m + s²/2) and quantile exp(m + z·s): s²/2 - z·s + spread = 0.
        let root = (NINE_IN_TEN * NINE_IN_TEN - 2.0 * spread).max(0.0).sqrt();
        let deviation = NINE_IN_TEN - root;
        let location = expected.ln() - deviation * deviation / 2.0;
        let drawn = (location + deviation * self.random.normal()).exp() * self.pace;
        crate::estimate::seconds(drawn)
    }
}

/// Numbers that a seed decides (SplitMix64: Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// More than 0 and at most 1.
    fn share(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        (f64::from(high) + 1.0) / (f64::from(u32::MAX) + 1.0)
    }

    fn between(&mut self, low: u32, high: u32) -> u32 {
        let choices = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(self.next() % choices).unwrap_or(0)
    }

    /// A standard normal number (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.share().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.share()).cos()
    }
}
