//! The part of a terminal that changes in place: layers against their budgets, services, what runs
//! or what people asked to see, totals.
//!
//! A pure function of view, time, size and options. Room is given by importance: totals first,
//! then layers, services, and what runs.

mod layers;
mod panels;
mod running;
mod services;
mod totals;

use apex_core::{Moment, RunView};

use super::line::{Line, Style};
use super::panel::Panel;
use super::tail::Tails;

pub(super) use running::running;

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the doc of the type says it")]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

impl Size {
    /// What is assumed where the terminal does not say.
    pub const DEFAULT: Self = Self { columns: 80, rows: 24 };
}

/// What a frame is made with, beside the view.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// How large the terminal is.
    pub size: Size,
    /// How lines look.
    pub style: Style,
    /// What people asked to see.
    pub panel: Panel,
    /// What running jobs wrote last.
    pub tails: &'a Tails,
    /// Whether keys are read.
    pub has_keys: bool,
}

/// The lines of the changing part at the moment `now`. They fit the terminal: each is cut to one
/// column less than its width, and there are rows left for what scrolls above.
#[must_use]
pub fn frame(view: &RunView, now: Moment, look: &Look<'_>) -> Vec<Line> {
    let Look { size, style, panel, .. } = *look;
    let columns = size.columns.saturating_sub(1);
    let mut lines = match size.rows {
        0..=1 => Vec::new(),
        2..=4 => above_totals(view, now, look, size.rows - 2),
        rows => above_totals(view, now, look, rows - 3),
    };
    if size.rows > 1 {
        lines.push(match panel {
            Panel::Skip { layer } => panels::question(view, layer),
            _ => totals::line(view, now, look),
        });
    }
    lines.into_iter().map(|line| line.cut(columns, style)).collect()
}

/// The lines above the totals; at most so many.
fn above_totals(view: &RunView, now: Moment, look: &Look<'_>, room: usize) -> Vec<Line> {
    let is_open = !matches!(look.panel, Panel::Closed | Panel::Skip { .. });
    let below = if is_open { room.div_ceil(2) } else { (room / 3).min(running(view).len()) };
    let mut lines = layers::lines(view, now, look, room - below);
    let left = room - lines.len();
    lines.extend(services::line(view, now).filter(|_| left > below));
    let left = room - lines.len();
    lines.extend(match look.panel {
        Panel::Closed | Panel::Skip { .. } => running::lines(view, now, left, look.style, None),
        Panel::Running { chosen } => running::lines(view, now, left, look.style, Some(chosen)),
        Panel::Help => panels::help(left),
        Panel::Output { job } => panels::output(view, now, job, look, left),
        Panel::Failures => panels::failures(view, left),
    });
    lines
}
