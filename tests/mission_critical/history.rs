//! The history under `kill -9`, and under several processes: it is never damaged, a run is in it
//! whole or not at all, and what was once committed stays.
//!
//! `APEX_HISTORY_KILLS=n` changes how many writers are killed. The writers are this very test
//! program, started for the one test that is ignored otherwise.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use apex_config::model::CategoryName;
use apex_core::{Outcome, Verdict};
use apex_monitor::history::{HistoryFile, JobRow, Limits, RunRow, TestRow};
use rusqlite::Connection;

/// Writers that are killed, unless the variable says something else.
const KILLS: u32 = 20;

/// Writers at the same time.
const WRITERS: u32 = 2;

/// Tests of each run: enough for a transaction to take a while.
const TESTS: u32 = 400;

/// The longest that a writer lives, in milliseconds.
const LONGEST_LIFE: u64 = 120;

/// The variable that tells a writer where to write.
const PLACE: &str = "APEX_TEST_HISTORY_FOLDER";

/// When the runs of these tests began; a few minutes are kept.
const BEGINNING: u64 = 1_790_000_000_000;

/// Adds runs until it is killed, and says each one when it is committed.
#[test]
#[ignore = "a part of the test below, which kills it"]
fn a_writer() {
    let Some(folder) = std::env::var_os(PLACE) else { return };
    let file = HistoryFile::in_state(Path::new(&folder));
    let ids: Vec<String> = (0..TESTS).map(|test| format!("tests/test_{test}.py::a")).collect();
    for number in 0_u64.. {
        let run = format!("{}-{number}", std::process::id());
        match add_run(&file, &run, BEGINNING + number, &ids) {
            Ok(()) => {}
            // Others may be faster for longer than a writer waits; that loses nothing.
            Err(error) if error.contains("held by another process") => continue,
            Err(error) => panic!("{error}"),
        }
        // Not through the test harness, which would keep it.
        let mut out = std::io::stdout().lock();
        writeln!(out, "committed {run}").and_then(|()| out.flush()).expect("somebody listens");
        if number % 7 == 6 {
            let limits = Limits { days: 36_500, bytes: u64::MAX };
            let _ = file.prune(&limits, BEGINNING);
        }
    }
}

fn add_run(file: &HistoryFile, run: &str, unix_millis: u64, ids: &[String]) -> Result<(), String> {
    let row = RunRow {
        run,
        unix_millis,
        commit: Some("c0ffee"),
        branch: None,
        is_changed: Some(false),
        environment: Some("test"),
        cores: Some(2),
        slots: 2,
        verdict: Some(Verdict::Passed),
        duration: Duration::from_secs(1),
        inputs: Vec::new(),
        cuttings: Vec::new(),
    };
    let job = JobRow {
        category: "unit",
        layer: "fast",
        runner: "pytest",
        job: 0,
        attempt: 1,
        ended_itself: true,
        duration: Duration::from_secs(1),
        in_tests: Duration::from_secs(1),
        tests: TESTS,
        peak_memory_mb: None,
        beside: 0,
        outcome: None,
    };
    let tests = ids.iter().map(|id| TestRow {
        category: "unit",
        id,
        file: None,
        critical: false,
        job: 0,
        attempt: 1,
        outcome: Outcome::Passed,
        duration: Some(Duration::from_millis(3)),
    });
    let added = file.add(&row, std::iter::once(job), tests);
    added.map(|added| assert!(added, "{run} is new")).map_err(|error| error.to_string())
}

/// A writer and what it says.
struct Writer {
    child: Child,
    said: mpsc::Receiver<String>,
}

impl Writer {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("a test has an executable"))
            .args(["--exact", "history::a_writer", "--ignored", "--nocapture"])
            .env(PLACE, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a writer starts");
        let pipe = child.stdout.take().expect("its output is a pipe");
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let Some(run) = line.strip_prefix("committed ") else { continue };
                if sender.send(run.to_owned()).is_err() {
                    return;
                }
            }
        });
        Self { child, said }
    }

    /// Kills it, wherever it is, and answers with the runs that it committed.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("a writer can be killed");
        let status = self.child.wait().expect("a killed writer ends");
        assert_eq!(status.code(), None, "a writer ends only when it is killed");
        self.said.iter().collect()
    }
}

/// What is wrong with the database, if anything.
fn check(folder: &Path, committed: &[String]) {
    let file = HistoryFile::in_state(folder);
    file.read(None).expect("it can be read");
    let connection = Connection::open(file.path()).expect("it can be opened");
    if committed.is_empty() && !connection.table_exists(None, "runs").expect("it is a database") {
        // Killed before there were tables.
        return;
    }
    let sound: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("it can be checked");
    assert_eq!(sound, "ok");
    let attempts = "SELECT coalesce(tests, 0) FROM runs LEFT JOIN \
                    (SELECT run AS id, count(*) AS tests FROM test_attempts GROUP BY run) USING (id)";
    let mut statement = connection.prepare(attempts).expect("the tables are there");
    let whole = statement.query_map([], |row| row.get::<_, u32>(0)).expect("they can be read");
    for tests in whole {
        assert_eq!(tests.expect("a number"), TESTS, "a run is in it whole, or not at all");
    }
    let mut statement = connection.prepare("SELECT 1 FROM runs WHERE run = ?1").expect("runs");
    for run in committed {
        assert!(statement.exists([run]).expect("a look-up"), "{run} was committed and is lost");
    }
}

#[test]
fn a_history_survives_writers_that_are_killed_at_any_moment() {
    let kills = std::env::var("APEX_HISTORY_KILLS")
        .map_or(KILLS, |kills| kills.parse().expect("APEX_HISTORY_KILLS is a number"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut committed = Vec::new();
    for round in 0..kills.div_ceil(WRITERS) {
        let writers: Vec<Writer> = (0..WRITERS).map(|_| Writer::start(folder.path())).collect();
        for (number, writer) in (0_u64..).zip(writers) {
            // Lives of many lengths, so that kills fall into every step of a transaction.
            let step = u64::from(round) * 37 + number * 11;
            std::thread::sleep(Duration::from_millis(5 + step % LONGEST_LIFE));
            committed.extend(writer.kill());
        }
        check(folder.path(), &committed);
    }
    assert!(!committed.is_empty(), "no writer lived long enough to commit: the test is blind");
    let unit = CategoryName::new("unit").expect("a name");
    let history = HistoryFile::in_state(folder.path()).read(None).expect("it can be read");
    assert_eq!(history.category(&unit).expect("its category").tests.len(), TESTS as usize);
    println!("{kills} writers were killed, {} runs were committed", committed.len());
}

#[test]
fn several_processes_write_and_read_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let writers: Vec<Writer> = (0..3).map(|_| Writer::start(folder.path())).collect();
    let file = HistoryFile::in_state(folder.path());
    let mut committed: Vec<String> = writers
        .iter()
        .map(|writer| writer.said.recv().expect("each writer gets its turn"))
        .collect();
    for _ in 0..20 {
        let history = file.read(None).expect("a reader never waits for a writer");
        assert!(history.runs >= 3);
    }
    committed.extend(writers.into_iter().flat_map(Writer::kill));
    check(folder.path(), &committed);
}
