//! Every name that telemetry uses, once: spans, logs and metrics take theirs from here, and the
//! page of the reference is made from here.
//!
//! Names come from the [semantic conventions](https://opentelemetry.io/docs/specs/semconv/) of
//! OpenTelemetry; what they do not know begins with `apex.`. A test compares with their registry.

use std::fmt::Write as _;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A fact about a span, a log record, a point of a metric, or everything that is sent.
    Attribute,
    /// A metric that only grows.
    Counter,
    /// A metric that adds up and may shrink.
    Level,
    /// A metric that does not add up.
    Gauge,
    /// A metric of how values are distributed.
    Histogram,
    /// A moment inside of a span.
    Moment,
}

impl Sort {
    /// The word for it in the reference.
    const fn word(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Counter => "counter",
            Self::Level => "up-down counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Moment => "span event",
        }
    }
}

/// A name that telemetry uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is sent.
    pub text: &'static str,
    /// What it stands for.
    pub sort: Sort,
    /// Unit of a metric in the notation of UCUM; empty for everything else.
    pub unit: &'static str,
    /// What it says, for people.
    pub about: &'static str,
}

macro_rules! names {
    ($($constant:ident: $sort:ident $text:literal $unit:literal $about:literal;)*) => {
        $(pub(crate) const $constant: Name =
            Name { text: $text, sort: Sort::$sort, unit: $unit, about: $about };)*

        /// Every name, in the order of the reference.
        pub static NAMES: &[Name] = &[$($constant),*];
    };
}

