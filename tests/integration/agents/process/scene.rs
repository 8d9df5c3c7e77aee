//! An executor in a folder of its own, with a session that follows a script and remembers what
//! it was fed.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apex_agents::executor::{
    Executor, JobRules, LocalExecutor, LocalSettings, Reported, Submission,
};
use apex_agents::runners::{Invocation, Session, Step};
use apex_config::model::{CommandLine, RunnerKind};
use apex_core::event::{OutputEvent, ProcessEnd, Stream};
use apex_core::id::{AttemptNumber, JobIx, RunId};
use apex_core::plan::{JobSpec, Work};
use apex_core::report::{JobEnd, JobReport};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// What a session was fed.
#[derive(Default)]
pub(crate) struct Fed {
    pub(crate) bytes: u64,
    pub(crate) stdout: Vec<u8>,
    pub(crate) lines: Vec<String>,
    pub(crate) files: Vec<(String, String)>,
    pub(crate) ends: Vec<ProcessEnd>,
}

/// A session that runs one invocation after the other; one without arguments is a panic.
struct Scripted {
    invocations: VecDeque<Invocation>,
    fed: Arc<Mutex<Fed>>,
}

impl Session for Scripted {
    fn next(&mut self, ended: Option<&ProcessEnd>, _reports: &mut Vec<JobReport>) -> Step {
        self.fed.lock().unwrap().ends.extend(ended.cloned());
        self.invocations.pop_front().map_or(Step::Finish { problem: None }, Step::Run)
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        let mut fed = self.fed.lock().unwrap();
        fed.bytes += bytes.len() as u64;
        if stream == Stream::Stdout && fed.stdout.len() < 100_000 {
            fed.stdout.extend_from_slice(bytes);
        }
    }

    fn event_line(&mut self, line: &str, _reports: &mut Vec<JobReport>) {
        assert!(line != "panic", "a line that a session cannot bear");
        self.fed.lock().unwrap().lines.push(line.to_owned());
    }

    fn report_file(&mut self, path: &str, content: &[u8], _reports: &mut Vec<JobReport>) {
        let content = String::from_utf8_lossy(content).into_owned();
        self.fed.lock().unwrap().files.push((path.to_owned(), content));
    }
}

pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) executor: LocalExecutor,
    reports: mpsc::Receiver<Vec<Reported>>,
    scripts: Arc<Mutex<VecDeque<Vec<Invocation>>>>,
    pub(crate) fed: Arc<Mutex<Fed>>,
    pub(crate) job_env: BTreeMap<String, String>,
    pub(crate) run_env: BTreeMap<String, String>,
    pub(crate) grace: Duration,
    jobs: usize,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with_base_env(path_only())
    }

    pub(crate) fn with_base_env(base_env: BTreeMap<String, String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        std::fs::create_dir(folder.path().join("root")).unwrap();
        let scripts: Arc<Mutex<VecDeque<Vec<Invocation>>>> = Arc::default();
        let fed: Arc<Mutex<Fed>> = Arc::default();
        let (factory_scripts, factory_fed) = (Arc::clone(&scripts), Arc::clone(&fed));
        let mut executor = LocalExecutor::new(LocalSettings {
            root: folder.path().join("root"),
            base_env: Arc::new(base_env),
            temporary: folder.path().join("tmp"),
            sessions: Arc::new(move |_| {
                let invocations = factory_scripts.lock().unwrap().pop_front().unwrap().into();
                Box::new(Scripted { invocations, fed: Arc::clone(&factory_fed) })
            }),
        });
        let reports = executor.reports().unwrap();
        Self {
            folder,
            executor,
            reports,
            scripts,
            fed,
            job_env: BTreeMap::new(),
            run_env: BTreeMap::new(),
            grace: Duration::from_secs(5),
            jobs: 0,
        }
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("root")
    }

    pub(crate) fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("logs/job.log")
    }

    /// What is left in the folder of private folders.
    pub(crate) fn private_folders(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("tmp")).unwrap().count()
    }

    /// Submits a job whose session runs these programs.
    pub(crate) fn submit(&mut self, script: Vec<Invocation>) -> JobIx {
        let job = JobIx::at(self.jobs);
        self.jobs += 1;
        self.scripts.lock().unwrap().push_back(script);
        self.executor.submit(Submission {
            run: RunId::new("test"),
            job,
            attempt: AttemptNumber::FIRST,
            category: "unit".into(),
            spec: JobSpec {
                runner: RunnerKind::Command,
                working_directory: "".into(),
                work: Work::Command {
                    command: CommandLine::Arguments(vec!["true".to_owned()]),
                    discover: None,
                    report: None,
                },
                env: Arc::new(self.job_env.clone()),
                shard: None,
                part: None,
                found_by: "test".into(),
            },
            only: None,
            env: vec![Arc::new(self.run_env.clone())],
            log: self.log(),
            grace: self.grace,
            allowance: std::sync::Arc::default(),
            rules: JobRules::default(),
            lot: None,
        });
        job
    }

    /// Reports of one job until its end.
    pub(crate) async fn finish(&mut self) -> Story {
        let mut story = Story::default();
        while story.end.is_none() {
            self.read_into(&mut story).await;
        }
        story
    }

    /// Reads until the job wrote this text.
    pub(crate) async fn wait_for(&mut self, text: &str) -> Story {
        let mut story = Story::default();
        while !story.text.contains(text) {
            self.read_into(&mut story).await;
            assert!(story.end.is_none(), "ended before it wrote {text:?}: {story:?}");
        }
        story
    }

    /// Submits one program and waits for its end.
    pub(crate) async fn run(&mut self, invocation: Invocation) -> Story {
        self.submit(vec![invocation]);
        self.finish().await
    }

    async fn read_into(&mut self, story: &mut Story) {
        for (_, _, report) in self.reports.recv().await.expect("the executor lives") {
            story.add(report);
        }
    }
}

