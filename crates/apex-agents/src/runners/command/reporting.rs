//! A command whose tests are told by a report: files, TAP on its standard output, or events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;

use super::events::{self, BREAKS_OFF, Said};
use super::reported::{Collector, read_report};
use super::tap::TapReader;
use super::{TAIL, complaint};
use crate::runners::session::{Invocation, Session, Step};
use crate::runners::text::{Lines, Tail, first_line};

/// What is to be run and read.
pub(super) struct Plan {
    pub(super) programs: VecDeque<Invocation>,
    /// Where the results are; the file `{out}` when nothing is said.
    pub(super) report: Option<String>,
    pub(super) folder: String,
    /// The ids of a retry.
    pub(super) only: Option<Vec<Arc<str>>>,
    /// Ids that were listed and have to come back.
    pub(super) expected: Vec<Arc<str>>,
}

pub(super) struct ReportingCommand {
    waiting: VecDeque<Invocation>,
    report: String,
    source: Source,
    lines: Lines,
    files: u32,
    collector: Collector,
    expected: Vec<Arc<str>>,
    tail: Tail<TAIL>,
    problem: Option<String>,
}

/// How the results of the running program come.
enum Source {
    Files,
    Tap(Box<TapReader>),
    Events { has_begun: bool, is_done: bool },
}

impl Source {
    fn of(report: &str) -> Self {
        match report {
            "stdout" => Self::Tap(Box::default()),
            events::WORD => Self::Events { has_begun: false, is_done: false },
            _ => Self::Files,
        }
    }
}

impl ReportingCommand {
    pub(super) fn new(plan: Plan) -> Self {
        let report = plan.report.unwrap_or_else(|| "{out}".to_owned());
        Self {
            waiting: plan.programs,
            source: Source::of(&report),
            report,
            lines: Lines::default(),
            files: 0,
            collector: Collector::new(plan.only.as_deref(), &plan.folder),
            expected: plan.expected,
            tail: Tail::default(),
            problem: None,
        }
    }

    fn run_next(&mut self) -> Option<Step> {
        let mut program = self.waiting.pop_front()?;
        self.source = Source::of(&self.report);
        (self.files, self.tail) = (0, Tail::default());
        match self.source {
            Source::Files => program.report_files.push(self.report.clone()),
            Source::Events { .. } => program.event_channel = Some(events::VARIABLE),
            Source::Tap(_) => {}
        }
        Some(Step::Run(program))
    }

    /// What is wrong beyond failed tests. The worse of exit code and report counts.
    fn judge(&mut self, end: &ProcessEnd, reports: &mut Vec<JobReport>) -> Option<String> {
        let complaint = complaint(end);
        let is_missing = match &self.source {
            Source::Files => self.files == 0,
            Source::Events { has_begun, .. } => !has_begun,
            Source::Tap(_) => false,
        };
        if is_missing {
            let what = match self.report.as_str() {
                "{out}" => "the file {out}",
                events::WORD => events::VARIABLE,
                other => other,
            };
            let said = first_line(&self.tail.text());
            let ended = complaint.unwrap_or_else(|| "exit code 0".to_owned());
            return Some(
                format!("no report was written to {what} ({ended}) {said}").trim_end().to_owned(),
            );
        }
        if let Some(problem) = self.collector.problem() {
            return Some(problem);
        }
        match (complaint, self.collector.bad()) {
            (Some(complaint), 0) => Some(format!(
                "the command ended with {complaint} although no test of its report failed: {}",
                first_line(self.tail.text().lines().last().unwrap_or_default())
            )),
            (_, 0) if matches!(self.source, Source::Events { is_done: false, .. }) => {
                Some(BREAKS_OFF.to_owned())
            }
            (None, bad) if bad > 0 => {
                reports.push(JobReport::Note(format!(
                    "the command ended with exit code 0 although {bad} tests of its report failed"
                )));
                None
            }
            _ => None,
        }
    }
}

impl Session for ReportingCommand {
    fn clock(&mut self, now: Duration) {
        self.collector.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        let expected = std::mem::take(&mut self.expected);
        self.collector.expect(expected, reports);
        if let Some(end) = ended {
            if let Source::Tap(tap) = &mut self.source {
                self.lines.finish(|line| tap.line(line));
                let rest = tap.finish();
                self.collector.take(rest, "stdout", reports);
            }
            let problem = self.judge(end, reports);
            self.problem = self.problem.take().or(problem);
        }
        let step = self.run_next();
        step.unwrap_or_else(|| Step::Finish { problem: self.problem.take() })
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        self.tail.feed(bytes);
        if let (Source::Tap(tap), Stream::Stdout) = (&mut self.source, stream) {
            self.lines.feed(bytes, |line| tap.line(line));
            self.collector.take(tap.ready(), "stdout", reports);
        }
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        let Source::Events { has_begun, is_done } = &mut self.source else { return };
        let Some(said) = events::said(line) else { return };
        *has_begun = true;
        match said {
            Said::Discovered(tests) => self.collector.discover(&tests, reports),
            Said::Started(test) => self.collector.start(&test, reports),
            Said::Finished(test) => self.collector.end(test, reports),
            Said::Done => *is_done = true,
        }
    }

    fn report_file(&mut self, path: &str, content: &[u8], reports: &mut Vec<JobReport>) {
        self.files += 1;
        self.collector.take(read_report(content), path, reports);
    }
}
