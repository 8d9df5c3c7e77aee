//! Processes of pytest that run the tests of several jobs: fixtures, outcomes, deaths, leavings.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apex_agents::executor::{
    Executor, JobRules, LocalExecutor, LocalSettings, Lot, Reported, Submission,
};
use apex_agents::runners::{SessionContext, Tools, session_for};
use apex_config::model::RunnerKind;
use apex_core::id::{AttemptNumber, JobIx, RunId};
use apex_core::plan::{JobSpec, Part, Work};
use apex_core::report::JobReport;
use apex_tests::processes::{assert_none_left, wait_until, with_mark};
use apex_tests::tool::tool_answers;
use tokio::sync::mpsc;

use super::drive::{Driven, Project, base_env, job};

/// Writes down when the fixtures of session and module begin and end, and in which process.
const TRACE: &str = r#"
import os, pytest

def write(text):
    with open("trace", "a") as file:
        file.write(text + "\n")

@pytest.fixture(scope="session", autouse=True)
def of_session():
    write("session up %d" % os.getpid())
    yield
    write("session down %d" % os.getpid())
    if os.path.exists("untidy"):
        raise RuntimeError("cannot close the session")

@pytest.fixture(scope="module", autouse=True)
def of_module():
    write("module up")
    yield
    write("module down")
"#;

fn is_missing() -> bool {
    !tool_answers("pytest", "python3", &["-c", "import pytest"])
}

/// A job of these files.
fn of(files: &[&str]) -> JobSpec {
    let spec = job(RunnerKind::Pytest);
    let Work::Tests { markers, keyword, ignore, arguments, .. } = spec.work else { unreachable!() };
    let paths = files.iter().map(|file| (*file).to_owned()).collect();
    JobSpec { work: Work::Tests { paths, markers, keyword, ignore, arguments }, ..spec }
}

/// An executor and the jobs of one lot.
struct Lane {
    executor: LocalExecutor,
    reports: mpsc::Receiver<Vec<Reported>>,
    lot: Arc<Lot>,
    folder: tempfile::TempDir,
    started: usize,
    /// What was said beside the reports of the job that ran.
    late: Vec<String>,
}

impl Lane {
    fn new(root: &Path, expected: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = root.to_owned();
        let mut executor = LocalExecutor::new(LocalSettings {
            root: root.to_owned(),
            base_env: Arc::new(base_env()),
            temporary: folder.path().to_owned(),
            sessions: Arc::new(move |submission| {
                session_for(&SessionContext {
                    spec: &submission.spec,
                    category: "sample",
                    only: None,
                    tools: &Tools::default(),
                    env: &Default::default(),
                    project_root: &place,
                })
            }),
        });
        let reports = executor.reports().expect("the reports");
        let lot = Arc::new(Lot::new(0, expected));
        Self { executor, reports, lot, folder, started: 0, late: Vec::new() }
    }

    async fn run(&mut self, spec: JobSpec) -> Driven {
        let job = JobIx::at(self.started);
        self.started += 1;
        self.lot.count_off();
        self.executor.submit(Submission {
            run: RunId::new("run"),
            job,
            attempt: AttemptNumber::FIRST,
            category: "sample".into(),
            spec,
            only: None,
            env: vec![Arc::new([("APEX_JOB_ID".to_owned(), job.0.to_string())].into())],
            log: self.folder.path().join(format!("{}.log", job.0)),
            grace: Duration::from_secs(5),
            allowance: Arc::default(),
            rules: JobRules::default(),
            lot: Some(Arc::clone(&self.lot)),
        });
        let mut driven = Driven::default();
        while !driven.has_ended {
            for (of, _, report) in self.reports.recv().await.expect("the executor lives") {
                match report {
                    JobReport::Note(note) if of != job => self.late.push(note),
                    report => driven.take(report),
                }
            }
        }
        driven
    }

    fn log(&self, number: usize) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("{number}.log")))
            .unwrap_or_default()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Runs these jobs one after the other, as those of one lot.
fn run_all(project: &Project, jobs: &[JobSpec]) -> Vec<Driven> {
    block_on(async {
        let mut lane = Lane::new(project.path(), u32::try_from(jobs.len()).unwrap());
        let mut all = Vec::new();
        for job in jobs {
            all.push(lane.run(job.clone()).await);
        }
        assert!(!lane.executor.is_releasing());
        all
    })
}

