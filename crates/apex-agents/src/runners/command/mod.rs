//! A program that the user wrote down, with or without a report of its own.
//!
//! Without a report the program is one test, named like its category. With one, the cases come
//! from the report, and the exit code has to agree with it. This path is hot: a category may be
//! ten thousand trivial programs, so nothing is allocated that the outcome does not need.

mod ctrf;
mod events;
mod fill;
mod junit;
mod listed;
mod reported;
mod reporting;
mod tap;

use std::time::Duration;

use apex_config::model::CommandLine;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::plan::Work;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

pub use reported::{Reported, ReportedTest, read_report};

pub(crate) use reported::Collector;

use self::fill::Template;
use self::listed::{ListedCommand, Settings};
use self::reporting::{Plan, ReportingCommand};
use super::context::SessionContext;
use super::ledger::{End, bare_case};
use super::session::{Invocation, Session, Step};
use super::text::Tail;

/// How much of a program's output explains its failure, in bytes.
const TAIL: usize = 8 * 1024;

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>) -> Box<dyn Session> {
    let Work::Command { command, discover, report } = &context.spec.work else {
        return Box::new(NoCommand);
    };
    let template = Template::new(command, context.spec.shard);
    let folder = context.spec.working_directory.to_string();
    let only = context.only.map(<[_]>::to_vec);
    if let Some(discover) = discover.as_ref().filter(|_| command.names_tests()) {
        let settings = Settings {
            template,
            folder,
            category: context.category.to_owned(),
            report: report.clone(),
            shard: context.spec.shard,
            only,
        };
        return Box::new(ListedCommand::new(settings, discover));
    }
    let arguments = template.arguments(context.only.unwrap_or_default());
    if report.is_none() && !writes_out(&arguments) {
        return Box::new(PlainCommand {
            program: Some(invocation(arguments, &folder)),
            case: synthetic_case(context),
            now: Duration::ZERO,
            started: None,
            tail: Tail::default(),
        });
    }
    Box::new(ReportingCommand::new(Plan {
        programs: [invocation(arguments, &folder)].into(),
        report: report.clone(),
        folder,
        only,
        expected: Vec::new(),
    }))
}

fn invocation(arguments: Vec<String>, folder: &str) -> Invocation {
    Invocation { arguments, working_directory: folder.to_owned(), ..Invocation::default() }
}

/// Whether a program writes its report to the file that Apex makes up.
fn writes_out(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument.contains("{out}"))
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