/// An executor that runs nothing, in the place of one that is dropped.
pub(crate) fn idle() -> LocalExecutor {
    LocalExecutor::new(LocalSettings {
        root: std::env::temp_dir(),
        base_env: Arc::default(),
        temporary: std::env::temp_dir(),
        sessions: Arc::new(|_| unreachable!("nothing is submitted")),
    })
}

/// The reports of a job.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) text: String,
    pub(crate) omitted: u64,
    pub(crate) notes: Vec<String>,
    /// What it had written when the request to end reached it, if one did.
    pub(crate) before_stop: Option<String>,
    pub(crate) end: Option<JobEnd>,
}

impl Story {
    fn add(&mut self, report: JobReport) {
        assert!(self.end.is_none(), "{report:?} after the end");
        match report {
            JobReport::Output(OutputEvent::Text { text, .. }) => self.text.push_str(&text),
            JobReport::Output(OutputEvent::Omitted { bytes }) => self.omitted += bytes,
            JobReport::StopReached => {
                let first = self.before_stop.replace(self.text.clone());
                assert_eq!(first, None, "a request reaches an attempt once");
            }
            JobReport::Note(note) => self.notes.push(note),
            JobReport::Ended(end) => self.end = Some(end),
            other => panic!("unexpected {other:?}"),
        }
    }

    pub(crate) fn process_end(&self) -> &ProcessEnd {
        &self.end.as_ref().expect("it ended").end
    }

    /// The first number that it wrote: the tests let programs write process ids.
    pub(crate) fn written_id(&self) -> u32 {
        let digits = |c: &char| c.is_ascii_digit();
        let id: String = self.text.chars().skip_while(|c| !digits(c)).take_while(digits).collect();
        id.parse().unwrap_or_else(|_| panic!("no process id in {self:?}"))
    }
}

/// A program run by `sh`.
pub(crate) fn sh(script: &str) -> Invocation {
    program(&["sh", "-c", script])
}

pub(crate) fn program(arguments: &[&str]) -> Invocation {
    Invocation {
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        ..Invocation::default()
    }
}

pub(crate) fn path_only() -> BTreeMap<String, String> {
    [("PATH".to_owned(), std::env::var("PATH").unwrap())].into()
}

/// Whether a process runs; a dead one that its parent has not reaped does not.
pub(crate) fn runs(id: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with(['Z', 'X']))
}

/// Whether the kernel knows the process at all, zombies included.
pub(crate) fn exists(id: u32) -> bool {
    Path::new("/proc").join(id.to_string()).exists()
}
