//! A program that the user wrote down, with or without a report of its own.
//!
//! Without a report the program is one test, named like its category. With one, the cases come
//! from the report, and the exit code has to agree with it. This path is hot: a category may be
//! ten thousand trivial programs, so nothing is allocated that the outcome does not need.

mod ctrf;
mod fill;
mod junit;
mod reported;
mod tap;

use std::time::Duration;

use apex_config::model::CommandLine;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::plan::Work;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

pub use reported::{Reported, ReportedTest, read_report};

use self::reported::Collector;
use self::tap::TapReader;
use super::context::SessionContext;
use super::ledger::{End, bare_case};
use super::session::{Invocation, Session, Step};
use super::text::{Lines, Tail, first_line};

/// How much of a program's output explains its failure, in bytes.
const TAIL: usize = 8 * 1024;

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>) -> Box<dyn Session> {
    let Work::Command { command, report } = &context.spec.work else {
        return Box::new(NoCommand);
    };
    let mut program = Invocation {
        arguments: fill::arguments(command, context),
        working_directory: context.spec.working_directory.to_string(),
        ..Invocation::default()
    };
    let writes_out = program.arguments.iter().any(|argument| argument.contains("{out}"));
    match report.as_deref() {
        None if !writes_out => Box::new(PlainCommand {
            program: Some(program),
            case: synthetic_case(context),
            now: Duration::ZERO,
            started: None,
            tail: Tail::default(),
        }),
        report => {
            let wanted = report.unwrap_or("{out}");
            let tap = (wanted == "stdout").then(TapReader::default);
            if tap.is_none() {
                program.report_files.push(wanted.to_owned());
            }
            Box::new(ReportingCommand {
                program: Some(program),
                report: wanted.to_owned(),
                tap,
                lines: Lines::default(),
                files: 0,
                collector: Collector::new(context.only, &context.spec.working_directory),
                tail: Tail::default(),
            })
        }
    }
}

/// What a command without a list of its tests is known as before it runs.
pub(crate) fn synthetic_case(context: &SessionContext<'_>) -> TestCase {
    match context.spec.shard {
        None => bare_case(context.category, context.category),
        Some((number, count)) => {
            bare_case(&format!("{} [{number}/{count}]", context.category), context.category)
        }
    }
}

/// A program for people: as it was written.
pub(crate) fn shown(command: &CommandLine) -> Vec<String> {
    match command {
        CommandLine::Arguments(arguments) => arguments.clone(),
        CommandLine::Shell(text) => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
    }
}

/// A job of a framework that was taken for a command; the planner makes none.
struct NoCommand;

impl Session for NoCommand {
    fn next(&mut self, _ended: Option<&ProcessEnd>, _reports: &mut Vec<JobReport>) -> Step {
        let problem = "the runner is `command`, and no command is given".to_owned();
        Step::Finish { problem: Some(problem) }
    }
}

/// How a program ended, when not with 0.
fn complaint(end: &ProcessEnd) -> Option<String> {
    match end {
        ProcessEnd::Exited(0) => None,
        ProcessEnd::Exited(code) => Some(format!("exit code {code}")),
        ProcessEnd::Signalled(signal) => Some(format!("signal {signal}")),
        ProcessEnd::NotStarted(why) => Some(why.clone()),
    }
}

struct PlainCommand {
    program: Option<Invocation>,
    case: TestCase,
    now: Duration,
    started: Option<Duration>,
    tail: Tail<TAIL>,
}

impl PlainCommand {
    fn judge(&self, end: &ProcessEnd) -> End {
        let duration = self.started.and_then(|started| self.now.checked_sub(started));
        let Some(message) = complaint(end) else { return End::of(Outcome::Passed, duration) };
        End { details: self.tail.text(), ..End::of(Outcome::Failed, duration).because(message) }
    }
}

impl Session for PlainCommand {
    fn clock(&mut self, now: Duration) {
        self.now = now;
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        match (self.program.take(), ended) {
            (Some(program), _) => {
                self.started = Some(self.now);
                reports.push(JobReport::Discovered(vec![self.case.clone()]));
                reports.push(JobReport::TestStarted { test: 0 });
                Step::Run(program)
            }
            // Nothing of it ran, so there is nothing to say about the test.
            (None, Some(ProcessEnd::NotStarted(why))) => Step::Unable { reason: why.clone() },
            (None, ended) => {
                if let Some(end) = ended {
                    let report = self.judge(end).into_report();
                    reports.push(JobReport::TestFinished { test: 0, report });
                }
                Step::Finish { problem: None }
            }
        }
    }

    fn output(&mut self, _stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        self.tail.feed(bytes);
    }
}

struct ReportingCommand {
    program: Option<Invocation>,
    report: String,
    tap: Option<TapReader>,
    lines: Lines,
    files: u32,
    collector: Collector,
    tail: Tail<TAIL>,
}

impl ReportingCommand {
    /// What is wrong beyond failed tests. The worse of exit code and report counts.
    fn problem(&mut self, end: &ProcessEnd, reports: &mut Vec<JobReport>) -> Option<String> {
        let complaint = complaint(end);
        if self.tap.is_none() && self.files == 0 {
            let what = if self.report == "{out}" { "the file {out}" } else { &self.report };
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
    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(program) = self.program.take() {
            return Step::Run(program);
        }
        let Some(end) = ended else { return Step::Finish { problem: None } };
        if let Some(tap) = &mut self.tap {
            self.lines.finish(|line| tap.line(line));
            let rest = tap.finish();
            self.collector.take(rest, "stdout", reports);
        }
        Step::Finish { problem: self.problem(end, reports) }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        self.tail.feed(bytes);
        if let (Some(tap), Stream::Stdout) = (&mut self.tap, stream) {
            self.lines.feed(bytes, |line| tap.line(line));
            self.collector.take(tap.ready(), "stdout", reports);
        }
    }

    fn report_file(&mut self, path: &str, content: &[u8], reports: &mut Vec<JobReport>) {
        self.files += 1;
        self.collector.take(read_report(content), path, reports);
    }
}
