//! Runs that the tests of the console show.

use apex_core::event::{JobEvent, LayerEvent, RunEvent, RunResult, ServiceEvent, StopCause};
use apex_core::plan::CategoryWork;
use apex_core::{Event, JobIx, Outcome, Verdict};

use super::stream::{Stream, failure, plan, service};

/// Two layers of which every test passes or is skipped, with a service.
pub(super) fn all_passed() -> Stream {
    let mut plan = plan(&[
        ("fast_feedback", 120, &[("smoke", 0), ("unit", 0)]),
        ("core_integration", 600, &[("database", 0)]),
    ]);
    plan.services.push(service("postgresql"));
    let mut stream = Stream::of(plan);
    stream.at(0.1).layer(0, LayerEvent::Started).job_starts(0).job_starts(1);
    let smoke = stream.discover(0, &["tests/smoke/test_up.py::test_up"]);
    let unit = stream.discover(1, &["a::one", "a::two", "a::three"]);
    stream.at(1.0).runs(smoke, Outcome::Passed).at(1.5).job_ends(0, Outcome::Passed, "");
    stream.at(2.0).runs(unit, Outcome::Passed).runs(unit + 1, Outcome::Skipped);
    stream.starts(unit + 2, 1).ends(unit + 2, 1, Outcome::Passed, None);
    stream.settles(unit + 2, Outcome::Passed).at(61.0).job_ends(1, Outcome::Passed, "");
    stream.at(62.0).layer_ends(0, Verdict::Passed, "");
    stream.service(0, ServiceEvent::Starting);
    let addresses = vec![("main".to_owned(), "127.0.0.1:5432".to_owned())];
    stream.at(65.0).service(0, ServiceEvent::Ready { addresses });
    stream.layer(1, LayerEvent::Started).job_starts(2);
    let database = stream.discover(2, &["db::migrate"]);
    stream.at(70.0).runs(database, Outcome::Passed).job_ends(2, Outcome::Passed, "");
    stream.layer_ends(1, Verdict::Passed, "").service(0, ServiceEvent::Stopped);
    stream.at(71.0).finish(RunResult::default());
    stream
}

