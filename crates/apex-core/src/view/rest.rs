//! How long what is left of a run may take, judged while it goes on.
//!
//! It rests on the prediction that the plan carries, and on the share of the predicted work that is
//! done. What was not predicted is not known, and is said so. A job that takes longer than expected
//! counts as nearly done, so the answer stands still rather than starting to grow; the pace of the
//! run so far corrects it slowly, so that it does not jump.

use std::time::Duration;

use super::{Progress, RunView};
use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::time::Moment;

/// The part of a prediction that the pace seen so far is mixed with: the pace of the first tests
/// says little.
const TRUST: f64 = 0.5;

/// How much of a running job may count as done.
const NEARLY: f64 = 0.95;

impl RunView {
    /// How long what is left of the run is expected to take at the moment `now`; `None` when no
    /// earlier run teaches that, or the run does not go on.
    #[must_use]
    pub fn remaining(&self, now: Moment) -> Option<Duration> {
        if self.result().is_some() || self.identity().is_none() {
            return None;
        }
        let predicted = self.plan().prediction.as_ref()?.expected;
        let all = (0..self.jobs().len()).map(JobIx::at);
        Some(rest(predicted, self.spent(now), self.share_done(all, now)?))
    }

    /// The same for a layer that runs.
    #[must_use]
    pub fn layer_remaining(&self, layer: LayerIx, now: Moment) -> Option<Duration> {
        let view = self.layers().get(layer.position())?;
        if !view.progress.is_running() {
            return None;
        }
        let predicted = self.plan().prediction.as_ref()?.layers.get(layer.position())?.expected;
        let planned = self.plan().layers.get(layer.position())?;
        let jobs = planned.categories.iter().flat_map(|&category| self.jobs_in(category));
        Some(rest(predicted, view.progress.spent(now), self.share_done(jobs, now)?))
    }

    fn jobs_in(&self, category: CategoryIx) -> impl Iterator<Item = JobIx> + use<'_> {
        let known = category.position() < self.plan().categories.len();
        known.then(|| self.plan().jobs_of(category)).into_iter().flatten()
    }

    /// The share of the expected work of these jobs that is done; `None` when nothing is expected
    /// of any of them. A job that no run knows is taken for as long as the others on average.
    fn share_done(&self, jobs: impl Iterator<Item = JobIx>, now: Moment) -> Option<f64> {
        let (mut known, mut work, mut done) = (0_u32, 0.0, 0.0);
        let (mut unknown, mut unknown_done) = (0_u32, 0.0);
        for job in jobs {
            let Some(view) = self.jobs().get(job.position()) else { continue };
            let planned = self.plan().jobs.get(job.position());
            match planned.and_then(|planned| planned.forecast) {
                Some(forecast) => {
                    let expected = forecast.expected.as_secs_f64().max(1e-3);
                    let share = match &view.progress {
                        Progress::Waiting => 0.0,
                        Progress::Running { since } => {
                            (now.since(*since).as_secs_f64() / expected).min(NEARLY)
                        }
                        Progress::Finished { .. } => 1.0,
                    };
                    known += 1;
                    work += expected;
                    done += share * expected;
                }
                None => {
                    unknown += 1;
                    unknown_done += f64::from(u8::from(view.progress.ending().is_some()));
                }
            }
        }
        if known == 0 {
            return None;
        }
        let usual = work / f64::from(known);
        Some((done + unknown_done * usual) / (work + f64::from(unknown) * usual))
    }
}

/// What is left of a predicted duration, at the pace of what was done.
fn rest(predicted: Duration, spent: Duration, share: f64) -> Duration {
    let (predicted, spent) = (predicted.as_secs_f64().max(1e-3), spent.as_secs_f64());
    let trust = TRUST * predicted;
    let pace = (spent + trust) / (share * predicted + trust);
    crate::estimate::seconds((1.0 - share) * predicted * pace)
}
