//! Runners on recorded text: what foreign programs really wrote, and what nobody should write.

mod cargo;
mod contradictions;
mod garbage;
mod invocations;
mod node;
mod pieces;
mod reports;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use apex_agents::runners::{Invocation, Session, SessionContext, Step, Tools, session_for};
use apex_config::model::{CommandLine, RunnerKind};
use apex_core::event::ProcessEnd;
use apex_core::plan::{JobSpec, Work};
use apex_core::report::JobReport;

/// A job for all tests of a framework in the folder `web` or the root.
fn job(runner: RunnerKind) -> JobSpec {
    let work = Work::Tests {
        paths: Vec::new(),
        markers: None,
        keyword: None,
        ignore: Vec::new(),
        arguments: Vec::new(),
    };
    let working_directory = "".into();
    JobSpec {
        runner,
        working_directory,
        work,
        env: Arc::default(),
        shard: None,
        part: None,
        found_by: "".into(),
    }
}

fn command(text: &str, report: Option<&str>) -> JobSpec {
    let command = CommandLine::Shell(text.to_owned());
    let work = Work::Command { command, discover: None, report: report.map(str::to_owned) };
    JobSpec { work, ..job(RunnerKind::Command) }
}

fn session(spec: &JobSpec, only: Option<&[&str]>, tools: &Tools) -> Box<dyn Session> {
    let only: Option<Vec<Arc<str>>> = only.map(|ids| ids.iter().map(|id| (*id).into()).collect());
    let env = BTreeMap::from([("PYTHONPATH".to_owned(), "/own".to_owned())]);
    let context = SessionContext {
        spec,
        category: "sample",
        only: only.as_deref(),
        tools,
        env: &env,
        project_root: Path::new("/p"),
    };
    session_for(&context)
}

/// The program that a session wants next.
fn program(session: &mut dyn Session, ended: Option<&ProcessEnd>) -> Invocation {
    match session.next(ended, &mut Vec::new()) {
        Step::Run(program) => program,
        over => panic!("no program: {over:?}"),
    }
}

/// Every report as a line: `+id`, `>id`, `=id outcome message`.
fn lines(reports: &[JobReport]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut lines = Vec::new();
    for report in reports {
        match report {
            JobReport::Discovered(cases) => {
                ids.extend(cases.iter().map(|case| case.id.clone()));
            }
            JobReport::TestFinished { test, report } => {
                let message =
                    report.failure.as_ref().map_or("", |failure| failure.message.as_str());
                let line = format!("{} {} {message}", ids[*test as usize], report.outcome);
                lines.push(line.trim_end().to_owned());
            }
            _ => {}
        }
    }
    lines
}
