//! The value of a metric at a moment of a run: from the view, and from what a view does not keep.

use std::collections::VecDeque;
use std::time::Duration;

use apex_config::model::{Alert, AlertMetric};
use apex_core::event::{ServiceEvent, TestEvent};
use apex_core::view::{AgentState, Counts, LayerView, Progress};
use apex_core::{Envelope, Event, JobIx, LayerIx, Moment, Outcome, RunView};

use crate::measures::result_word;

/// Follows a run.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Tests that settled within the longest window that some alert looks back; none where no
    /// alert does.
    settled: VecDeque<Settled>,
    window: Option<Duration>,
    services_lost: u32,
}

/// A test that has its outcome.
#[derive(Clone, Copy, Debug)]
struct Settled {
    at: Moment,
    job: JobIx,
    outcome: Outcome,
}

/// What the tests of a part of a run came to.
#[derive(Clone, Copy, Debug, Default)]
struct Tests {
    executed: u32,
    failed: u32,
    flaky: u32,
}

impl Figures {
    /// Figures for these alerts.
    pub(super) fn for_alerts(alerts: &[Alert]) -> Self {
        let window = alerts.iter().filter_map(|alert| alert.window).max();
        Self { window, ..Self::default() }
    }

    /// Takes what happened.
    pub(super) fn take(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Test(job, TestEvent::Settled { outcome, .. }) => {
                self.settle(Settled { at: envelope.at, job: *job, outcome: *outcome });
            }
            Event::Service(_, ServiceEvent::Lost { .. } | ServiceEvent::Failed { .. }) => {
                self.services_lost += 1;
            }
            _ => {}
        }
    }

    fn settle(&mut self, settled: Settled) {
        let Some(window) = self.window else { return };
        while self.settled.front().is_some_and(|first| settled.at.since(first.at) > window) {
            self.settled.pop_front();
        }
        self.settled.push_back(settled);
    }

    /// The value of a metric for an alert; none where nothing was measured.
    pub(super) fn value(
        &self,
        metric: AlertMetric,
        alert: &Alert,
        view: &RunView,
        now: Moment,
    ) -> Option<f64> {
        view.identity()?;
        let scope = Scope::of(alert, view)?;
        let tests = || self.tests(alert, &scope, view, now);
        let spent = scope.spent(view, now);
        match metric {
            AlertMetric::FailureRate => tests().rate(alert, view, |tests| tests.failed),
            AlertMetric::FlakyRate => tests().rate(alert, view, |tests| tests.flaky),
            AlertMetric::Failures => Some(f64::from(tests().failed)),
            AlertMetric::DurationMinutes => Some(spent?.as_secs_f64() / 60.0),
            AlertMetric::DurationRatio => share(spent?, scope.expected(view)?),
            AlertMetric::BudgetShare => share(spent?, scope.budget(view)?),
            AlertMetric::MemoryMb => {
                let all = view.jobs().iter().enumerate();
                let held = all.filter(|(position, _)| scope.holds(JobIx::at(*position), view));
                held.filter_map(|(_, job)| job.peak_memory_mb).max().map(f64::from)
            }
            AlertMetric::QueueLength => {
                let waiting = view.jobs().iter().enumerate().filter(|(position, job)| {
                    matches!(job.progress, Progress::Waiting)
                        && scope.holds(JobIx::at(*position), view)
                });
                Some(f64::from(u32::try_from(waiting.count()).unwrap_or(u32::MAX)))
            }
            AlertMetric::ServicesLost => Some(f64::from(self.services_lost)),
            AlertMetric::StaleAgents => {
                let is_away = |state: &AgentState| {
                    matches!(state, AgentState::Failed { .. } | AgentState::Stale)
                };
                let away = view.agents().iter().filter(|agent| is_away(&agent.state));
                Some(f64::from(u32::try_from(away.count()).unwrap_or(u32::MAX)))
            }
            AlertMetric::RunFailed => {
                Some(flag(view.result().is_some_and(|result| result_word(result) != "success")))
            }
            AlertMetric::BudgetExceeded => Some(flag(scope.is_over_budget(view))),
            AlertMetric::CpuShare
            | AlertMetric::MemoryAvailableMb
            | AlertMetric::CpuPressure
            | AlertMetric::MemoryPressure
            | AlertMetric::IoPressure
            | AlertMetric::ApexMemoryMb => of_machine(metric, view),
        }
    }

    fn tests(&self, alert: &Alert, scope: &Scope<'_>, view: &RunView, now: Moment) -> Tests {
        let Some(window) = alert.window else { return Tests::of(scope.counts(view)) };
        let mut tests = Tests::default();
        for settled in &self.settled {
            if now.since(settled.at) <= window && scope.holds(settled.job, view) {
                tests.add(settled.outcome);
            }
        }
        tests
    }
}

