//! What runs, the longest first.

use std::collections::HashSet;

use apex_core::{JobIx, Moment, RunView, TestIx};

use crate::console::line::{Label, Line, Style};
use crate::console::words;
use crate::text::harmless_line;

/// What runs and is shown without being asked for.
const SHOWN: usize = 8;

/// Something that runs.
pub(crate) struct Running {
    /// Since when.
    pub since: Moment,
    what: What,
}

enum What {
    Test(TestIx),
    Job(JobIx),
}

impl Running {
    pub(crate) fn name(&self, view: &RunView) -> String {
        match self.what {
            What::Test(test) => view.test(test).map_or_else(String::new, |test| {
                format!("{}: {}", words::category_of(view, test.job), harmless_line(&test.case.id))
            }),
            What::Job(job) => format!("{} (job {})", words::category_of(view, job), job.0),
        }
    }

    /// The job that it belongs to.
    pub(crate) fn job(&self, view: &RunView) -> Option<JobIx> {
        match self.what {
            What::Test(test) => view.test(test).map(|test| test.job),
            What::Job(job) => Some(job),
        }
    }

    /// How long it usually takes, where that is known: of tests, nobody says it to the display.
    fn usual(&self, view: &RunView) -> Option<String> {
        let What::Job(job) = self.what else { return None };
        let forecast = view.plan().jobs.get(job.position())?.forecast?;
        Some(format!("  usually {}", words::duration(forecast.expected)))
    }
}

/// What runs, longest first: tests, and jobs of which no test is known to run.
pub(crate) fn running(view: &RunView) -> Vec<Running> {
    let busy: HashSet<JobIx> =
        view.running_tests().filter_map(|(_, test)| view.test(test)).map(|test| test.job).collect();
    let tests = view.running_tests().map(|(since, test)| Running { since, what: What::Test(test) });
    let jobs = view
        .running_jobs()
        .filter(|(_, job)| !busy.contains(job))
        .map(|(since, job)| Running { since, what: What::Job(job) });
    let mut running: Vec<Running> = tests.chain(jobs).collect();
    running.sort_by_key(|running| running.since);
    running
}

/// The lines, at most so many. With a choice, everything that has room is shown, and what is
/// chosen is marked and always among it.
pub(super) fn lines(
    view: &RunView,
    now: Moment,
    room: usize,
    style: Style,
    chosen: Option<usize>,
) -> Vec<Line> {
    let running = running(view);
    let most = if chosen.is_some() { room } else { room.min(SHOWN) };
    let shown = match room {
        _ if running.len() <= most => running.len(),
        // What runs longest says more than how many there are.
        1 => 1,
        _ => most.min(room.saturating_sub(1)),
    };
    let chosen = chosen.map(|chosen| chosen.min(running.len().saturating_sub(1)));
    let first = chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(shown));
    let part = running.iter().enumerate().skip(first).take(shown);
    let mut lines: Vec<Line> = part
        .map(|(number, running)| {
            let time = words::duration(now.since(running.since));
            let mark = if chosen == Some(number) { ">" } else { " " };
            let mut line = Line::new()
                .with(Label::Strong, mark)
                .with(Label::Faint, format!(" {time:>7} "))
                .text(running.name(view));
            if let Some(usual) = running.usual(view) {
                line.push(Label::Faint, usual);
            }
            line
        })
        .collect();
    if shown < running.len() && room > 1 {
        let left = running.len() - shown;
        lines.push(
            Line::new().with(Label::Faint, format!("  {} and {left} more", style.ellipsis())),
        );
    }
    lines
}