fn trace(project: &Project) -> Vec<String> {
    let text = std::fs::read_to_string(project.path().join("trace")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// How many lines of the trace begin with this.
fn traced(project: &Project, start: &str) -> usize {
    trace(project).iter().filter(|line| line.starts_with(start)).count()
}

#[test]
fn jobs_of_a_lot_share_a_process_and_the_fixtures_of_its_session() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("conftest.py", TRACE),
        ("test_a.py", "def test_1(): pass\ndef test_2(): assert 0\n"),
        ("test_b.py", "import os\ndef test_1(): assert os.environ['APEX_JOB_ID'] == '1'\n"),
        ("test_c.py", "def test_1(): pass\n"),
    ]);
    let all = run_all(&project, &[of(&["test_a.py"]), of(&["test_b.py"]), of(&["test_c.py"])]);
    assert_eq!(all[0].outcome("test_a.py::test_1"), "passed");
    assert_eq!(all[0].outcome("test_a.py::test_2"), "failed");
    assert_eq!(all[1].outcome("test_b.py::test_1"), "passed", "{:?}", all[1]);
    assert_eq!(all[2].outcome("test_c.py::test_1"), "passed");
    assert!(all.iter().all(|job| job.problem.is_none() && job.notes.is_empty()), "{all:?}");
    let (ups, downs) = (traced(&project, "session up"), traced(&project, "session down"));
    let trace = trace(&project);
    assert_eq!((ups, downs), (1, 1), "{trace:?}");
    // What is below the session ends with its job.
    assert_eq!((traced(&project, "module up"), traced(&project, "module down")), (3, 3));
    assert!(trace.last().unwrap().starts_with("session down"), "{trace:?}");
}

#[test]
fn each_job_has_its_own_log_with_the_failures_of_its_own() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("test_a.py", "def test_1(): assert 'first' == 1\n"),
        ("test_b.py", "def test_1(): assert 'second' == 1\n"),
    ]);
    block_on(async {
        let mut lane = Lane::new(project.path(), 2);
        lane.run(of(&["test_a.py"])).await;
        lane.run(of(&["test_b.py"])).await;
        let (first, second) = (lane.log(0), lane.log(1));
        assert!(first.contains("'first'") && first.contains("1 failed"), "{first}");
        assert!(!first.contains("'second'"), "{first}");
        assert!(second.contains("'second'") && !second.contains("'first'"), "{second}");
    });
}

#[test]
fn a_session_that_cannot_be_torn_down_is_told_with_the_last_test() {
    if is_missing() {
        return;
    }
    let test = "def test_1(): pass\n";
    let project = Project::with(&[
        ("conftest.py", TRACE),
        ("untidy", ""),
        ("test_a.py", test),
        ("test_b.py", test),
    ]);
    let all = run_all(&project, &[of(&["test_a.py"]), of(&["test_b.py"])]);
    assert_eq!(all[0].outcome("test_a.py::test_1"), "passed");
    assert_eq!(all[1].outcome("test_b.py::test_1"), "errored");
    let message = all[1].message("test_b.py::test_1");
    assert_eq!(message, "tear-down failed: RuntimeError: cannot close the session");
}

#[test]
fn when_the_expected_job_never_comes_the_process_leaves_and_its_trouble_is_told() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("conftest.py", TRACE),
        ("untidy", ""),
        ("test_a.py", "def test_1(): pass\n"),
    ]);
    block_on(async {
        let mut lane = Lane::new(project.path(), 2);
        let job = lane.run(of(&["test_a.py"])).await;
        assert_eq!(job.outcome("test_a.py::test_1"), "passed");
        assert_eq!(traced(&project, "session down"), 0, "it waits");
        lane.lot.count_off();
        let lot = Arc::clone(&lane.lot);
        lane.executor.release(&lot);
        let mut notes = Vec::new();
        while lane.executor.is_releasing() {
            let batch = lane.reports.recv().await.expect("the executor lives");
            notes.extend(batch.into_iter().filter_map(|(_, _, report)| match report {
                JobReport::Note(note) => Some(note),
                _ => None,
            }));
        }
        assert_eq!(traced(&project, "session down"), 1);
        let [note] = &notes[..] else { panic!("{notes:?}") };
        assert!(
            note.contains("exit code 1") && note.contains("cannot close the session"),
            "{note}"
        );
        assert!(lane.log(0).contains("cannot close the session"), "{}", lane.log(0));
    });
}

#[test]
fn a_test_that_ends_the_process_is_named_and_another_process_runs_the_rest() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("conftest.py", TRACE),
        ("test_a.py", "def test_1(): pass\n"),
        (
            "test_b.py",
            "import os\ndef test_1(): pass\ndef test_dies(): os._exit(3)\ndef test_killed(): os.kill(os.getpid(), 9)\ndef test_2(): pass\n",
        ),
        ("test_c.py", "def test_1(): pass\n"),
    ]);
    let all = run_all(&project, &[of(&["test_a.py"]), of(&["test_b.py"]), of(&["test_c.py"])]);
    let message = |name: &str| all[1].message(&format!("test_b.py::{name}"));
    assert_eq!(message("test_dies"), "ended the process with exit code 3 while it ran");
    assert_eq!(message("test_killed"), "killed by signal 9 while it ran");
    assert_eq!(all[1].outcome("test_b.py::test_2"), "passed");
    assert_eq!(all[2].outcome("test_c.py::test_1"), "passed");
    assert_eq!((all[1].problem.clone(), all[2].problem.clone()), (None, None));
    // The third process went on with the last job.
    assert_eq!((traced(&project, "session up"), traced(&project, "session down")), (3, 1));
}

