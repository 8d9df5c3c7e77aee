//! What an executor reports about a job: the upward half of the ring.

use std::time::Duration;

use crate::event::{OutputEvent, ProcessEnd};
use crate::test_case::{TestCase, TestReport};

/// Something an executor saw while an attempt of a job ran.
///
/// Tests are numbered by the executor from 0 in the order in which it reports them, anew for
/// every attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum JobReport {
    /// Tests became known.
    Discovered(Vec<TestCase>),
    /// A test began.
    TestStarted {
        /// Its number in this attempt.
        test: u32,
    },
    /// A test ended.
    TestFinished {
        /// Its number in this attempt.
        test: u32,
        /// What the framework said.
        report: TestReport,
    },
    /// The request to end is about to reach its programs. What was reported before is their own
    /// doing, what they fail with from here on may be that of the request. At most once an attempt.
    StopReached,
    /// It wrote nothing, and its framework said nothing, for so long.
    Quiet(Duration),
    /// The job wrote something.
    Output(OutputEvent),
    /// Something people should know that is not a result.
    Note(String),
    /// Nothing of the attempt runs any more and everything it wrote was read. Always the last
    /// report of an attempt.
    Ended(JobEnd),
}

/// How an attempt of a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// How its process ended; the last one, where a runner needs several.
    pub end: ProcessEnd,
    /// What the runner found wrong beyond failed tests, for people: the tests could not be
    /// collected, the report is missing, the build broke. Such an attempt is never a pass.
    pub problem: Option<String>,
    /// Whether the framework said that there was nothing to run, whatever its exit code.
    pub nothing_to_run: bool,
    /// How long the attempt took.
    pub duration: Duration,
    /// The largest memory of its processes together that was seen, in mebibytes, where it was
    /// measured.
    pub peak_memory_mb: Option<u32>,
    /// Processor time of its processes together that was seen, where it was measured.
    pub cpu_time: Option<Duration>,
    /// Whether its processes were ended because they needed more memory than they may have.
    pub out_of_memory: Option<OutOfMemory>,
}

/// That processes needed more memory than they may have, and some of them were ended for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// What all processes of the layer may use together, in mebibytes.
    pub limit_mb: u32,
    /// The most that the processes of the attempt were seen to use, in mebibytes.
    pub peak_mb: Option<u32>,
}