impl Tests {
    fn of(counts: &Counts) -> Self {
        let bad = Outcome::ALL.into_iter().filter(|outcome| outcome.is_bad());
        Self {
            executed: counts.executed(),
            failed: bad.map(|outcome| counts.of(outcome)).sum(),
            flaky: counts.of(Outcome::Flaky),
        }
    }

    fn add(&mut self, outcome: Outcome) {
        self.executed += u32::from(outcome.has_run());
        self.failed += u32::from(outcome.is_bad());
        self.flaky += u32::from(outcome == Outcome::Flaky);
    }

    /// A share of the tests that ran; of few tests of a run that goes on it says nothing yet.
    fn rate(self, alert: &Alert, view: &RunView, part: impl Fn(&Self) -> u32) -> Option<f64> {
        let is_enough = self.executed >= alert.min_tests || view.result().is_some();
        let all = self.executed.max(part(&self));
        (is_enough && all > 0).then(|| f64::from(part(&self)) / f64::from(all))
    }
}

/// The part of a run that an alert looks at.
enum Scope<'v> {
    Run,
    Layer(LayerIx, &'v LayerView),
}

impl<'v> Scope<'v> {
    /// None for a layer that is not part of the run.
    fn of(alert: &Alert, view: &'v RunView) -> Option<Self> {
        let Some(id) = &alert.layer else { return Some(Self::Run) };
        let position = view.plan().layers.iter().position(|layer| layer.id == *id)?;
        Some(Self::Layer(LayerIx::at(position), view.layers().get(position)?))
    }

    fn counts(&self, view: &'v RunView) -> &'v Counts {
        match self {
            Self::Run => view.counts(),
            Self::Layer(_, layer) => &layer.counts,
        }
    }

    /// None for a layer that has not started.
    fn spent(&self, view: &RunView, now: Moment) -> Option<Duration> {
        match self {
            Self::Run => Some(view.spent(now)),
            Self::Layer(_, layer) => {
                layer.progress.started()?;
                Some(layer.progress.spent(now))
            }
        }
    }

    fn expected(&self, view: &RunView) -> Option<Duration> {
        let prediction = view.plan().prediction.as_ref()?;
        match self {
            Self::Run => Some(prediction.expected),
            Self::Layer(at, _) => Some(prediction.layers.get(at.position())?.expected),
        }
    }

    fn budget(&self, view: &RunView) -> Option<Duration> {
        match self {
            Self::Run => view.plan().budget,
            Self::Layer(at, _) => view.plan().layer(*at).budget,
        }
    }

    fn is_over_budget(&self, view: &RunView) -> bool {
        match self {
            Self::Run => {
                let any = view.layers().iter().any(|layer| layer.budget_exceeded.is_some());
                any || view.is_budget_exceeded()
            }
            Self::Layer(_, layer) => layer.budget_exceeded.is_some(),
        }
    }

    fn holds(&self, job: JobIx, view: &RunView) -> bool {
        match self {
            Self::Run => true,
            Self::Layer(at, _) => {
                let category = view.category_of(job);
                let planned = category.and_then(|one| view.plan().categories.get(one.position()));
                planned.is_some_and(|planned| planned.layer == *at)
            }
        }
    }
}

/// By the latest look; none before the first.
fn of_machine(metric: AlertMetric, view: &RunView) -> Option<f64> {
    let (_, sample) = view.resources().latest()?;
    let host = &sample.host;
    match metric {
        AlertMetric::CpuShare => host.cpu,
        AlertMetric::MemoryAvailableMb => host.memory_available_mb.map(number),
        AlertMetric::CpuPressure => host.pressure.cpu,
        AlertMetric::MemoryPressure => host.pressure.memory,
        AlertMetric::IoPressure => host.pressure.io,
        AlertMetric::ApexMemoryMb => sample.apex.memory_mb.map(f64::from),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^53 mebibytes")]
const fn number(mebibytes: u64) -> f64 {
    mebibytes as f64
}

fn share(part: Duration, whole: Duration) -> Option<f64> {
    (!whole.is_zero()).then(|| part.as_secs_f64() / whole.as_secs_f64())
}

const fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}
