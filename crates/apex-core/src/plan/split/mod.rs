//! Cuts the work that was found for a category into jobs.
//!
//! What is made here: jobs of files and of parts of files that run every test exactly once, so
//! large that the start of their programs does not matter, and enough of them that the slots
//! stay busy; tests that must not overlap apart from the others. It relies on the estimates of
//! the category and on what a look at the test files told. It knows neither order nor budgets,
//! which are decided when all jobs of the plan are known.

mod load;
mod pack;
mod parts;
mod serial;
mod sizes;

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::RunnerKind;

use super::found::{FoundJob, MayCut};
use super::job::JobSpec;
use super::worth::Patience;
use crate::estimate::{Amount, CategoryEstimate, default_startup};

pub use sizes::sizes;

use load::FileLoad;
use pack::Bin;

/// Most bytes of paths and ids that the jobs of one work name: what fits the environment of a
/// program several times. Work with more is not cut.
const MOST_NAMES: usize = 256 * 1024;

/// How many starts of its program a job that is made to be chosen takes at least.
const LEAST_STARTS: f64 = 4.0;

/// What limits the cutting of one category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How many of its jobs can run at the same time.
    pub width: u32,
    /// Most jobs.
    pub most: u32,
    /// The longest that one job should take.
    pub window: Duration,
    /// What all of it is taken for where nothing was measured.
    pub guess: Duration,
    /// How jobs are made that a budget will choose among; none where everything fits.
    pub choice: Option<Choice>,
    /// Slots that nothing else of the plan would use: then starting programs costs no one else
    /// time. 0 where there is other work.
    pub idle_slots: u32,
    /// Whether work that may be cut on trust is cut.
    pub trusts: bool,
}

/// How jobs are made that a budget chooses among: small ones, of tests that are worth about the
/// same, those that must run apart from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// What one job should take.
    pub size: Duration,
    /// When a test has waited long enough.
    pub patience: Patience,
}

/// A job as it was cut.
#[derive(Clone, Debug, PartialEq)]
pub struct CutJob {
    /// What is to be done.
    pub spec: JobSpec,
    /// Names of what it holds alone while it runs.
    pub holds: Vec<Arc<str>>,
    /// What is in it.
    pub content: Content,
}

/// What is known of the tests of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// What the tests are expected to take, one after the other.
    pub tests: Amount,
    /// About how many tests.
    pub count: u32,
    /// The ids of those that are known from earlier runs.
    pub known: Vec<Arc<str>>,
    /// Whether it holds files that no earlier run knows.
    pub is_new: bool,
    /// How it was cut, for people; empty where it was not.
    pub how: String,
}

/// Cuts found work into jobs; one job where cutting does not pay.
#[must_use]
pub fn split(found: &FoundJob, rules: &Rules, estimate: &CategoryEstimate<'_>) -> Vec<CutJob> {
    let loads = load::of_files(found, estimate, rules.choice.as_ref());
    if loads.is_empty() {
        return by_shards(found, rules, estimate);
    }
    let names: usize = loads.iter().map(|load| load.path.len() + 1).sum();
    let may_cut = names < MOST_NAMES
        && match found.may_cut {
            MayCut::No => false,
            // Not where a budget will choose among its tests.
            MayCut::OnTrust => rules.trusts && rules.choice.is_none(),
            MayCut::Freely => true,
        };
    let cutting = Cutting { found, rules, estimate, may_cut };
    serial::apart(&cutting, &loads)
}

/// Work and what its cutting depends on.
#[derive(Clone, Copy)]
struct Cutting<'a, 'h> {
    found: &'a FoundJob,
    rules: &'a Rules,
    estimate: &'a CategoryEstimate<'h>,
    may_cut: bool,
}

