//! No text makes a runner panic or run for ever, and the pieces in which it arrives change nothing.
//!
//! The first byte chooses the runner, the second the size of the pieces; zero bytes end programs.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use apex_agents::runners::{SessionContext, Step, Tools, session_for};
use apex_config::model::{CommandLine, RunnerKind};
use apex_core::event::{ProcessEnd, Stream};
use apex_core::plan::{JobSpec, Work};
use libfuzzer_sys::fuzz_target;

/// More programs than any runner starts after nonsense.
const PROGRAMS: usize = 200;

fuzz_target!(|input: &[u8]| {
    let [which, size, text @ ..] = input else { return };
    let spec = job(*which);
    let whole = said(&spec, text, text.len().max(1));
    assert_eq!(said(&spec, text, usize::from(*size).max(1)), whole);
});

fn job(which: u8) -> JobSpec {
    let runners: Vec<RunnerKind> = RunnerKind::ALL.into_iter().collect();
    let runner = runners[usize::from(which) % runners.len()];
    let work = if runner == RunnerKind::Command {
        let command = CommandLine::Shell("x".to_owned());
        Work::Command { command, discover: None, report: Some("stdout".to_owned()) }
    } else {
        Work::Tests {
            paths: Vec::new(),
            markers: None,
            keyword: None,
            ignore: Vec::new(),
            arguments: Vec::new(),
        }
    };
    JobSpec {
        runner,
        working_directory: "".into(),
        work,
        env: Arc::default(),
        shard: None,
        part: None,
        found_by: "".into(),
    }
}

/// Everything that a session says of programs that write these texts.
fn said(spec: &JobSpec, text: &[u8], size: usize) -> String {
    let (env, tools) = (BTreeMap::new(), Tools::default());
    let mut session = session_for(&SessionContext {
        spec,
        category: "fuzz",
        only: None,
        tools: &tools,
        env: &env,
        project_root: Path::new("/p"),
    });
    let mut reports = Vec::new();
    let mut ended = None;
    let mut texts = text.split(|byte| *byte == 0);
    for _ in 0..PROGRAMS {
        let step = session.next(ended.as_ref(), &mut reports);
        let Step::Run(_) = step else { return format!("{reports:?} {step:?}") };
        for piece in texts.next().unwrap_or_default().chunks(size) {
            session.output(Stream::Stdout, piece, &mut reports);
        }
        ended = Some(ProcessEnd::Exited(0));
    }
    panic!("{:?} does not end", spec.runner);
}