names! {
    SERVICE_NAME: Attribute "service.name" "" "`apex`, or what `OTEL_SERVICE_NAME` says";
    SERVICE_VERSION: Attribute "service.version" "" "the version of Apex";
    SERVICE_INSTANCE: Attribute "service.instance.id" "" "the run";
    SDK_NAME: Attribute "telemetry.sdk.name" "" "`apex`";
    SDK_LANGUAGE: Attribute "telemetry.sdk.language" "" "`rust`";
    SDK_VERSION: Attribute "telemetry.sdk.version" "" "the version of Apex";
    HOST_NAME: Attribute "host.name" "" "the machine";
    HOST_ARCH: Attribute "host.arch" "" "its processors";
    OS_TYPE: Attribute "os.type" "" "its operating system";
    PROCESS_PID: Attribute "process.pid" "" "the process of Apex";
    REPOSITORY_URL: Attribute "vcs.repository.url.full" "" "the repository, without what is secret in its URL";
    HEAD_NAME: Attribute "vcs.ref.head.name" "" "the branch or tag that is tested";
    HEAD_TYPE: Attribute "vcs.ref.head.type" "" "`branch` or `tag`";
    HEAD_REVISION: Attribute "vcs.ref.head.revision" "" "the commit that is tested";
    BASE_NAME: Attribute "vcs.ref.base.name" "" "the branch that the change is meant for";
    CHANGE_ID: Attribute "vcs.change.id" "" "the number of the pull or merge request";
    PROVIDER_NAME: Attribute "vcs.provider.name" "" "`github`, `gitlab` or `bitbucket`, by the URL of the repository";
    WORKER_ID: Attribute "cicd.worker.id" "" "the machine of the CI system";
    WORKER_NAME: Attribute "cicd.worker.name" "" "the machine of the CI system, its name";
    CI_SYSTEM: Attribute "apex.ci.system" "" "the CI system";
    CI_TASK_URL: Attribute "cicd.pipeline.task.run.url.full" "" "the page of the job of the CI system";
    RUN_URL: Attribute "cicd.pipeline.run.url.full" "" "the page of the run of the CI system";

    PIPELINE_NAME: Attribute "cicd.pipeline.name" "" "on what is sent as a whole: the pipeline of the CI system; on spans and metrics of a run: `apex` and its mode";
    PIPELINE_RUN: Attribute "cicd.pipeline.run.id" "" "on what is sent as a whole: the run of the CI system; on the span of a run: the run of Apex";
    PIPELINE_ACTION: Attribute "cicd.pipeline.action.name" "" "always `RUN`";
    PIPELINE_RESULT: Attribute "cicd.pipeline.result" "" "`success`, `failure`, `error`, `timeout`, `cancellation` or `skip`";
    PIPELINE_STATE: Attribute "cicd.pipeline.run.state" "" "`executing`";
    TASK_NAME: Attribute "cicd.pipeline.task.name" "" "on what is sent as a whole: the job of the CI system; on spans: the category";
    TASK_TYPE: Attribute "cicd.pipeline.task.type" "" "always `test`";
    TASK_RUN: Attribute "cicd.pipeline.task.run.id" "" "on what is sent as a whole: the job of the CI system; on spans: the run and the job of Apex";
    TASK_RESULT: Attribute "cicd.pipeline.task.run.result" "" "as `cicd.pipeline.result`";
    ERROR_TYPE: Attribute "error.type" "" "what was wrong with a run: `tests`, `environment`, `budget`, `nothing_ran`, `signal` or `internal`";
    TEST_NAME: Attribute "test.case.name" "" "the id of the test";
    TEST_STATUS: Attribute "test.case.result.status" "" "`pass` or `fail`; nothing for a test that did not run";
    SUITE_NAME: Attribute "test.suite.name" "" "its file, module, class or program";
    FILE_PATH: Attribute "code.file.path" "" "its file, relative to the project";
    LINE_NUMBER: Attribute "code.line.number" "" "its line there";
    EXIT_CODE: Attribute "process.exit.code" "" "how the process of a job ended by itself";
    EXCEPTION: Moment "exception" "" "a test did not pass";
    EXCEPTION_TYPE: Attribute "exception.type" "" "the outcome of the test";
    EXCEPTION_MESSAGE: Attribute "exception.message" "" "what its framework said";
    EXCEPTION_STACK: Attribute "exception.stacktrace" "" "its traceback or difference, at most 16 KiB";
    IO_STREAM: Attribute "log.iostream" "" "`stdout` or `stderr`";

    RUN_ID: Attribute "apex.run.id" "" "the run";
    MODE: Attribute "apex.mode" "" "its mode, where it has one";
    PART: Attribute "apex.part" "" "which part of a run this machine ran, such as `2/3`";
    LAYER: Attribute "apex.layer" "" "the layer";
    CATEGORY: Attribute "apex.category" "" "the category";
    JOB: Attribute "apex.job" "" "the number of the job in the plan";
    SERVICE: Attribute "apex.service" "" "the service";
    ATTEMPT: Attribute "apex.attempt" "" "which try, from 1";
    ATTEMPTS: Attribute "apex.attempts" "" "how many tries there were";
    OUTCOME: Attribute "apex.outcome" "" "how a test, job or category ended";
    VERDICT: Attribute "apex.verdict" "" "what a layer amounts to";
    STOP_CAUSE: Attribute "apex.stop.cause" "" "why a job was asked to end";
    PEAK_MEMORY: Attribute "apex.job.memory.peak" "" "the largest memory of the processes of a job that was seen, in bytes";
    OMITTED: Attribute "apex.output.omitted" "" "bytes of output that the captured file has and the log does not";
    TESTS: Attribute "apex.tests" "" "how many tests were found";
    SERVICE_READY: Moment "apex.service.ready" "" "a service answers";
    SERVICE_LOST: Moment "apex.service.lost" "" "a service ended by itself and starts again";

    RUN_DURATION: Histogram "cicd.pipeline.run.duration" "s" "how long runs take";
    RUN_ACTIVE: Level "cicd.pipeline.run.active" "{run}" "runs that go on";
    RUN_ERRORS: Counter "cicd.pipeline.run.errors" "{error}" "what was wrong with runs";
    TEST_DURATION: Histogram "apex.test.case.duration" "s" "how long tests take, their last attempt";
    TEST_COUNT: Counter "apex.test.case.count" "{test}" "tests that are settled";
    BUDGET_USE: Gauge "apex.layer.budget.utilization" "1" "share of its budget that a layer has used";
    READY_DURATION: Gauge "apex.service.ready.duration" "s" "how long a service took from its start until it answered";
    QUEUE_LENGTH: Gauge "apex.scheduler.queue.length" "{job}" "jobs that have not started";
    SLOTS: Gauge "apex.scheduler.slots" "{job}" "jobs that may run at once";
    CPU_UTILIZATION: Gauge "system.cpu.utilization" "1" "share of the machine's processors that was used";
    MEMORY_USAGE: Level "system.memory.usage" "By" "memory of the machine, by `system.memory.state`: `used` is what programs cannot have any more, `free` the rest";
    MEMORY_STATE: Attribute "system.memory.state" "" "`used` or `free`";
    HOST_PRESSURE: Gauge "apex.host.pressure" "1" "share of the last ten seconds in which some work waited, by `apex.resource`";
    RESOURCE: Attribute "apex.resource" "" "what was waited for: `cpu`, `memory` or `io`";
    HOST_DISK_RATE: Gauge "apex.host.disk.rate" "By/s" "bytes a second from and to the disks of the machine, by `disk.io.direction`";
    DISK_DIRECTION: Attribute "disk.io.direction" "" "`read` or `write`";
    OWN_MEMORY: Level "process.memory.usage" "By" "memory of Apex itself";
    OWN_CPUS: Gauge "apex.process.cpu.usage" "{cpu}" "processors that Apex itself kept busy";
    CATEGORY_MEMORY: Gauge "apex.category.memory.usage" "By" "memory of the running jobs of a category together";
    CATEGORY_CPUS: Gauge "apex.category.cpu.usage" "{cpu}" "processors that the running jobs of a category kept busy";
    CATEGORY_PEAK: Gauge "apex.category.memory.peak" "By" "the largest memory of one job of a category that was seen";
    CATEGORY_CPU_TIME: Counter "apex.category.cpu.time" "s" "processor time of the jobs of a category that have ended, as far as it was seen";
    SERVICE_MEMORY: Gauge "apex.service.memory.usage" "By" "memory of a service that is a program or a container";
    SERVICE_CPUS: Gauge "apex.service.cpu.usage" "{cpu}" "processors that a service kept busy";
    PREDICTION_ERROR: Gauge "apex.prediction.error" "1" "how much longer a finished layer took than expected, as a share of what was expected; negative when it was faster";
}

/// The page of the reference, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "# Telemetry\n\nEvery name that Apex sends with OTLP. How to turn it on, and what is kept, is in\n\
         [the design](../design/013-telemetry.md).\n\n\
         | name | sort | unit | what it says |\n|---|---|---|---|\n",
    );
    for name in NAMES {
        let unit = if name.unit.is_empty() { String::new() } else { format!("`{}`", name.unit) };
        // Writing to a `String` cannot fail.
        let _ =
            writeln!(text, "| `{}` | {} | {unit} | {} |", name.text, name.sort.word(), name.about);
    }
    text
}
