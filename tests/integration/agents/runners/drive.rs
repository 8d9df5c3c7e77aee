//! Runs the session of a job by the local executor and gathers what it reported.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apex_agents::executor::{Ending, Executor, JobRules, LocalExecutor, LocalSettings, Submission};
use apex_agents::runners::{Session, SessionContext, Tools};
use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::event::ProcessEnd;
use apex_core::id::{AttemptNumber, JobIx, RunId};
use apex_core::plan::{JobSpec, Work};
use apex_core::report::JobReport;

/// Pause between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);

/// What an attempt amounted to.
#[derive(Debug, Default)]
pub(crate) struct Driven {
    /// Test id → outcome word and message.
    pub(crate) tests: BTreeMap<String, (String, String)>,
    /// Every id that was announced, in order.
    pub(crate) discovered: Vec<String>,
    /// Ids of the tests that began, in order.
    pub(crate) started: Vec<String>,
    pub(crate) durations: BTreeMap<String, Option<Duration>>,
    pub(crate) details: BTreeMap<String, String>,
    pub(crate) output: BTreeMap<String, String>,
    pub(crate) problem: Option<String>,
    /// Why nothing could run, if nothing could.
    pub(crate) unable: Option<String>,
    /// Whether the framework said that there was nothing to run.
    pub(crate) nothing_to_run: bool,
    /// What people should know beside the results.
    pub(crate) notes: Vec<String>,
    pub(crate) has_ended: bool,
}

impl Driven {
    pub(crate) fn take(&mut self, report: JobReport) {
        match report {
            JobReport::Discovered(cases) => {
                self.discovered.extend(cases.iter().map(|case| case.id.to_string()));
            }
            JobReport::TestStarted { test } => {
                self.started.push(self.discovered[test as usize].clone());
            }
            JobReport::TestFinished { test, report } => {
                let id = self.discovered[test as usize].clone();
                let failure = report.failure.unwrap_or_default();
                self.durations.insert(id.clone(), report.duration);
                self.details.insert(id.clone(), failure.details);
                self.output.insert(id.clone(), failure.output);
                let end = (report.outcome.as_str().to_owned(), failure.message);
                assert!(self.tests.insert(id.clone(), end).is_none(), "{id} ended twice");
            }
            JobReport::Ended(end) => {
                self.problem = end.problem;
                self.nothing_to_run = end.nothing_to_run;
                if let ProcessEnd::NotStarted(reason) = end.end {
                    self.unable = Some(reason);
                }
                self.has_ended = true;
            }
            JobReport::Note(note) => self.notes.push(note),
            _ => {}
        }
    }

    /// How many tests ended with this outcome.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.tests.values().filter(|(word, _)| word == outcome.as_str()).count()
    }

    /// `passed`, `failed`, … of a test; `-` when it did not end.
    pub(crate) fn outcome(&self, id: &str) -> &str {
        self.tests.get(id).map_or("-", |(outcome, _)| outcome)
    }

    /// Ids of the tests that began and did not end.
    pub(crate) fn running(&self) -> Vec<&str> {
        let open = self.started.iter().filter(|id| !self.tests.contains_key(*id));
        open.map(String::as_str).collect()
    }

    /// The message of a test.
    pub(crate) fn message(&self, id: &str) -> &str {
        self.tests.get(id).map_or("-", |(_, message)| message)
    }
}

/// A project folder that goes away with the test.
pub(crate) struct Project {
    pub(crate) folder: tempfile::TempDir,
}

impl Project {
    /// A project of these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a job of the category `sample`.
    pub(crate) fn run(&self, spec: &JobSpec, only: Option<&[&str]>) -> Driven {
        run_in(self.path(), spec, only)
    }
}

/// A job for all tests of a framework in the root.
pub(crate) fn job(runner: RunnerKind) -> JobSpec {
    JobSpec {
        runner,
        working_directory: "".into(),
        work: Work::Tests {
            paths: Vec::new(),
            markers: None,
            keyword: None,
            ignore: Vec::new(),
            arguments: Vec::new(),
        },
        env: Arc::default(),
        shard: None,
        part: None,
        found_by: "the test".into(),
    }
}

