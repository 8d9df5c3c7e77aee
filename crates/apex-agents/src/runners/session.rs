//! The contract between a runner, which knows a framework, and an executor, which runs programs.
//!
//! A [`Session`] is one attempt of one job as a state machine without I/O: it says which program
//! to run next, is fed with everything that program writes, and turns it into reports. It never
//! touches a file or a process, so that each runner is tested on recorded text. Parsers of
//! foreign text never fail: what they do not understand is output.

use std::collections::BTreeMap;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;

/// One attempt of one job.
pub trait Session: Send {
    /// How long the attempt has taken so far. Said before each call of another method, so that a
    /// session can measure what its framework does not.
    fn clock(&mut self, _now: Duration) {}

    /// What to do next. Called once at the beginning with `None`, then after each program with
    /// how that program ended. Reports go to `reports`.
    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step;

    /// The attempt is about to be ended from outside: report what is known for certain and was
    /// kept back, and what is running. What a program says from here on may be the doing of the
    /// request; nothing more is run. What does not end is settled by who ended it.
    fn stopping(&mut self, _reports: &mut Vec<JobReport>) {}

    /// Bytes that the running program wrote on one of its streams, in order, cut anywhere.
    fn output(&mut self, _stream: Stream, _bytes: &[u8], _reports: &mut Vec<JobReport>) {}

    /// One line that came over the event channel ([`Invocation::event_channel`]), without its end.
    fn event_line(&mut self, _line: &str, _reports: &mut Vec<JobReport>) {}

    /// What the running program waits to be told ([`Invocation::resident`]), each once. Asked
    /// after every piece that came over the event channel.
    fn wish(&mut self) -> Option<Wish> {
        None
    }

    /// One file that matched [`Invocation::report_files`], after the program ended and before
    /// the next call of [`Session::next`]. `path` is for messages.
    fn report_file(&mut self, _path: &str, _content: &[u8], _reports: &mut Vec<JobReport>) {}
}

/// What a session wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Run this program and feed what it writes.
    Run(Invocation),
    /// The attempt is over.
    Finish {
        /// What is wrong beyond failed tests; see [`apex_core::report::JobEnd::problem`].
        problem: Option<String>,
    },
    /// The attempt is over: the framework says that there was nothing to run, and its exit code
    /// says no more than that.
    NothingToRun,
    /// The attempt is over: the tests could not be run at all, and not because of a test (a tool
    /// is missing, the build broke).
    Unable {
        /// What is missing or broken, and what to do.
        reason: String,
    },
}

/// What a program that may stay after its work waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To hear, before its last test, whether more work may come.
    Word,
    /// More work: what it was given is done, and amounts to this end of a program of its own.
    Work(ProcessEnd),
    /// Nothing: it ends as a program that does not stay.
    Nothing {
        /// Why it cannot stay, for people.
        why: String,
    },
}

/// One program to run. Nothing is inherited but what the executor adds (see the executor).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Invocation {
    /// Argument vector; the first is a program name looked up on `PATH`, or a path.
    /// `{out}` and `{private}` anywhere in an argument stand for a file and a folder of this
    /// attempt that exist nowhere else (the folder is made, the file is not).
    pub arguments: Vec<String>,
    /// Working directory relative to the project root; empty for the root.
    pub working_directory: String,
    /// Environment in addition to the job's; the same placeholders hold in values.
    pub env: BTreeMap<String, String>,
    /// Name of the variable that gets the path of a named pipe; each line the program writes
    /// there comes to [`Session::event_line`]. The path also replaces `{events}` in arguments.
    pub event_channel: Option<&'static str>,
    /// Text files to put into the private folder before the start: name → content.
    pub private_files: &'static [(&'static str, &'static str)],
    /// Globs of report files relative to the working directory (or starting with `{private}/`,
    /// or exactly `{out}`), read after the program ended, at most 64 MiB in all. Files that are
    /// older than the start of the program are not read.
    pub report_files: Vec<String>,
    /// How the program is given more work of the same kind, when it may stay; the executor decides
    /// whether it does.
    pub resident: Option<Resident>,
}

/// How a program that stays is given more work: over a named pipe, one line each. `job FILE` names
/// a file with arguments and variables as JSON, `stay` and `leave` answer [`Wish::Word`], and
/// `leave` also [`Wish::Work`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Name of the variable that gets the path of the pipe. A program without it does not stay.
    pub variable: &'static str,
    /// What a running program is told in place of [`Invocation::arguments`]. Of
    /// [`Invocation::env`] it is told what holds no placeholder.
    pub arguments: Vec<String>,
}