/// Failures: at once, after a retry that passed, after one that did not, by a time limit.
pub(super) fn failures() -> Stream {
    let mut stream =
        Stream::of(plan(&[("fast_feedback", 120, &[("unit", 1), ("lint", 0), ("docs", 0)])]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0).job_starts(1);
    stream.writes(0).writes(1);
    let unit = stream.discover(0, &["a.py::flaky", "a.py::broken", "a.py::silent"]);
    let text = failure("assert 1 == 2", "assert 1 == 2\n  left: 1\n\u{1b}[31m right: 2\u{1b}[0m\n");
    for test in [unit, unit + 1] {
        stream.starts(test, 1).ends(test, 1, Outcome::Failed, Some(text.clone()));
    }
    stream.starts(unit, 2).ends(unit, 2, Outcome::Passed, None).settles(unit, Outcome::Flaky);
    stream.starts(unit + 1, 2).ends(unit + 1, 2, Outcome::Failed, Some(text));
    stream.settles(unit + 1, Outcome::Failed);
    stream.starts(unit + 2, 1).at(3.75);
    let cause = StopCause::CategoryTimeout;
    stream.push(Event::Job(JobIx(0), JobEvent::Terminated { cause }));
    stream.settles(unit + 2, Outcome::TimedOut);
    stream.at(4.0).job_ends(0, Outcome::Failed, "2 of 3 tests did not pass");
    let lint = stream.discover(1, &["lint::line_length"]);
    let many: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    stream.fails(lint, failure("30 lines are too long", &many));
    stream.at(5.0).job_ends(1, Outcome::Failed, "");
    stream.at(6.0).layer_ends(0, Verdict::Failed, "3 tests failed");
    stream.at(6.5).finish(RunResult { tests_failed: true, ..RunResult::default() });
    stream
}

/// A layer that its budget cuts, and the one behind it.
pub(super) fn budget_exceeded() -> Stream {
    let mut stream = Stream::of(plan(&[
        ("fast_feedback", 3, &[("unit", 0)]),
        ("core_integration", 600, &[("database", 0)]),
    ]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0).writes(0);
    let ids: Vec<String> = (0..6).map(|number| format!("slow::test_{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    stream.at(3.5).layer(0, LayerEvent::BudgetExceeded).settles(first + 1, Outcome::Cancelled);
    for test in first + 2..first + 6 {
        stream.settles(test, Outcome::NotRun);
    }
    stream.job_ends(0, Outcome::Cancelled, "the budget of the layer is used up");
    stream.at(4.0).layer_ends(0, Verdict::BudgetExceeded, "budget of 3s used up");
    stream.category_ends(1, Outcome::Blocked, "fast_feedback did not pass");
    stream.layer_ends(1, Verdict::Blocked, "fast_feedback did not pass");
    stream.finish(RunResult { budget_exceeded: true, ..RunResult::default() });
    stream
}

/// A signal from the user.
pub(super) fn interrupted() -> Stream {
    let mut stream = Stream::of(plan(&[("fast_feedback", 120, &[("unit", 0)])]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0).writes(0);
    let first = stream.discover(0, &["a::one", "a::two"]);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    stream.at(2.0).push(Event::Run(RunEvent::Interrupted { signal: 2, orderly: true }));
    stream.at(2.5).settles(first + 1, Outcome::Cancelled);
    stream.job_ends(0, Outcome::Cancelled, "interrupted by signal 2");
    stream.layer_ends(0, Verdict::Cancelled, "interrupted by signal 2");
    stream.finish(RunResult { signal: Some(2), ..RunResult::default() });
    stream
}

/// A service, a tool and a collection that fail, and a category without tests.
pub(super) fn could_not_run() -> Stream {
    let mut plan =
        plan(&[("core_integration", 600, &[("database", 0), ("api", 0), ("web", 0), ("docs", 0)])]);
    plan.services.push(service("postgresql"));
    plan.categories[2].work = CategoryWork::Jobs { first: JobIx(2), count: 2 };
    plan.notes.push("`docs` has no tests".to_owned());
    let mut stream = Stream::of(plan);
    stream.at(0.5).layer(0, LayerEvent::Started).service(0, ServiceEvent::Starting);
    let reason = "port 5432 is taken; stop what listens there".to_owned();
    stream.at(1.0).service(0, ServiceEvent::Failed { reason });
    stream.category_ends(0, Outcome::Errored, "service postgresql failed");
    stream.category_ends(1, Outcome::Errored, "`npx` was not found; install Node.js");
    stream.job_starts(2).job_ends(2, Outcome::Errored, "the tests could not be collected");
    stream.category_ends(3, Outcome::Empty, "no tests in docs/");
    stream.layer_ends(0, Verdict::Errored, "3 categories could not run");
    stream.push(Event::Warning("the disk is nearly full".to_owned()));
    stream.finish(RunResult { environment_failed: true, ..RunResult::default() });
    stream
}

/// A run of which the user skipped the rest of the first layer.
pub(super) fn skipped() -> Stream {
    let mut stream = Stream::of(plan(&[
        ("fast_feedback", 120, &[("unit", 0), ("lint", 0)]),
        ("core_integration", 600, &[("database", 0)]),
    ]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::one", "a::two", "a::three"]);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    stream.at(2.0).layer(0, LayerEvent::Skipped);
    stream.settles(first + 1, Outcome::Cancelled).settles(first + 2, Outcome::NotRun);
    stream.job_ends(0, Outcome::Cancelled, "the user skipped the rest of its layer");
    stream.category_ends(1, Outcome::NotRun, "the user skipped the rest of its layer");
    stream.layer_ends(0, Verdict::Cancelled, "the user skipped the rest of it");
    stream.layer(1, LayerEvent::Started).job_starts(2);
    let database = stream.discover(2, &["db::migrate"]);
    stream.at(4.0).runs(database, Outcome::Passed).job_ends(2, Outcome::Passed, "");
    stream.layer_ends(1, Verdict::Passed, "");
    stream.finish(RunResult { skipped: true, ..RunResult::default() });
    stream
}
