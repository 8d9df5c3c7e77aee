//! What the tests of a layer have shown so far, as far as a fail-fast rule counts it, and whether
//! that is enough to stop.
//!
//! Passes and failures both enter, each test once, when it is known that it is not tried again.
//! What was skipped, cancelled, cut by a budget or is in quarantine says nothing and does not
//! enter. Numbers only: nothing here knows the scheduler or the plan.

use std::collections::VecDeque;

use apex_config::model::{FailFast, FailureLimits};

use crate::time::Moment;

/// The quantile of the normal distribution for a bound that holds with 97.5 %: the lower end of an
/// interval of 95 %.
const Z: f64 = 1.959_964;

/// The share of waiting categories that are waiting on failed ones from which on the rule
/// `smart_adaptive` speaks of reach.
const FAR: f64 = 0.5;

/// A single sign stops by `smart_adaptive` when it is so sure, 0 to 1.
const SURE: f64 = 0.8;

/// What a test that ended says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) failed: bool,
    pub(super) critical: bool,
    /// Whether its failures are half as much worth, because it is known to be flaky.
    pub(super) half: bool,
}

/// How many categories that have not started wait for failed ones, directly or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) behind_failed: u32,
    pub(super) waiting: u32,
}

/// The results of a layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Results within the window, in order, with half failures: 0, 1 or 2. At most one for each
    /// test of the layer.
    window: VecDeque<(Moment, u8)>,
    /// Their sum.
    halves: u64,
    /// Half failures since the latest pass.
    row: u64,
    critical: u32,
}

impl Watch {
    /// Takes one more result into account.
    pub(super) fn take(&mut self, now: Moment, seen: Seen, limits: &FailureLimits) {
        let halves = match seen {
            Seen { failed: false, .. } => 0,
            Seen { half: true, .. } => 1,
            Seen { .. } => 2,
        };
        self.critical += u32::from(seen.failed && seen.critical);
        self.row = if seen.failed { self.row + u64::from(halves) } else { 0 };
        self.window.push_back((now, halves));
        self.halves += u64::from(halves);
        while let Some(&(at, gone)) = self.window.front()
            && now.since(at) > limits.window
        {
            self.halves -= u64::from(gone);
            self.window.pop_front();
        }
    }

    /// Why a rule stops now, if it does. The reach is asked for only where it can tip the scales.
    pub(super) fn stops(
        &self,
        rule: FailFast,
        limits: &FailureLimits,
        reach: impl FnOnce() -> Reach,
    ) -> Option<String> {
        let reason = match rule {
            FailFast::Critical => self.critical_stop(limits),
            FailFast::Threshold => self
                .critical_stop(limits)
                .or_else(|| self.row_sign(limits).map(|sign| sign.said))
                .or_else(|| self.share_stop(limits)),
            FailFast::Adaptive => {
                self.critical_stop(limits).or_else(|| self.weigh_signs(limits, reach))
            }
            FailFast::Immediate
            | FailFast::Category
            | FailFast::Layer
            | FailFast::Disabled
            | FailFast::Phase => None,
        };
        reason.map(|reason| format!("{reason} (fail-fast: {})", rule.as_str()))
    }

    fn critical_stop(&self, limits: &FailureLimits) -> Option<String> {
        let reached = self.critical >= limits.critical_failures;
        reached.then(|| match self.critical {
            1 => "a critical test failed".to_owned(),
            count => format!("{count} critical tests failed"),
        })
    }

    fn failed(&self) -> f64 {
        halved(self.halves)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of tests are far below 2^52")]
    fn results(&self) -> f64 {
        self.window.len() as f64
    }

    /// Enough results within the window, and too many of them failed.
    fn share_stop(&self, limits: &FailureLimits) -> Option<String> {
        let enough = self.window.len() >= limits.least_results as usize;
        let share = self.failed() / self.results();
        (enough && share > limits.share).then(|| {
            format!(
                "{} of the last {} tests failed, more than {}",
                self.failed(),
                self.window.len(),
                percent(limits.share)
            )
        })
    }

    /// Two signs stop; one stops when it is sure.
    fn weigh_signs(&self, limits: &FailureLimits, reach: impl FnOnce() -> Reach) -> Option<String> {
        let mut signs: Vec<Sign> =
            [self.row_sign(limits), self.share_sign(limits)].into_iter().flatten().collect();
        // The reach is never sure by itself: its threshold is half of what it can be at most.
        if signs.len() == 1 && signs[0].confidence <= SURE {
            signs.extend(reach_sign(reach()));
        }
        let stops = signs.len() >= 2 || signs.iter().any(|sign| sign.confidence > SURE);
        let said: Vec<String> = signs.into_iter().map(|sign| sign.said).collect();
        stops.then(|| said.join(", and "))
    }

    /// Failures in a row.
    fn row_sign(&self, limits: &FailureLimits) -> Option<Sign> {
        let least = f64::from(limits.in_a_row);
        let row = halved(self.row);
        (row >= least).then(|| Sign {
            confidence: 1.0 - least / row,
            said: format!("{row} tests in a row failed"),
        })
    }

    /// The failed share, as low as chance allows it to be.
    fn share_sign(&self, limits: &FailureLimits) -> Option<Sign> {
        let low = lower_bound(self.failed(), self.results());
        (low > limits.share).then(|| Sign {
            confidence: 1.0 - limits.share / low,
            said: format!(
                "{} of the last {} tests failed, surely more than {}",
                self.failed(),
                self.window.len(),
                percent(limits.share)
            ),
        })
    }
}

/// One thing that speaks for a general failure.
struct Sign {
    /// How far the threshold is exceeded: 1 - threshold / observed value.
    confidence: f64,
    said: String,
}

fn reach_sign(reach: Reach) -> Option<Sign> {
    let share = f64::from(reach.behind_failed) / f64::from(reach.waiting);
    (reach.waiting > 0 && share >= FAR).then(|| Sign {
        confidence: 1.0 - FAR / share,
        said: format!(
            "{} of {} waiting categories depend on failed ones",
            reach.behind_failed, reach.waiting
        ),
    })
}

/// The lower end of Wilson's interval of 95 % for a share (E. B. Wilson, "Probable Inference, the
/// Law of Succession, and Statistical Inference", 1927).
fn lower_bound(hits: f64, of: f64) -> f64 {
    if of <= 0.0 {
        return 0.0;
    }
    let share = hits / of;
    let square = Z * Z;
    let middle = share + square / (2.0 * of);
    let spread = Z * (share * (1.0 - share) / of + square / (4.0 * of * of)).sqrt();
    (middle - spread) / (1.0 + square / of)
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests are far below 2^52")]
fn halved(halves: u64) -> f64 {
    halves as f64 / 2.0
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}
