//! Joins the streams of parts of one plan into the stream of one run.
//!
//! Each part ran on a machine of its own. Their clocks are not compared: what happened in a part
//! is told at the time since that part began, as if all had begun together. Jobs, categories and
//! layers get the numbers of the plan of all parts; what several parts tell of one thing (that a
//! layer began, that it ended) is told once, its beginning by the first, its end after the last.
//! A layer is judged over what all parts know of it, by the rules of every run, and so is the run.
//!
//! A part whose record breaks off, or is missing, leaves work behind that nobody ran: it ends as
//! such, and the run is not green.
//!
//! It holds the view of the joined run and nothing else that grows; the caller reads the streams
//! and hands the envelopes over in the order of their times.

mod belong;
mod ends;
mod lost;
mod merged;
mod take;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Envelope, Event, RunEvent, RunResult, RunStarted, Setting};
use crate::id::{CategoryIx, JobIx, LayerIx, RunId, ServiceIx, TestIx};
use crate::judge::LayerFacts;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::plan::matrix::{Narrowed, narrow};
use crate::time::Moment;
use crate::view::RunView;

pub use belong::{Belonging, Misfit, Recorded, belonging};

/// How far apart events are told that happened at one moment.
const TICK: Duration = Duration::from_nanos(1);

/// The joined run, as far as its parts were taken.
#[derive(Debug)]
pub struct Join {
    plan: Arc<Plan>,
    parts: Vec<PartBook>,
    layers: Vec<LayerBook>,
    categories: Vec<CategoryBook>,
    view: RunView,
    result: RunResult,
    /// Whether no part is missing or broke off so far.
    is_whole: bool,
    seq: u64,
    last: Option<Moment>,
    out: VecDeque<Envelope>,
}

/// What is known of a part.
#[derive(Debug)]
struct PartBook {
    number: u32,
    narrowed: Narrowed,
    /// Where its services begin in the joined plan.
    first_service: u32,
    /// For each of its tests the number in the joined run.
    tests: Vec<TestIx>,
    /// Whether its end was told.
    is_finished: bool,
    is_over: bool,
    /// Whether its budget was used up.
    is_cut: bool,
    /// What it said of a layer that is about to end.
    judged: Option<LayerFacts>,
    /// Categories and layers of the joined run of which it told the end.
    ended_categories: Vec<CategoryIx>,
    ended_layers: Vec<LayerIx>,
}

/// A layer of the joined run.
#[derive(Clone, Debug, Default)]
struct LayerBook {
    /// Parts that have some of it and have not told its end.
    open: u32,
    is_cut: bool,
    is_stopped: bool,
    is_skipped: bool,
    facts: LayerFacts,
}

/// A category of the joined run.
#[derive(Clone, Debug, Default)]
struct CategoryBook {
    /// Parts that have some of it and have not told its end.
    open: u32,
    timed_out: bool,
    /// The worst that a part told, with its weight before and the reason after it.
    worst: Option<(u8, Outcome, String)>,
}

impl Join {
    /// The join of the parts of a plan that is split ([`Plan::split_among`]); `unix_millis` is
    /// when the first of them began.
    #[must_use]
    pub fn new(whole: &Plan, run: RunId, unix_millis: u64, setting: Setting) -> Self {
        let of = whole.matrix.as_ref().map_or(0, |matrix| matrix.of);
        let narrowed: Vec<Narrowed> = (1..=of).filter_map(|part| narrow(whole, part)).collect();
        let (plan, first_services) = merged::plan(whole, &narrowed);
        let plan = Arc::new(plan);
        let mut layers = vec![LayerBook::default(); plan.layers.len()];
        let mut categories = vec![CategoryBook::default(); plan.categories.len()];
        for part in &narrowed {
            part.layers.iter().for_each(|layer| layers[layer.position()].open += 1);
            part.categories.iter().for_each(|one| categories[one.position()].open += 1);
        }
        let parts =
            (1..).zip(narrowed).zip(first_services).map(|((number, narrowed), first)| PartBook {
                number,
                narrowed,
                first_service: first,
                tests: Vec::new(),
                is_finished: false,
                is_over: false,
                is_cut: false,
                judged: None,
                ended_categories: Vec::new(),
                ended_layers: Vec::new(),
            });
        let mut join = Self {
            parts: parts.collect(),
            layers,
            categories,
            view: RunView::new(),
            result: RunResult::default(),
            is_whole: true,
            seq: 0,
            last: None,
            out: VecDeque::new(),
            plan: Arc::clone(&plan),
        };
        let started = RunStarted { run, unix_millis, setting, plan };
        join.emit(Moment::START, Event::Run(RunEvent::Started(Box::new(started))));
        join
    }

    /// The next envelope of the joined stream; drained after every call that takes something.
    pub fn next_envelope(&mut self) -> Option<Envelope> {
        self.out.pop_front()
    }

    /// The view after everything that was taken.
    #[must_use]
    pub const fn view(&self) -> &RunView {
        &self.view
    }

    /// Whether no part is missing or broke off, as far as their ends are known.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The number in the joined run of a job of a part; none when there is no such job.
    #[must_use]
    pub fn job(&self, part: u32, job: JobIx) -> Option<JobIx> {
        let at = self.book(part)?;
        self.parts[at].narrowed.jobs.get(job.position()).copied()
    }

    /// Says that nothing more comes of a part. One that did not tell its end broke off, or is
    /// missing: `why` says so, for people.
    pub fn end(&mut self, part: u32, why: &str) {
        let Some(at) = self.book(part).filter(|&at| !self.parts[at].is_over) else { return };
        self.parts[at].is_over = true;
        if !self.parts[at].is_finished {
            self.give_up(at, why);
        }
        if self.parts.iter().all(|part| part.is_over) {
            self.finish();
        }
    }

    fn book(&self, part: u32) -> Option<usize> {
        self.parts.iter().position(|book| book.number == part)
    }

    /// Tells an event, at its time or right after what was told before.
    fn emit(&mut self, at: Moment, event: Event) {
        let at = self.last.map_or(at, |last| at.max(last.plus(TICK)));
        self.last = Some(at);
        let envelope = Envelope { seq: self.seq, at, event };
        self.seq += 1;
        self.view.apply(&envelope);
        self.out.push_back(envelope);
    }

    /// The moment of the latest event.
    fn now(&self) -> Moment {
        self.last.unwrap_or(Moment::START)
    }

    /// `part 2 of 3`.
    fn name_of(&self, at: usize) -> String {
        format!("part {} of {}", self.parts[at].number, self.parts.len())
    }

    fn layer_of(&self, at: usize, layer: LayerIx) -> Option<LayerIx> {
        self.parts[at].narrowed.layers.get(layer.position()).copied()
    }

    fn category_of(&self, at: usize, category: CategoryIx) -> Option<CategoryIx> {
        self.parts[at].narrowed.categories.get(category.position()).copied()
    }

    fn job_of(&self, at: usize, job: JobIx) -> Option<JobIx> {
        self.parts[at].narrowed.jobs.get(job.position()).copied()
    }

    fn test_of(&self, at: usize, test: TestIx) -> Option<TestIx> {
        self.parts[at].tests.get(test.position()).copied()
    }

    fn service_of(&self, at: usize, service: ServiceIx) -> Option<ServiceIx> {
        let part = &self.parts[at];
        let is_there = service.position() < part.narrowed.plan.services.len();
        is_there.then(|| ServiceIx(part.first_service + service.0))
    }
}
