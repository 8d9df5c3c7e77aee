//! Waiting for a program, but not for ever.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Pause between two looks at a running program.
const LOOK: Duration = Duration::from_millis(10);

/// How a program ended, and what it wrote.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Its standard error; bytes that are not UTF-8 are replaced.
    pub stderr: String,
}

/// Runs a program without input to its end; `None` when it had to be killed at the limit.
///
/// It writes to files and not to pipes, so that neither much output nor a grandchild that keeps
/// a pipe open can hold up the test.
///
/// # Panics
/// When the program cannot be started or its output cannot be read.
pub fn finish_within(mut command: Command, limit: Duration) -> Option<Finished> {
    let stdout = tempfile::tempfile().expect("a temporary file for standard output");
    let stderr = tempfile::tempfile().expect("a temporary file for standard error");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().expect("a second handle of standard output"))
        .stderr(stderr.try_clone().expect("a second handle of standard error"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));

    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if Instant::now() >= end {
            child.kill().expect("a child can be killed");
            child.wait().expect("a killed child ends");
            return None;
        }
        std::thread::sleep(LOOK);
    };
    Some(Finished { status, stdout: content(stdout), stderr: content(stderr) })
}

fn content(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).expect("a temporary file can be rewound");
    file.read_to_end(&mut bytes).expect("a temporary file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}