impl Cutting<'_, '_> {
    /// Files into bins, each the content of a job; one bin where cutting does not pay.
    fn bins(&self, loads: &[FileLoad<'_>]) -> Vec<Bin> {
        let total = load::total(loads);
        if let (Some(choice), true) = (&self.rules.choice, self.may_cut) {
            return self.bins_to_choose(loads, choice);
        }
        let sizes = if self.may_cut { self.sizes(loads) } else { vec![total.mean] };
        if sizes.len() < 2 {
            return vec![Bin::of(loads.iter().map(FileLoad::whole))];
        }
        let pieces = if self.cuts_files() {
            load::pieces(loads, self.longest_piece(loads))
        } else {
            loads.iter().map(FileLoad::whole).collect()
        };
        pack::pack(pieces, &sizes)
    }

    /// Whether a file may be cut: its framework can run some of its tests, and nothing is said
    /// against it. On trust, the tests of a file stay together.
    fn cuts_files(&self) -> bool {
        self.found.spec.runner == RunnerKind::Pytest && self.found.may_cut == MayCut::Freely
    }

    fn bins_to_choose(&self, loads: &[FileLoad<'_>], choice: &Choice) -> Vec<Bin> {
        let size = choice.size.as_secs_f64().max(LEAST_STARTS * self.estimate.startup.once);
        let pieces = if self.cuts_files() {
            load::pieces_by_worth(loads, size)
        } else {
            loads.iter().map(FileLoad::whole).collect()
        };
        pack::by_worth(pieces, size)
    }

    fn sizes(&self, loads: &[FileLoad<'_>]) -> Vec<f64> {
        let startup = &self.estimate.startup;
        let total = load::total(loads).mean / startup.parallel;
        let count: u32 = loads.iter().map(|load| load.count).sum();
        let total = total + startup.per_test * f64::from(count);
        let is_known = loads.iter().any(|load| !load.is_new);
        // What keeps files apart starts a process for each in any case, and several at once.
        let keeps_apart = self.found.spec.runner.isolates_files();
        let idle_slots = if keeps_apart { 0 } else { self.rules.idle_slots };
        let rules = Rules { idle_slots, ..*self.rules };
        let start = self.start() * bought_share(self.found.spec.runner);
        let jobs = sizes(total, start, &rules, is_known);
        let is_in_every_slot = jobs.len() >= rules.width as usize && jobs.len() > 1;
        if is_in_every_slot && stays(self.found.spec.runner) {
            // Each slot has its program; a further job costs what it takes to go on with it.
            return sizes(total, start * NEXT_SHARE, &rules, is_known);
        }
        jobs
    }

    /// What starting a program costs, in seconds. Jobs that found theirs running hide it.
    fn start(&self) -> f64 {
        let runner = self.found.spec.runner;
        let learned = self.estimate.startup.once;
        if stays(runner) { learned.max(default_startup(runner).once / 2.0) } else { learned }
    }

    /// What a piece of a file takes at most: an eighth of the ideal finish, but not so little
    /// that starting its program costs as much.
    fn longest_piece(&self, loads: &[FileLoad<'_>]) -> f64 {
        let total = load::total(loads).mean;
        let longest = loads.iter().flat_map(|load| &load.tests).map(|test| test.mean);
        let ideal = (total / f64::from(self.rules.width.max(1))).max(longest.fold(0.0, f64::max));
        let share = if stays(self.found.spec.runner) { NEXT_SHARE } else { 1.0 };
        (ideal / 8.0).max(2.0 * share * self.start())
    }
}

/// What a job of a program that stays costs beyond its tests, as a share of a start: measured on
/// trivial tests, with what it takes to collect another file.
const NEXT_SHARE: f64 = 0.1;

/// Whether the program of a job may go on with the next one of its slot.
const fn stays(runner: RunnerKind) -> bool {
    matches!(runner, RunnerKind::Pytest)
}

/// The share of a start that cutting buys. What runs its files in a pool would start a worker for
/// each slot by itself, which takes about half as long as the whole program.
const fn bought_share(runner: RunnerKind) -> f64 {
    match runner {
        RunnerKind::Jest | RunnerKind::Vitest => 0.5,
        _ => 1.0,
    }
}

/// Work that is not cut by files: whole, or by the parts that its command can run.
fn by_shards(found: &FoundJob, rules: &Rules, estimate: &CategoryEstimate<'_>) -> Vec<CutJob> {
    let content = load::of_whole(found, estimate);
    let job = |spec: JobSpec, content: Content| CutJob { spec, holds: Vec::new(), content };
    let total =
        if content.known.is_empty() { rules.guess.as_secs_f64() } else { content.tests.mean };
    let count = match (found.may_cut == MayCut::Freely, content.known.is_empty()) {
        (false, _) => 1,
        (true, true) => sizes::windows_in(total, rules.window).clamp(1, rules.most.max(1)),
        (true, false) => sizes::windows(total, rules),
    };
    if count < 2 {
        return vec![job(found.spec.clone(), content)];
    }
    let share = 1.0 / f64::from(count);
    let one = |number| {
        let spec = JobSpec { shard: Some((number, count)), ..found.spec.clone() };
        let content = Content {
            tests: content.tests.times(share),
            count: content.count.div_ceil(count),
            how: format!("shard {number} of {count}"),
            ..content.clone()
        };
        job(spec, content)
    };
    (1..=count).map(one).collect()
}
