//! Streams of events made by hand.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, CommandLine, EnvironmentName, ExecutionMode, FailFast, FlakyPolicy, LayerId,
    Priority, RetryCauses, RetryWhen, RunnerKind, ServiceName, SuccessCriteria,
};
use apex_core::event::{
    CategoryEvent, Checkout, JobEvent, LayerEvent, OutputEvent, ProcessEnd, RunEvent, RunResult,
    RunStarted, ServiceEvent, Setting, Stream as Out, TestEvent,
};
use apex_core::plan::{
    CategoryWork, Cutting, Forecast, JobSpec, Part, PlannedCategory, PlannedJob, PlannedLayer,
    PlannedService, RequestSummary, SerialShare, ServiceScope, Standing, Work,
};
use apex_core::test_case::{Failure, TestCase};
use apex_core::{
    AttemptNumber, CategoryIx, Envelope, Event, JobIx, LayerIx, Moment, Outcome, Plan, RunId,
    RunView, ServiceIx, TestIx, Verdict,
};

/// Layers with their budget in seconds and their categories with the retries of each; a category
/// has one job.
pub(crate) type Shape<'a> = &'a [(&'a str, u64, &'a [(&'a str, u32)])];

pub(crate) fn plan(shape: Shape<'_>) -> Plan {
    let environment = Some(EnvironmentName::new("local").unwrap());
    let request = RequestSummary { environment, ..RequestSummary::default() };
    let mut plan = Plan { slots: 4, slots_up_to: 6, request, ..Plan::default() };
    for (position, (id, budget, categories)) in shape.iter().enumerate() {
        let first = plan.categories.len();
        plan.layers.push(layer(id, *budget, first..first + categories.len()));
        for (name, retries) in *categories {
            let job = JobIx::at(plan.jobs.len());
            plan.jobs.push(job_of(CategoryIx::at(plan.categories.len()), name));
            plan.categories.push(category(name, LayerIx::at(position), *retries, job));
        }
    }
    plan
}

fn layer(id: &str, budget: u64, categories: std::ops::Range<usize>) -> PlannedLayer {
    PlannedLayer {
        id: LayerId::new(id).unwrap(),
        name: id.replace('_', " "),
        reason: "asked for".to_owned(),
        priority: 1,
        execution_order: 1,
        phase: 0,
        after: Vec::new(),
        conflicts: Vec::new(),
        budget: (budget > 0).then(|| Duration::from_secs(budget)),
        retry_budget: Some(Duration::from_secs(12)),
        execution_mode: ExecutionMode::Parallel,
        fail_fast: FailFast::Layer,
        background: false,
        max_parallel: 4,
        max_memory_mb: Some(2048),
        success: SuccessCriteria {
            min_pass_rate: 1.0,
            max_failures: 0,
            critical_tests_must_pass: true,
            allow_partial_success: false,
        },
        grace: Duration::from_secs(5),
        categories: categories.map(CategoryIx::at).collect(),
    }
}

fn category(name: &str, layer: LayerIx, retries: u32, job: JobIx) -> PlannedCategory {
    PlannedCategory {
        name: CategoryName::new(name).unwrap(),
        layer,
        reason: "part of its layer".into(),
        requested: true,
        named: false,
        priority: Priority::High,
        priority_order: 1,
        after: Vec::new(),
        conflicts: Vec::new(),
        parallel_safe: true,
        load: Vec::new(),
        exclusive: false,
        timeout: Duration::from_secs(60),
        grace: Duration::from_secs(5),
        slow_after: Duration::from_secs(7),
        no_output_timeout: Some(Duration::from_secs(90)),
        max_parallel: 2,
        memory_mb: 128,
        retries,
        retry_when: RetryWhen::AtOnce,
        retry_on: RetryCauses::default(),
        flaky: FlakyPolicy::Warn,
        critical: false,
        estimate: Duration::from_millis(2500),
        fingerprint: None,
        is_sample: false,
        cutting: Cutting::AsWritten,
        work: CategoryWork::Jobs { first: job, count: 1 },
    }
}

fn part() -> Part {
    let list = |text: &str| vec![text.into()];
    let serial = Some(SerialShare { files: list("tests/test_c.py"), marked: true });
    Part {
        number: 2,
        of: 3,
        leave: list("tests/test_a.py"),
        only: list("tests/test_b.py::test_one"),
        without: list("tests/test_b.py::test_two"),
        serial,
    }
}

fn job_of(category: CategoryIx, name: &str) -> PlannedJob {
    let spec = JobSpec {
        runner: RunnerKind::Command,
        working_directory: "".into(),
        work: Work::Command {
            command: CommandLine::Shell(format!("make {name}")),
            discover: None,
            report: None,
        },
        env: Arc::default(),
        shard: None,
        part: Some(Arc::new(part())),
        found_by: "the layer file".into(),
    };
    PlannedJob {
        forecast: Some(Forecast {
            expected: Duration::from_millis(1500),
            high: Duration::from_secs(4),
            runs: 7,
            peak_memory_mb: Some(96),
        }),
        holds: vec!["port".into()],
        standing: Standing::IfItFits,
        turn: 3,
        why: "first because it failed in its last run".into(),
        ..PlannedJob::new(category, Vec::new(), spec)
    }
}

pub(crate) fn service(name: &str) -> PlannedService {
    PlannedService {
        name: ServiceName::new(name).unwrap(),
        after: Vec::new(),
        ready_within: Duration::from_secs(30),
        reason: "needed by integration".to_owned(),
        scope: ServiceScope::Run,
        memory_mb: 0,
    }
}

pub(crate) fn case(id: &str) -> TestCase {
    let (suite, name) = id.rsplit_once("::").unwrap_or(("suite", id));
    TestCase {
        id: id.into(),
        suite: suite.into(),
        name: name.into(),
        file: None,
        line: None,
        critical: false,
    }
}

/// A stream and what it amounts to so far.
pub(crate) struct Stream {
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) view: RunView,
    now: Duration,
    tests: usize,
}

impl Stream {
    /// A stream that began at a fixed moment.
    pub(crate) fn of(plan: Plan) -> Self {
        let mut stream =
            Self { envelopes: Vec::new(), view: RunView::new(), now: Duration::ZERO, tests: 0 };
        stream.push(Event::Run(RunEvent::Started(Box::new(RunStarted {
            run: RunId::new("run-1"),
            unix_millis: 1_790_000_000_000,
            setting: Setting {
                checkout: Some(Checkout {
                    commit: "5e88531e5e88531e5e88531e5e88531e5e88531e".into(),
                    branch: Some("main".into()),
                    is_changed: Some(false),
                }),
                cores: Some(8),
            },
            plan: Arc::new(plan),
        }))));
        stream
    }

    /// The next event happens at this second.
    pub(crate) fn at(&mut self, seconds: f64) -> &mut Self {
        self.now = Duration::from_secs_f64(seconds);
        self
    }

    pub(crate) fn push(&mut self, event: Event) -> &mut Self {
        let seq = self.envelopes.len() as u64;
        let envelope = Envelope { seq, at: Moment::after_start(self.now), event };
        self.now += Duration::from_millis(1);
        self.view.apply(&envelope);
        self.envelopes.push(envelope);
        self
    }

    pub(crate) fn layer(&mut self, layer: u32, event: LayerEvent) -> &mut Self {
        self.push(Event::Layer(LayerIx(layer), event))
    }

    pub(crate) fn layer_ends(&mut self, layer: u32, verdict: Verdict, reason: &str) -> &mut Self {
        self.layer(layer, LayerEvent::Finished { verdict, reason: reason.to_owned() })
    }

    pub(crate) fn category(&mut self, category: u32, event: CategoryEvent) -> &mut Self {
        self.push(Event::Category(CategoryIx(category), event))
    }

    pub(crate) fn category_ends(
        &mut self,
        category: u32,
        outcome: Outcome,
        reason: &str,
    ) -> &mut Self {
        self.category(category, CategoryEvent::Finished { outcome, reason: reason.to_owned() })
    }

    /// Starts the only job of a category with the category.
    pub(crate) fn job_starts(&mut self, job: u32) -> &mut Self {
        self.category(job, CategoryEvent::Started)
            .push(Event::Job(JobIx(job), JobEvent::Started { attempt: AttemptNumber::FIRST }))
    }

    /// A job that writes something: only then is there a file to point to.
    pub(crate) fn writes(&mut self, job: u32) -> &mut Self {
        let text = OutputEvent::Text { stream: Out::Stdout, text: "hello\n".to_owned() };
        self.push(Event::Output(JobIx(job), text))
    }

    /// Ends the only job of a category with the category.
    pub(crate) fn job_ends(&mut self, job: u32, outcome: Outcome, reason: &str) -> &mut Self {
        let end = ProcessEnd::Exited(i32::from(outcome != Outcome::Passed));
        let (attempt, text) = (AttemptNumber::FIRST, reason.to_owned());
        self.push(Event::Job(
            JobIx(job),
            JobEvent::AttemptFinished { attempt, end, peak_memory_mb: None, cpu_time: None },
        ))
        .push(Event::Job(JobIx(job), JobEvent::Finished { outcome, reason: text }))
        .category_ends(job, outcome, reason)
    }

    /// Makes tests known; answers with the number of the first.
    pub(crate) fn discover(&mut self, job: u32, ids: &[&str]) -> u32 {
        self.discover_cases(job, ids.iter().map(|id| case(id)).collect())
    }

    /// The same, with everything that a framework says of them.
    pub(crate) fn discover_cases(&mut self, job: u32, cases: Vec<TestCase>) -> u32 {
        let first = TestIx::at(self.tests);
        self.tests += cases.len();
        self.push(Event::Test(JobIx(job), TestEvent::Discovered { first, cases }));
        first.0
    }

    pub(crate) fn test(&mut self, event: impl FnOnce(TestIx) -> TestEvent, test: u32) -> &mut Self {
        let job = self.view.test(TestIx(test)).expect("a known test").job;
        self.push(Event::Test(job, event(TestIx(test))))
    }

    pub(crate) fn starts(&mut self, test: u32, attempt: u32) -> &mut Self {
        self.test(|test| TestEvent::Started { test, attempt: AttemptNumber(attempt) }, test)
    }

    /// Ends an attempt that nobody knows the time of.
    pub(crate) fn ends_untimed(&mut self, test: u32, outcome: Outcome) -> &mut Self {
        let event = |test| TestEvent::Finished {
            test,
            attempt: AttemptNumber(1),
            outcome,
            duration: None,
            failure: None,
        };
        self.test(event, test)
    }

    pub(crate) fn ends(
        &mut self,
        test: u32,
        attempt: u32,
        outcome: Outcome,
        failure: Option<Failure>,
    ) -> &mut Self {
        let event = |test| TestEvent::Finished {
            test,
            attempt: AttemptNumber(attempt),
            outcome,
            duration: Some(Duration::from_millis(1250)),
            failure: failure.map(Box::new),
        };
        self.test(event, test)
    }

    pub(crate) fn settles(&mut self, test: u32, outcome: Outcome) -> &mut Self {
        self.test(|test| TestEvent::Settled { test, outcome }, test)
    }

    /// Runs a test once, to this outcome.
    pub(crate) fn runs(&mut self, test: u32, outcome: Outcome) -> &mut Self {
        self.starts(test, 1).ends(test, 1, outcome, None).settles(test, outcome)
    }

    /// Runs a test once; it fails with this text.
    pub(crate) fn fails(&mut self, test: u32, failure: Failure) -> &mut Self {
        self.starts(test, 1)
            .ends(test, 1, Outcome::Failed, Some(failure))
            .settles(test, Outcome::Failed)
    }

    pub(crate) fn service(&mut self, service: u32, event: ServiceEvent) -> &mut Self {
        self.push(Event::Service(ServiceIx(service), event))
    }

    pub(crate) fn finish(&mut self, result: RunResult) -> &mut Self {
        self.push(Event::Run(RunEvent::Finished(result)))
    }
}

pub(crate) fn failure(message: &str, details: &str) -> Failure {
    Failure { message: message.to_owned(), details: details.to_owned(), output: String::new() }
}
