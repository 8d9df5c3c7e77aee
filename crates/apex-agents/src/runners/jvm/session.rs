//! The steps of one attempt of Maven or Gradle: its programs, and what their files amount to.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;

use super::console::ConsoleReader;
use crate::runners::command::{Collector, Reported, ReportedTest, read_report};
use crate::runners::session::{Invocation, Session, Step};
use crate::runners::text::{Lines, Tail, first_line};

pub(super) struct JvmSession {
    name: &'static str,
    root: String,
    waiting: VecDeque<Invocation>,
    collector: Collector,
    only: Option<HashSet<Arc<str>>>,
    console: ConsoleReader,
    files: u32,
    prints: Lines,
    errors: Lines,
    tail: Tail<4096>,
}

impl JvmSession {
    pub(super) fn new(
        kind: RunnerKind,
        root: String,
        programs: Vec<Invocation>,
        collector: Collector,
        only: Option<HashSet<Arc<str>>>,
    ) -> Self {
        Self {
            name: kind.as_str(),
            root,
            waiting: programs.into(),
            collector,
            only,
            console: ConsoleReader::default(),
            files: 0,
            prints: Lines::default(),
            errors: Lines::default(),
            tail: Tail::default(),
        }
    }

    /// What the programs amount to when the last one has ended.
    fn conclude(&mut self, end: &ProcessEnd, reports: &mut Vec<JobReport>) -> Step {
        if let ProcessEnd::NotStarted(reason) = end {
            return Step::Unable { reason: reason.clone() };
        }
        self.report_crashes(reports);
        let has_failed = *end != ProcessEnd::Exited(0);
        if self.files == 0 && self.console.crashed.is_empty() {
            return self.without_report(end);
        }
        let problem = self.collector.problem().or_else(|| {
            let compiler = self.console.compiler();
            compiler.map(|said| format!("a part of the build failed: {said}"))
        });
        let problem = problem
            .or_else(|| (has_failed && self.collector.bad() == 0).then(|| self.unexplained(end)));
        Step::Finish { problem: problem.or_else(|| self.lost()) }
    }

    /// Classes that ended their process, which wrote no file.
    fn report_crashes(&mut self, reports: &mut Vec<JobReport>) {
        let tests: Vec<ReportedTest> = std::mem::take(&mut self.console.crashed)
            .into_iter()
            .map(|class| ReportedTest {
                suite: class,
                outcome: Some(Outcome::Errored),
                message: "ended its Java process while it ran".to_owned(),
                details: self.tail.text(),
                ..ReportedTest::default()
            })
            .collect();
        if !tests.is_empty() {
            self.files += 1;
            self.collector.take_all(Reported { tests, problem: None }, "the console", reports);
        }
    }

    fn without_report(&self, end: &ProcessEnd) -> Step {
        match end {
            ProcessEnd::Exited(0) if self.console.has_no_tests => Step::NothingToRun,
            ProcessEnd::Exited(0) => Step::Finish {
                problem: Some(format!(
                    "{} ended with exit code 0 and wrote no report: {}",
                    self.name,
                    self.last_words()
                )),
            },
            end => Step::Unable {
                reason: match self.console.complaint() {
                    Some(said) => format!("the build failed: {said}"),
                    None => format!("the build failed: {}", self.unexplained(end)),
                },
            },
        }
    }

    fn unexplained(&self, end: &ProcessEnd) -> String {
        let how = match end {
            ProcessEnd::Exited(code) => format!("exit code {code}"),
            ProcessEnd::Signalled(signal) => format!("signal {signal}"),
            ProcessEnd::NotStarted(why) => why.clone(),
        };
        let said = self.console.complaint().map_or_else(|| self.last_words(), str::to_owned);
        format!("{} ended with {how}, and no test failed: {said}", self.name)
    }

    fn last_words(&self) -> String {
        let text = self.tail.text();
        let says = |line: &&str| !line.trim().is_empty();
        first_line(text.lines().rev().find(says).unwrap_or_default())
    }

    /// A test of a retry that did not come back.
    fn lost(&self) -> Option<String> {
        let only = self.only.as_ref().filter(|_| self.collector.bad() == 0)?;
        let lost = only.iter().filter(|id| !self.collector.knows(id)).min()?;
        Some(format!("a test to run again was not found: {lost}"))
    }
}

impl Session for JvmSession {
    fn clock(&mut self, now: Duration) {
        self.collector.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        let Self { prints, errors, console, root, .. } = self;
        prints.finish(|line| console.line(line, root));
        errors.finish(|line| console.line(line, root));
        match (self.waiting.pop_front(), ended) {
            (Some(program), _) => Step::Run(program),
            (None, Some(end)) => self.conclude(end, reports),
            (None, None) => Step::Finish { problem: None },
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        self.tail.feed(bytes);
        let Self { prints, errors, console, root, .. } = self;
        let lines = match stream {
            Stream::Stdout => prints,
            Stream::Stderr => errors,
        };
        lines.feed(bytes, |line| console.line(line, root));
    }

    fn report_file(&mut self, path: &str, content: &[u8], reports: &mut Vec<JobReport>) {
        self.files += 1;
        self.collector.take(read_report(content), path, reports);
    }
}
