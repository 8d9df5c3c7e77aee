//! What a failure stops: every layer is stopped by its rule, at the moment at which the rule says
//! so, and by nothing else.
//!
//! The numbers are counted here a second time, from the results that the stream tells. Stamps are
//! a little later than what they stamp, and shares are rounded; so a rule is asked twice: whether
//! it *may* stop now, and whether it *must*.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{ExecutionMode, FailFast, FlakyPolicy};

use crate::event::{CategoryEvent, Envelope, Event, LayerEvent, RunEvent, TestEvent};
use crate::id::{CategoryIx, JobIx, LayerIx, TestIx};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::time::Moment;

use super::Findings;
use super::losses::Losses;

/// How far stamps may lie from the moment at which something was decided.
const STAMP_SLACK: Duration = Duration::from_millis(5);

/// How far rounding may move a share.
const ROUNDING: f64 = 1e-9;

/// The result of a test that decides something.
struct TestResult {
    at: Moment,
    failed: bool,
    critical: bool,
    known_flaky: bool,
}

/// A category, as far as failures concern it.
#[derive(Clone, Default)]
struct Member {
    started: bool,
    finished: bool,
    failed: bool,
    /// Whether it ended badly.
    is_bad: bool,
}

struct Book<'a> {
    plan: &'a Plan,
    /// Id of each test, and whether it was reported as critical.
    tests: Vec<(Arc<str>, bool)>,
    results: Vec<Vec<TestResult>>,
    members: Vec<Member>,
    /// Layers that a rule, a budget or a signal has stopped.
    closed: Vec<bool>,
    stopped: Vec<bool>,
    /// The layer that must be stopped by the next event.
    due: Option<LayerIx>,
    /// The layer whose latest event was a result.
    latest: Option<LayerIx>,
    losses: Losses,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut book = Book {
        plan,
        tests: Vec::new(),
        results: plan.layers.iter().map(|_| Vec::new()).collect(),
        members: vec![Member::default(); plan.categories.len()],
        closed: vec![false; plan.layers.len()],
        stopped: vec![false; plan.layers.len()],
        due: None,
        latest: None,
        losses: Losses::default(),
    };
    for envelope in stream {
        book.take(envelope, findings);
    }
}