/// Runs a job in a folder.
pub(crate) fn run_in(root: &Path, spec: &JobSpec, only: Option<&[&str]>) -> Driven {
    run_with(root, spec, only, &Tools::default())
}

/// The same with other tools.
pub(crate) fn run_with(
    root: &Path,
    spec: &JobSpec,
    only: Option<&[&str]>,
    tools: &Tools,
) -> Driven {
    let only: Option<Vec<Arc<str>>> = only.map(|ids| ids.iter().map(|id| (*id).into()).collect());
    let env = BTreeMap::new();
    let context = SessionContext {
        spec,
        category: "sample",
        only: only.as_deref(),
        tools,
        env: &env,
        project_root: root,
    };
    drive(root, spec, apex_agents::runners::session_for(&context), |_| false)
}

/// Runs a job, and asks it to end once `is_time` says so of what was reported.
pub(crate) fn run_until(
    root: &Path,
    spec: &JobSpec,
    tools: &Tools,
    is_time: impl Fn(&Driven) -> bool,
) -> Driven {
    let env = BTreeMap::new();
    let context = SessionContext {
        spec,
        category: "sample",
        only: None,
        tools,
        env: &env,
        project_root: root,
    };
    drive(root, spec, apex_agents::runners::session_for(&context), is_time)
}

/// Lists the tests of a job.
pub(crate) fn list_in(root: &Path, spec: &JobSpec) -> Driven {
    list_with(root, spec, &Tools::default())
}

/// The same with other tools.
pub(crate) fn list_with(root: &Path, spec: &JobSpec, tools: &Tools) -> Driven {
    let env = BTreeMap::new();
    let context = SessionContext {
        spec,
        category: "sample",
        only: None,
        tools,
        env: &env,
        project_root: root,
    };
    drive(root, spec, apex_agents::runners::list(&context, None), |_| false)
}

/// Hands the job to the local executor and waits for its end.
fn drive(
    root: &Path,
    spec: &JobSpec,
    session: Box<dyn Session>,
    is_time: impl Fn(&Driven) -> bool,
) -> Driven {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let session = Mutex::new(Some(session));
        let mut executor = LocalExecutor::new(LocalSettings {
            root: root.to_owned(),
            base_env: Arc::new(base_env()),
            temporary: temporary.path().to_owned(),
            sessions: Arc::new(move |_| {
                session.lock().expect("a lock").take().expect("one attempt")
            }),
        });
        let mut receiver = executor.reports().expect("the reports");
        executor.submit(Submission {
            run: RunId::new("run"),
            job: JobIx(0),
            attempt: AttemptNumber::FIRST,
            category: "sample".into(),
            spec: spec.clone(),
            only: None,
            env: Vec::new(),
            log: temporary.path().join("job.log"),
            grace: Duration::from_secs(5),
            allowance: std::sync::Arc::default(),
            rules: JobRules::default(),
            lot: None,
        });
        let mut driven = Driven::default();
        while !driven.has_ended {
            // Between two reports, too: what a condition looks at may be a file.
            if let Ok(batch) = tokio::time::timeout(LOOK, receiver.recv()).await {
                let batch = batch.expect("an end before the channel closes");
                batch.into_iter().for_each(|(_, _, report)| driven.take(report));
            }
            if is_time(&driven) {
                executor.cancel(JobIx(0), Ending::Terminate);
            }
        }
        executor.shutdown(tokio::time::Instant::now() + Duration::from_secs(5)).await;
        driven
    })
}

/// What a shell would have, without what the build of these tests put into the environment.
pub(crate) fn base_env() -> BTreeMap<String, String> {
    let names = ["PATH", "HOME", "LANG", "CARGO_HOME", "RUSTUP_HOME"];
    let known =
        names.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    known.collect()
}