#[test]
fn a_process_that_dies_while_it_waits_is_told_of_and_replaced() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        (
            "test_a.py",
            "import os, threading, time\ndef end():\n    time.sleep(0.5)\n    os._exit(7)\ndef test_1(): threading.Thread(target=end, daemon=True).start()\n",
        ),
        ("test_b.py", "def test_1(): pass\n"),
    ]);
    block_on(async {
        let mut lane = Lane::new(project.path(), 2);
        assert_eq!(lane.run(of(&["test_a.py"])).await.outcome("test_a.py::test_1"), "passed");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let job = lane.run(of(&["test_b.py"])).await;
        assert_eq!(job.outcome("test_b.py::test_1"), "passed", "{job:?}");
        assert!(job.notes.iter().any(|note| note.contains("while it waited")), "{job:?}");
        assert_eq!(job.problem, None);
    });
}

#[test]
fn a_job_comes_to_the_same_after_another_one_as_alone() {
    if is_missing() {
        return;
    }
    let sources = [
        ("import sys\ndef test_1(): sys.exit(3)\ndef test_2(): pass\n", "exit"),
        (
            "import pytest\ndef test_1(): pass\ndef test_2(): pytest.exit('enough')\ndef test_3(): pass\n",
            "pytest_exit",
        ),
        ("def test_1(): raise KeyboardInterrupt('by hand')\ndef test_2(): pass\n", "interrupt"),
        ("import nothing_of_this_name\n", "broken"),
        ("import pytest\npytest.skip('no device', allow_module_level=True)\n", "skipped"),
        ("x = 1\n", "empty"),
        (
            "import unittest\nclass T(unittest.TestCase):\n  def test_s(self):\n    for i in range(3):\n      with self.subTest(i=i): self.assertNotEqual(i, 1)\n",
            "subtests",
        ),
        (
            "import pytest\n@pytest.fixture(scope='module')\ndef m():\n  yield\n  raise RuntimeError('late')\ndef test_1(m): pass\n@pytest.mark.xfail\ndef test_2(): assert 0\n@pytest.mark.xfail(strict=True)\ndef test_3(): pass\n",
            "fixtures",
        ),
        (
            "import os, sys\ndef test_1(): assert sys.stdin.isatty() is False\ndef test_2():\n  os.close(0)\ndef test_3(capfd):\n  os.system('echo said'); assert capfd.readouterr().out == 'said\\n'\n",
            "input",
        ),
        (
            "import os\ndef test_1(): os.chdir('/')\ndef test_2(): assert os.getcwd() == '/'\n",
            "folder",
        ),
    ];
    for (source, name) in sources {
        let file = format!("test_{name}.py");
        let first = "import os\ndef test_1(): os.chdir('/')\n";
        let files = [("test_first.py", first), (file.as_str(), source)];
        let alone = Project::with(&files).run(&of(&[&file]), None);
        let project = Project::with(&files);
        let all = run_all(&project, &[of(&["test_first.py"]), of(&[&file])]);
        let [_, after] = &all[..] else { unreachable!("two jobs") };
        assert_eq!(after.tests, alone.tests, "{name}");
        assert_eq!(after.discovered, alone.discovered, "{name}");
        assert_eq!(after.problem, alone.problem, "{name}");
        assert_eq!(after.nothing_to_run, alone.nothing_to_run, "{name}");
        assert_eq!(after.notes, alone.notes, "{name}");
    }
}

#[test]
fn tests_of_one_file_in_several_jobs_are_collected_once() {
    if is_missing() {
        return;
    }
    let source = "open('trace', 'a').write('import\\n')\nimport pytest\n@pytest.fixture\ndef n(): return 1\nclass TestC:\n  @pytest.fixture\n  def n(self, n): return n + 1\n  def test_1(self, n): assert n == 2\n  def test_2(self, n): assert n == 2\n  def test_3(self, n): assert n == 2\n";
    let project = Project::with(&[
        ("sub/test_a.py", source),
        ("sub/conftest.py", "import pytest\n@pytest.fixture\ndef m(): return 3\n"),
        ("sub/test_b.py", "def test_1(m): assert m == 3\n"),
    ]);
    let id = |name: &str| -> Arc<str> { format!("sub/test_a.py::TestC::{name}").into() };
    let with = |spec: JobSpec, part: Part| JobSpec { part: Some(Arc::new(part)), ..spec };
    let jobs = [
        with(of(&["sub/test_a.py"]), Part { only: vec![id("test_1")], ..Part::default() }),
        with(of(&["sub/test_a.py"]), Part { only: vec![id("test_2")], ..Part::default() }),
        with(of(&["sub"]), Part { without: vec![id("test_1"), id("test_2")], ..Part::default() }),
    ];
    let all = run_all(&project, &jobs);
    let ran: Vec<Vec<&str>> =
        all.iter().map(|job| job.tests.keys().map(String::as_str).collect()).collect();
    assert_eq!(ran[0], ["sub/test_a.py::TestC::test_1"]);
    assert_eq!(ran[1], ["sub/test_a.py::TestC::test_2"]);
    assert_eq!(ran[2], ["sub/test_a.py::TestC::test_3", "sub/test_b.py::test_1"]);
    let passed = all.iter().map(|job| job.count(apex_core::Outcome::Passed)).sum::<usize>();
    assert_eq!((passed, traced(&project, "import")), (4, 1), "{all:#?}");
}