impl Book<'_> {
    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        let Envelope { seq, at, event } = envelope;
        let latest = self.latest.take();
        self.losses.take(event);
        if let Some(due) = self.due.take() {
            let stops = matches!(event, Event::Layer(layer, LayerEvent::Stopped { .. })
                if *layer == due);
            findings.require(stops, *seq, "a rule stops its layer as soon as it says so");
        }
        match event {
            Event::Layer(layer, LayerEvent::Stopped { .. }) => {
                let holds = self.may_be_stopped(*layer, latest);
                findings.require(holds, *seq, "only its own rule stops a layer");
                let once = !std::mem::replace(&mut self.stopped[layer.position()], true);
                findings.require(once, *seq, "a layer is stopped once");
                self.closed[layer.position()] |= self.plan.layer(*layer).fail_fast.looks_at_tests();
            }
            Event::Layer(layer, LayerEvent::BudgetExceeded | LayerEvent::Skipped) => {
                self.closed[layer.position()] = true;
            }
            Event::Run(RunEvent::Interrupted { .. } | RunEvent::BudgetExceeded { .. }) => {
                self.closed.fill(true);
            }
            Event::Category(category, event) => self.category(*seq, *category, event, findings),
            Event::Test(job, event) => self.test(*job, *at, event),
            _ => {}
        }
    }

    fn category(
        &mut self,
        seq: u64,
        category: CategoryIx,
        event: &CategoryEvent,
        findings: &mut Findings,
    ) {
        match event {
            CategoryEvent::Started => {
                let held = self.is_held_back(category);
                findings.require(!held, seq, "nothing starts that a failed category keeps back");
                self.members[category.position()].started = true;
            }
            CategoryEvent::Finished { outcome, .. } => {
                let member = &mut self.members[category.position()];
                member.finished = true;
                member.is_bad = outcome.is_bad();
            }
            CategoryEvent::TimedOut { .. } | CategoryEvent::DependsOnOrder { .. } => {}
        }
    }

    /// Whether a failed category keeps one from starting.
    fn is_held_back(&self, category: CategoryIx) -> bool {
        let layer = self.plan.layer(self.plan.category(category).layer);
        let mut failed =
            layer.categories.iter().filter(|member| self.members[member.position()].is_bad);
        match layer.fail_fast {
            FailFast::Category => failed.next().is_some(),
            FailFast::Phase => failed.any(|&failed| self.is_earlier(failed, category)),
            _ => false,
        }
    }

    /// Whether the phase of a category comes before the one of another of its layer.
    fn is_earlier(&self, one: CategoryIx, other: CategoryIx) -> bool {
        let order = |category: CategoryIx| self.plan.category(category).priority_order;
        match self.plan.layer(self.plan.category(one).layer).execution_mode {
            ExecutionMode::Parallel => false,
            ExecutionMode::Sequential => one < other,
            ExecutionMode::Hybrid => order(one) < order(other),
        }
    }

    fn test(&mut self, job: JobIx, at: Moment, event: &TestEvent) {
        match event {
            TestEvent::Discovered { cases, .. } => {
                self.tests.extend(cases.iter().map(|case| (Arc::clone(&case.id), case.critical)));
            }
            TestEvent::Settled { test, outcome } => self.settled(job, at, *test, *outcome),
            TestEvent::Started { .. } | TestEvent::Slow { .. } | TestEvent::Finished { .. } => {}
        }
    }

    fn settled(&mut self, job: JobIx, at: Moment, test: TestIx, outcome: Outcome) {
        let category = self.plan.job(job).category;
        let planned = self.plan.category(category);
        if self.losses.has(test) {
            return;
        }
        let failed = match outcome {
            Outcome::Failed | Outcome::Errored | Outcome::TimedOut => true,
            Outcome::Flaky => planned.flaky == FlakyPolicy::Fail,
            Outcome::Passed => false,
            _ => return,
        };
        let Some((id, critical)) = self.tests.get(test.position()) else { return };
        let layer = planned.layer;
        if self.closed[layer.position()] {
            return;
        }
        let known_flaky = self.plan.known_flaky.contains(&(category, Arc::clone(id)));
        let critical = *critical || planned.critical;
        self.results[layer.position()].push(TestResult { at, failed, critical, known_flaky });
        self.members[category.position()].failed |= failed;
        self.latest = Some(layer);
        if self.must_stop(layer) {
            self.due = Some(layer);
        }
    }

    fn may_be_stopped(&self, layer: LayerIx, latest: Option<LayerIx>) -> bool {
        let planned = self.plan.layer(layer);
        match planned.fail_fast {
            FailFast::Layer | FailFast::Disabled => false,
            FailFast::Category | FailFast::Phase => {
                planned.categories.iter().any(|member| self.members[member.position()].is_bad)
            }
            _ => {
                latest == Some(layer)
                    && self.cuts(layer).any(|cut| self.says(layer, cut, -ROUNDING))
            }
        }
    }

    fn must_stop(&self, layer: LayerIx) -> bool {
        self.plan.layer(layer).fail_fast.looks_at_tests()
            && self.cuts(layer).all(|cut| self.says(layer, cut, ROUNDING))
    }

    /// Where the window may begin, as positions of the results of a layer.
    fn cuts(&self, layer: LayerIx) -> std::ops::RangeInclusive<usize> {
        let results = &self.results[layer.position()];
        let now = results.last().map_or(Moment::START, |result| result.at);
        let window = self.plan.failure_limits.window;
        let older =
            |age: Duration| results.iter().take_while(|result| now.since(result.at) > age).count();
        let latest = older(window.saturating_sub(STAMP_SLACK)).min(results.len().saturating_sub(1));
        older(window.saturating_add(STAMP_SLACK)).min(latest)..=latest
    }

    /// Whether the rule of a layer says now that it stops, for a window that begins at a result;
    /// shares have to exceed their limit by so much.
    fn says(&self, layer: LayerIx, cut: usize, by: f64) -> bool {
        let results = &self.results[layer.position()];
        let limits = &self.plan.failure_limits;
        let rule = self.plan.layer(layer).fail_fast;
        let Some(last) = results.last() else { return false };
        let critical = results.iter().filter(|result| result.failed && result.critical).count();
        let enough_critical = critical >= limits.critical_failures as usize;
        let recent = &results[cut..];
        match rule {
            FailFast::Immediate => last.failed,
            FailFast::Critical => enough_critical,
            FailFast::Threshold => {
                let row = results.iter().rev().take_while(|result| result.failed).count();
                let failed = recent.iter().filter(|result| result.failed).count();
                enough_critical
                    || row >= limits.in_a_row as usize
                    || (recent.len() >= limits.least_results as usize
                        && ratio(failed, recent.len()) > limits.share + by)
            }
            FailFast::Adaptive => enough_critical || self.adaptive(layer, recent, by),
            _ => false,
        }
    }

    fn adaptive(&self, layer: LayerIx, recent: &[TestResult], by: f64) -> bool {
        let limits = &self.plan.failure_limits;
        let weight = |result: &TestResult| match (result.failed, result.known_flaky) {
            (false, _) => 0.0,
            (true, false) => 1.0,
            (true, true) => 0.5,
        };
        let all = &self.results[layer.position()];
        let row: f64 = all.iter().rev().take_while(|result| result.failed).map(weight).sum();
        let failed: f64 = recent.iter().map(weight).sum();
        let reach = self.reach(layer);
        let votes = [
            (f64::from(limits.in_a_row), row, row >= f64::from(limits.in_a_row)),
            (
                limits.share,
                wilson(failed, recent.len()),
                wilson(failed, recent.len()) > limits.share + by,
            ),
            (0.5, reach, reach >= 0.5),
        ];
        let cast: Vec<(f64, f64)> = votes
            .into_iter()
            .filter(|(.., is_cast)| *is_cast)
            .map(|(limit, seen, _)| (limit, seen))
            .collect();
        cast.len() >= 2 || cast.iter().any(|(limit, seen)| 1.0 - limit / seen > 0.8 + by)
    }

    /// The share of categories that have not started which failed ones are before.
    fn reach(&self, layer: LayerIx) -> f64 {
        let waits = |category: &&CategoryIx| {
            let member = &self.members[category.position()];
            !member.started && !member.finished
        };
        let categories = &self.plan.layer(layer).categories;
        let waiting: Vec<&CategoryIx> = categories.iter().filter(waits).collect();
        let behind = waiting.iter().filter(|&&&category| self.is_behind_failed(category)).count();
        if waiting.is_empty() { 0.0 } else { ratio(behind, waiting.len()) }
    }

    fn is_behind_failed(&self, category: CategoryIx) -> bool {
        self.plan.category(category).after.iter().any(|&before| {
            let member = &self.members[before.position()];
            member.failed || member.is_bad || self.is_behind_failed(before)
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of simulated tests are small")]
fn ratio(part: usize, of: usize) -> f64 {
    part as f64 / of as f64
}

/// The lower end of the 95 % interval of Wilson for a share: the smaller root of
/// (share - p)² = z² p (1 - p) / n.
#[expect(clippy::cast_precision_loss, reason = "counts of simulated tests are small")]
fn wilson(hits: f64, of: usize) -> f64 {
    let (n, z) = (of as f64, 1.959_964_f64);
    let under = z.mul_add(z, 4.0 * hits * (1.0 - hits / n));
    (z.mul_add(z, 2.0 * hits) - z * under.sqrt()) / (2.0 * z.mul_add(z, n))
}
