//! What people asked to see below the layers, and what their keys do.
//!
//! Pure: a panel, a key and the view give the next panel, and perhaps an order for the run. What a
//! panel looks like is said by `live/panels.rs`.

use apex_core::{JobIx, LayerIx, RunView};

use super::keys::Key;
use super::live::running;

/// What is shown below the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Panel {
    /// What runs, as much of it as fits.
    #[default]
    Closed,
    /// What the keys do.
    Help,
    /// Everything that runs, one of it chosen.
    Running {
        /// Which one, from 0, the longest first.
        chosen: usize,
    },
    /// What a job wrote last.
    Output {
        /// The job.
        job: JobIx,
    },
    /// What has failed so far.
    Failures,
    /// The question whether to skip the rest of a layer.
    Skip {
        /// The layer.
        layer: LayerIx,
    },
}

/// What people want of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// End it in order.
    Stop,
    /// Skip the rest of a layer.
    SkipLayer(LayerIx),
}

impl Panel {
    /// What a key makes of it. A key that means nothing here changes nothing.
    #[must_use]
    pub fn press(self, key: Key, view: &RunView) -> (Self, Option<Order>) {
        match (self, key) {
            (Self::Skip { layer }, Key::Char('y' | 'Y')) => {
                (Self::Closed, Some(Order::SkipLayer(layer)))
            }
            (Self::Skip { layer }, Key::Char('s')) => (ask_to_skip(view, Some(layer)), None),
            (Self::Skip { .. }, Key::Char('n' | 'N' | 'q') | Key::Escape | Key::Enter) => {
                (Self::Closed, None)
            }
            (Self::Skip { .. }, _) => (self, None),
            (_, Key::Char('q')) if view.interrupted().is_none() => (self, Some(Order::Stop)),
            (Self::Help, Key::Char('?')) | (Self::Failures, Key::Char('f')) => (Self::Closed, None),
            (Self::Running { .. }, Key::Char('t')) => (Self::Closed, None),
            (Self::Output { .. }, Key::Enter) => (Self::Closed, None),
            (_, Key::Escape) => (Self::Closed, None),
            (_, Key::Char('?')) => (Self::Help, None),
            (_, Key::Char('f')) => (Self::Failures, None),
            (_, Key::Char('t')) => (Self::Running { chosen: 0 }, None),
            (_, Key::Char('s')) => (ask_to_skip(view, None), None),
            (Self::Running { chosen }, Key::Up | Key::Char('k')) => {
                (Self::Running { chosen: chosen.saturating_sub(1) }, None)
            }
            (Self::Running { chosen }, Key::Down | Key::Char('j')) => {
                let last = running(view).len().saturating_sub(1);
                (Self::Running { chosen: (chosen + 1).min(last) }, None)
            }
            (Self::Running { chosen }, Key::Enter | Key::Char('o')) => (output(view, chosen), None),
            (Self::Output { job }, Key::Char('o')) => (next_output(view, job), None),
            (_, Key::Enter | Key::Char('o')) => (output(view, 0), None),
            _ => (self, None),
        }
    }

    /// The panel after something happened: a question about a layer that has ended is over, and so
    /// is a look at a job that has.
    #[must_use]
    pub fn still(self, view: &RunView) -> Self {
        let holds = match self {
            Self::Skip { layer } => {
                view.layers().get(layer.position()).is_some_and(|it| it.progress.is_running())
            }
            Self::Output { job } => {
                view.jobs().get(job.position()).is_some_and(|it| it.progress.is_running())
            }
            _ => true,
        };
        if holds { self } else { Self::Closed }
    }
}

/// The question about the first layer that runs behind another one, in a circle.
fn ask_to_skip(view: &RunView, after: Option<LayerIx>) -> Panel {
    let layers = view.layers().iter().enumerate();
    let running: Vec<LayerIx> = layers
        .filter(|(_, layer)| layer.progress.is_running() && !layer.skipped)
        .map(|(position, _)| LayerIx::at(position))
        .collect();
    let next = running.iter().find(|&&layer| Some(layer) > after).or(running.first());
    next.map_or(Panel::Closed, |&layer| Panel::Skip { layer })
}

/// The output of the job of something that runs.
fn output(view: &RunView, chosen: usize) -> Panel {
    let running = running(view);
    let job = running.get(chosen).and_then(|running| running.job(view));
    job.map_or(Panel::Closed, |job| Panel::Output { job })
}

/// The output of the next running job, in a circle.
fn next_output(view: &RunView, job: JobIx) -> Panel {
    let mut jobs: Vec<JobIx> = Vec::new();
    for next in running(view).iter().filter_map(|running| running.job(view)) {
        if !jobs.contains(&next) {
            jobs.push(next);
        }
    }
    let at = jobs.iter().position(|&other| other == job).map_or(0, |at| at + 1);
    jobs.get(at % jobs.len().max(1)).map_or(Panel::Closed, |&job| Panel::Output { job })
}
