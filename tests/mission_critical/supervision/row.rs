//! A row of the table: what a program does, and what has to come of it.

/// What a program does and what has to come of it.
pub(super) struct Row {
    /// What it does, as a sentence about the program.
    pub(super) name: String,
    /// The program, in Python; `PRELUDE` stands before it.
    pub(super) program: String,
    /// Its time limit in seconds.
    pub(super) limit: u32,
    /// The outcome of its job.
    pub(super) outcome: &'static str,
    /// What has to stand in what Apex says or records.
    pub(super) says: Vec<String>,
    /// What must not stand there.
    pub(super) never_says: Vec<&'static str>,
    /// The most that Apex may hold in memory, in mebibytes.
    pub(super) most_mib: Option<u64>,
    /// A line for the layer, beside its categories.
    pub(super) layer: &'static str,
}

/// What every program begins with. Its mark is in its arguments, so that it stays findable when
/// it clears its environment.
pub(super) const PRELUDE: &str = "
import ctypes, os, resource, signal, subprocess, sys, time

def forever():
    while True:
        time.sleep(1)

def in_child(work):
    if os.fork() == 0:
        try:
            work()
        finally:
            os._exit(0)

def quiet():
    null = os.open('/dev/null', os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)

def without_environment(source):
    text = 'import os,signal,sys,time\\n' + source
    os.execve(sys.executable, [sys.executable, '-c', text] + sys.argv[1:], {})

def ignore(*numbers):
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
";

impl Row {
    /// A program that ends within its limit and passes.
    pub(super) fn new(name: impl Into<String>, program: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            limit: 30,
            outcome: "passed",
            says: Vec::new(),
            never_says: Vec::new(),
            most_mib: None,
            layer: "",
        }
    }

    /// It is ended by its time limit.
    pub(super) fn times_out(mut self) -> Self {
        self.limit = 1;
        self.outcome = "timed_out";
        self.says("the time limit of its category was reached")
    }

    pub(super) fn outcome(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }

    pub(super) fn says(mut self, text: impl Into<String>) -> Self {
        self.says.push(text.into());
        self
    }

    /// It leaves this many processes behind, which are named.
    pub(super) fn leaves(self, count: &str) -> Self {
        self.says(format!("the program ended and left {count}")).says("behind; killed")
    }

    pub(super) fn never_says(mut self, text: &'static str) -> Self {
        self.never_says.push(text);
        self
    }

    /// It leaves nothing behind.
    pub(super) fn leaves_nothing(self) -> Self {
        self.never_says("behind; killed")
    }

    /// Apex holds at most this much.
    pub(super) fn most_mib(mut self, most: u64) -> Self {
        self.most_mib = Some(most);
        self
    }

    /// A line for its layer.
    pub(super) fn layer(mut self, line: &'static str) -> Self {
        self.layer = line;
        self
    }
}
