//! A command with two templates: the tests are listed first, then run by their ids.
//!
//! With a report, all ids go to as few programs as the length of arguments allows. Without one,
//! each test is a program of its own, and its exit code is its outcome.

use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;

use super::fill::Template;
use super::reporting::{Plan, ReportingCommand};
use super::{complaint, invocation};
use crate::runners::discover;
use crate::runners::ledger::{End, Ledger, bare_case};
use crate::runners::session::{Invocation, Session, Step};
use crate::runners::text::{Lines, Tail};

/// Most bytes of ids that one program gets: the system takes 128 KiB as one argument.
const LENGTH: usize = 96 * 1024;

/// What a session is told.
pub(super) struct Settings {
    pub(super) template: Template,
    pub(super) folder: String,
    pub(super) category: String,
    pub(super) report: Option<String>,
    pub(super) shard: Option<(u32, u32)>,
    /// The ids of a retry, which need no list.
    pub(super) only: Option<Vec<Arc<str>>>,
}

pub(super) struct ListedCommand {
    settings: Settings,
    discover: Option<Invocation>,
    lines: Lines,
    ids: Vec<Arc<str>>,
    /// What runs the tests, once they are known.
    runs: Option<Box<dyn Session>>,
    now: Duration,
}

impl ListedCommand {
    pub(super) fn new(settings: Settings, discover: &[String]) -> Self {
        let discover = settings.only.is_none().then(|| Invocation {
            arguments: discover.to_vec(),
            working_directory: settings.folder.clone(),
            ..Invocation::default()
        });
        let ids = settings.only.clone().unwrap_or_default();
        Self { settings, discover, lines: Lines::default(), ids, runs: None, now: Duration::ZERO }
    }

    fn line(ids: &mut Vec<Arc<str>>, line: &str) {
        let id = line.trim();
        if !id.is_empty() {
            ids.push(id.into());
        }
    }

    /// The list is there: the session that runs what of it is for this shard.
    fn begin(&mut self, reports: &mut Vec<JobReport>) -> Step {
        let (number, count) = self.settings.shard.unwrap_or((1, 1));
        let skipped = number.saturating_sub(1) as usize;
        let ids = std::mem::take(&mut self.ids);
        let mine = ids.into_iter().skip(skipped).step_by(count.max(1) as usize);
        let mine: Vec<Arc<str>> = mine.collect();
        if mine.is_empty() {
            return Step::NothingToRun;
        }
        let mut runs = self.session(mine);
        runs.clock(self.now);
        let step = runs.next(None, reports);
        self.runs = Some(runs);
        step
    }

    fn session(&self, ids: Vec<Arc<str>>) -> Box<dyn Session> {
        let Settings { template, folder, category, report, only, .. } = &self.settings;
        if report.is_none() && !super::writes_out(&template.arguments(&[])) {
            let (template, folder) = (template.clone(), folder.clone());
            return Box::new(EachByItself::new(template, folder, category, &ids));
        }
        let program = |ids: &[Arc<str>]| invocation(template.arguments(ids), folder);
        let programs = parts(&ids).into_iter().map(program).collect();
        let plan = Plan {
            programs,
            report: report.clone(),
            folder: folder.clone(),
            only: only.clone(),
            expected: if only.is_none() { ids } else { Vec::new() },
        };
        Box::new(ReportingCommand::new(plan))
    }
}

/// Ids in as few groups as their length allows.
fn parts(ids: &[Arc<str>]) -> Vec<&[Arc<str>]> {
    let mut parts = Vec::new();
    let (mut begin, mut length) = (0, 0);
    for (at, id) in ids.iter().enumerate() {
        // Quotes and the space between two.
        let more = id.len() + 3;
        if at > begin && length + more > LENGTH {
            parts.push(&ids[begin..at]);
            (begin, length) = (at, 0);
        }
        length += more;
    }
    parts.push(&ids[begin..]);
    parts
}

impl Session for ListedCommand {
    fn clock(&mut self, now: Duration) {
        self.now = now;
        if let Some(runs) = &mut self.runs {
            runs.clock(now);
        }
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(runs) = &mut self.runs {
            return runs.next(ended, reports);
        }
        if let Some(discover) = self.discover.take() {
            return Step::Run(discover);
        }
        let Self { lines, ids, .. } = self;
        lines.finish(|line| Self::line(ids, line));
        match discover::problem(ended) {
            Some(reason) => Step::Unable { reason },
            None => self.begin(reports),
        }
    }

    fn stopping(&mut self, reports: &mut Vec<JobReport>) {
        if let Some(runs) = &mut self.runs {
            runs.stopping(reports);
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        match &mut self.runs {
            Some(runs) => runs.output(stream, bytes, reports),
            None if stream == Stream::Stdout => {
                let Self { lines, ids, .. } = self;
                lines.feed(bytes, |line| Self::line(ids, line));
            }
            None => {}
        }
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        if let Some(runs) = &mut self.runs {
            runs.event_line(line, reports);
        }
    }

    fn report_file(&mut self, path: &str, content: &[u8], reports: &mut Vec<JobReport>) {
        if let Some(runs) = &mut self.runs {
            runs.report_file(path, content, reports);
        }
    }
}

/// One program for each test.
struct EachByItself {
    template: Template,
    folder: String,
    /// Its number in the ledger.
    running: Option<u32>,
    /// The number of the test that comes next.
    next: u32,
    ledger: Ledger,
    known: Vec<JobReport>,
    tail: Tail<{ super::TAIL }>,
}

impl EachByItself {
    fn new(template: Template, folder: String, suite: &str, ids: &[Arc<str>]) -> Self {
        let mut ledger = Ledger::default();
        let mut known = Vec::new();
        let cases = ids.iter().map(|id| bare_case(id, suite)).collect();
        ledger.discover(cases, &mut known);
        Self { template, folder, running: None, next: 0, ledger, known, tail: Tail::default() }
    }
}

impl Session for EachByItself {
    fn clock(&mut self, now: Duration) {
        self.ledger.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        reports.append(&mut self.known);
        if let (Some(number), Some(end)) = (self.running.take(), ended) {
            if let ProcessEnd::NotStarted(reason) = end {
                return Step::Unable { reason: reason.clone() };
            }
            let end = match complaint(end) {
                None => End::of(Outcome::Passed, None),
                Some(how) => {
                    let failed = End::of(Outcome::Failed, None).because(how);
                    End { details: self.tail.text(), ..failed }
                }
            };
            self.ledger.end_number(number, end, reports);
        }
        let Some(id) = self.ledger.id(self.next) else {
            return Step::Finish { problem: self.ledger.excess() };
        };
        let arguments = self.template.arguments(std::slice::from_ref(id));
        self.tail = Tail::default();
        self.ledger.start_number(self.next, reports);
        self.running = Some(self.next);
        self.next += 1;
        Step::Run(invocation(arguments, &self.folder))
    }

    fn output(&mut self, _stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        self.tail.feed(bytes);
    }
}
