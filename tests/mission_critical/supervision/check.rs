//! Runs rows of the table with the program, and compares what came of them.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use apex_tests::processes::with_mark;
use apex_tests::project::Project;

use super::row::{PRELUDE, Row};

/// Rows at the same time: most of them wait.
const AT_ONCE: usize = 4;

/// No row takes near as long.
const LIMIT: Duration = Duration::from_secs(60);

/// What came of a row.
struct Ran {
    said: String,
    outcome: String,
    /// The most memory of Apex that was seen, in mebibytes.
    peak_mib: u64,
    survivors: Vec<String>,
}

/// Runs all rows and tells everything that is wrong.
pub(super) fn check_all(rows: &[Row]) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(row);
                    wrong.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// What is wrong with a row, if anything is.
fn check(row: &Row) -> Option<String> {
    let ran = run(row);
    let mut wrong = Vec::new();
    if ran.outcome != row.outcome {
        wrong.push(format!("{} instead of {}", ran.outcome, row.outcome));
    }
    let missing = row.says.iter().filter(|text| !ran.said.contains(&***text));
    wrong.extend(missing.map(|text| format!("does not say {text:?}")));
    let too_much = row.never_says.iter().filter(|text| ran.said.contains(**text));
    wrong.extend(too_much.map(|text| format!("says {text:?}")));
    if row.most_mib.is_some_and(|most| ran.peak_mib > most) {
        wrong.push(format!("took {} MiB", ran.peak_mib));
    }
    if !ran.survivors.is_empty() {
        wrong.push(format!("left running: {:?}", ran.survivors));
    }
    let Ran { said, .. } = ran;
    (!wrong.is_empty()).then(|| format!("- {}: {}\n{said}", row.name, wrong.join("; ")))
}

fn run(row: &Row) -> Ran {
    let project = Project::new(&[("fault.py", &format!("{PRELUDE}\n{}\n", row.program))]);
    let mark = project.root().display().to_string();
    project.write("apex.yaml", &layer_file(row, &mark));
    let said = project.root().join("said");
    let log = std::fs::File::create(&said).expect("a file");
    let mut command = project.apex(&["run", "--mode", "fast_feedback", "--color", "never"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let peak_mib = finish(command, &row.name);
    // At once: when Apex ended, nothing may be left. Several times: a process that hands over to
    // the next while one looks is not seen every time.
    let survivors = (0..5).flat_map(|_| with_mark(&mark)).collect();
    let said = String::from_utf8_lossy(&std::fs::read(said).expect("what Apex said")).into_owned();
    let events = std::fs::read_to_string(project.last_run().join("events.jsonl")).expect("events");
    let finished = events.lines().rfind(|line| line.contains("\"type\":\"job.finished\""));
    let outcome = finished.and_then(|line| line.split("\"outcome\":\"").nth(1)?.split('"').next());
    let outcome = outcome.unwrap_or("no outcome").to_owned();
    Ran { said: said + finished.unwrap_or_default(), outcome, peak_mib, survivors }
}

fn layer_file(row: &Row, mark: &str) -> String {
    format!(
        "apex: 1\nlayers:\n  fast_feedback:\n    {}\n    categories:\n      \
         - {{name: fault, command: [python3, fault.py, \"{mark}\"], grace_seconds: 1, \
         timeout_seconds: {}, env: {{FAULT_MARK: \"{mark}\"}}}}\n",
        row.layer, row.limit
    )
}

/// Runs Apex to its end; the answer is the most memory that was seen, in mebibytes.
fn finish(mut command: Command, name: &str) -> u64 {
    let mut apex = command.spawn().expect("apex starts");
    let end = Instant::now() + LIMIT;
    let mut peak = 0;
    while apex.try_wait().expect("a child can be waited for").is_none() {
        peak = peak.max(peak_of(apex.id()));
        if Instant::now() >= end {
            apex.kill().expect("apex can be killed");
            apex.wait().expect("apex ends");
            panic!("{name}: not done in {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

/// The largest resident size of a process so far, in mebibytes (`VmHWM`, proc(5)).
fn peak_of(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib.div_ceil(1024))
}
