//! The `discover` program of a command category: it prints one test id a line.

use apex_config::model::CommandLine;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;

use super::command::{shown, synthetic_case};
use super::context::SessionContext;
use super::ledger::{Ledger, bare_case};
use super::session::{Invocation, Session, Step};
use super::text::Lines;

/// Names the tests of a command.
pub(crate) fn session(
    context: &SessionContext<'_>,
    discover: Option<&CommandLine>,
) -> Box<dyn Session> {
    let mut session = Discover {
        program: discover.map(|command| Invocation {
            arguments: shown(command),
            working_directory: context.spec.working_directory.to_string(),
            ..Invocation::default()
        }),
        suite: context.category.to_owned(),
        lines: Lines::default(),
        ledger: Ledger::default(),
        known: Vec::new(),
    };
    if session.program.is_none() {
        session.known.push(JobReport::Discovered(vec![synthetic_case(context)]));
    }
    Box::new(session)
}

struct Discover {
    program: Option<Invocation>,
    suite: String,
    lines: Lines,
    ledger: Ledger,
    known: Vec<JobReport>,
}

impl Discover {
    fn line(ledger: &mut Ledger, suite: &str, line: &str, reports: &mut Vec<JobReport>) {
        let id = line.trim();
        if !id.is_empty() {
            ledger.discover(vec![bare_case(id, suite)], reports);
        }
    }
}

impl Session for Discover {
    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(program) = self.program.take() {
            return Step::Run(program);
        }
        reports.append(&mut self.known);
        let Self { lines, ledger, suite, .. } = self;
        lines.finish(|line| Self::line(ledger, suite, line, reports));
        Step::Finish { problem: problem(ended) }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        let Self { lines, ledger, suite, .. } = self;
        if stream == Stream::Stdout {
            lines.feed(bytes, |line| Self::line(ledger, suite, line, reports));
        }
    }
}

/// What is wrong with the end of a program that lists tests.
pub(crate) fn problem(ended: Option<&ProcessEnd>) -> Option<String> {
    match ended {
        None | Some(ProcessEnd::Exited(0)) => None,
        Some(ProcessEnd::Exited(code)) => Some(format!("`discover` ended with exit code {code}")),
        Some(ProcessEnd::Signalled(signal)) => {
            Some(format!("`discover` was killed by signal {signal}"))
        }
        Some(ProcessEnd::NotStarted(why)) => Some(why.clone()),
    }
}
