//! What a start costs beside the memory of the one who starts:
//! `spawn_memory MIB COUNT FOLDER`.
//!
//! Touches so many MiB, then starts `/bin/true` COUNT times in the folder through the local
//! executor, one after the other. The answer is one line: CPU time in microseconds for each
//! start, that of the programs included and that of touching the memory not.

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_agents::executor::{Executor, JobRules, LocalExecutor, LocalSettings, Submission};
use apex_agents::runners::{Invocation, Session, Step};
use apex_core::event::ProcessEnd;
use apex_core::report::JobReport;
use apex_core::{AttemptNumber, JobIx, RunId};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

const MIB: usize = 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: spawn_memory MIB COUNT FOLDER";
    let mut arguments = std::env::args().skip(1);
    let mib: usize = arguments.next().ok_or(usage)?.parse()?;
    let count: u32 = arguments.next().ok_or(usage)?.parse()?;
    let folder = PathBuf::from(arguments.next().ok_or(usage)?).canonicalize()?;
    // Not zero: zeros would be given out by the system without memory behind them.
    let memory = vec![1_u8; mib * MIB];
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let before = used()?;
    runtime.block_on(start(count, folder))?;
    let each = (used()? - before) / i64::from(count);
    black_box(memory);
    writeln!(std::io::stdout(), "{each}")?;
    Ok(())
}

/// CPU time of this process and of all it waited for, in microseconds.
fn used() -> Result<i64, Box<dyn Error>> {
    let mut sum = 0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who)?;
        sum += usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    }
    Ok(sum)
}

async fn start(count: u32, folder: PathBuf) -> Result<(), Box<dyn Error>> {
    let plan = apex_benches::plan_of_commands(1, 1)?;
    let spec = plan.jobs.first().ok_or("the plan has no job")?.spec.clone();
    let log = folder.join("spawn_memory.log");
    let mut executor = LocalExecutor::new(LocalSettings {
        root: folder,
        base_env: Arc::new(std::env::vars().collect()),
        temporary: std::env::temp_dir(),
        sessions: Arc::new(|_| Box::new(Once(true))),
    });
    let mut reports = executor.reports().ok_or("the reports were taken")?;
    for number in 0..count {
        executor.submit(Submission {
            run: RunId::new("measurement"),
            job: JobIx(number),
            attempt: AttemptNumber::FIRST,
            category: "measurement".into(),
            spec: spec.clone(),
            only: None,
            env: Vec::new(),
            log: log.clone(),
            grace: Duration::from_secs(1),
            allowance: std::sync::Arc::default(),
            rules: JobRules::default(),
            lot: None,
        });
        let (.., report) =
            reports.recv().await.and_then(|mut batch| batch.pop()).ok_or("no end")?;
        let JobReport::Ended(end) = report else { return Err("a program wrote".into()) };
        if end.end != ProcessEnd::Exited(0) {
            return Err(format!("a program ended badly: {:?}", end.end).into());
        }
    }
    executor.shutdown(tokio::time::Instant::now() + Duration::from_secs(1)).await;
    Ok(())
}

/// Runs one program and says nothing.
struct Once(bool);

impl Session for Once {
    fn next(&mut self, _: Option<&ProcessEnd>, _: &mut Vec<JobReport>) -> Step {
        if std::mem::take(&mut self.0) {
            let arguments = vec!["/bin/true".to_owned()];
            Step::Run(Invocation { arguments, ..Invocation::default() })
        } else {
            Step::Finish { problem: None }
        }
    }
}