#[test]
fn a_suite_with_a_loop_of_its_own_gets_a_process_for_each_job_and_that_is_said_once() {
    if is_missing() {
        return;
    }
    let conftest = format!(
        "{TRACE}\ndef pytest_runtestloop(session):\n    for item in session.items:\n        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)\n    return True\n"
    );
    let test = "def test_1(): pass\n";
    let project = Project::with(&[
        ("conftest.py", &conftest),
        ("test_a.py", test),
        ("test_b.py", test),
        ("test_c.py", test),
    ]);
    let all = run_all(&project, &[of(&["test_a.py"]), of(&["test_b.py"]), of(&["test_c.py"])]);
    let notes: Vec<&String> = all.iter().flat_map(|job| &job.notes).collect();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.contains("pytest_runtestloop of conftest"), "{note}");
    assert_eq!((traced(&project, "session up"), traced(&project, "session down")), (3, 3));
    assert!(all.iter().all(|job| job.count(apex_core::Outcome::Passed) == 1), "{all:?}");
}

#[test]
fn a_job_whose_conftest_would_come_too_late_gets_a_fresh_process() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[
        ("conftest.py", TRACE),
        ("one/test_a.py", "def test_1(): pass\n"),
        (
            "two/conftest.py",
            "def pytest_addoption(parser):\n    parser.addoption('--color-of-two', default='red')\n",
        ),
        (
            "two/test_b.py",
            "def test_1(request): assert request.config.getoption('--color-of-two') == 'red'\n",
        ),
    ]);
    let all = run_all(&project, &[of(&["one/test_a.py"]), of(&["two/test_b.py"])]);
    assert_eq!(all[1].outcome("two/test_b.py::test_1"), "passed", "{:?}", all[1]);
    assert_eq!((all[1].problem.clone(), all[1].notes.len()), (None, 0));
    assert_eq!((traced(&project, "session up"), traced(&project, "session down")), (2, 2));
}

#[test]
fn what_tests_leave_behind_is_named_at_once_and_ends_with_the_process() {
    if is_missing() || !Path::new("/proc/self").exists() {
        return;
    }
    let source = "import os, time\ndef test_1():\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n            time.sleep(600)\n        os._exit(0)\n    os.wait()\n";
    let project = Project::with(&[("test_a.py", source), ("test_b.py", "def test_1(): pass\n")]);
    let spec = |file: &str| {
        let mark = project.path().display().to_string();
        let env = Arc::new([("RESIDENT_MARK".to_owned(), mark)].into());
        JobSpec { env, ..of(&[file]) }
    };
    let mark = project.path().display().to_string();
    block_on(async {
        let mut lane = Lane::new(project.path(), 2);
        let first = lane.run(spec("test_a.py")).await;
        let [note] = &first.notes[..] else { panic!("{first:?}") };
        assert!(note.contains("left 1 process ("), "{note}");
        wait_until("the process and what it left", || with_mark(&mark).len() >= 2);
        let second = lane.run(spec("test_b.py")).await;
        assert!(second.notes.iter().any(|note| note.contains("behind; killed")), "{second:?}");
        assert_none_left(&mark);
    });
}

#[test]
fn an_executor_that_is_given_up_leaves_no_process_that_waits() {
    if is_missing() {
        return;
    }
    let project = Project::with(&[("test_a.py", "def test_1(): pass\n")]);
    let mark = project.path().display().to_string();
    let env = Arc::new([("RESIDENT_MARK".to_owned(), mark.clone())].into());
    block_on(async {
        let mut lane = Lane::new(project.path(), 2);
        lane.run(JobSpec { env, ..of(&["test_a.py"]) }).await;
        assert_eq!(with_mark(&mark).len(), 1, "it waits");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        assert_eq!(lane.executor.shutdown(deadline).await, 0);
        assert_none_left(&mark);
    });
}
