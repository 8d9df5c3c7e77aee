//! Every rule by which outcomes become the outcome of a job, a category, a layer.

use apex_config::model::{CategoryName, SuccessCriteria};
use apex_core::event::{ProcessEnd, StopCause};
use apex_core::judge::{Counts, JobFacts, LayerFacts, category, job, layer, lets_dependants_run};
use apex_core::report::OutOfMemory;
use apex_core::{Outcome, Verdict};

use Outcome::{
    Blocked, Cached, Cancelled, Deferred, Empty, Errored, Failed, Flaky, NotRun, Passed,
    Quarantined, Skipped, TimedOut,
};

fn counts(of: &[(Outcome, u32)]) -> Counts {
    let mut counts = Counts::default();
    for &(outcome, count) in of {
        counts[outcome as usize] = count;
    }
    counts
}

/// A job of which everything is known.
struct Job {
    end: ProcessEnd,
    problem: Option<&'static str>,
    nothing_to_run: bool,
    out_of_memory: Option<OutOfMemory>,
    stop: Option<StopCause>,
    tests: &'static [(Outcome, u32)],
    unreported: u32,
}

/// A job that ended by itself with an exit code.
fn exited(code: i32, tests: &'static [(Outcome, u32)]) -> Job {
    Job {
        end: ProcessEnd::Exited(code),
        problem: None,
        nothing_to_run: false,
        out_of_memory: None,
        stop: None,
        tests,
        unreported: 0,
    }
}

fn stopped(cause: StopCause, tests: &'static [(Outcome, u32)]) -> Job {
    Job { end: ProcessEnd::Signalled(15), stop: Some(cause), ..exited(0, tests) }
}

/// What else a judgement says.
#[derive(Debug, PartialEq)]
enum Blame {
    Tests,
    Environment,
    Contradiction,
}

#[track_caller]
fn check_job(given: Job, outcome: Outcome, blame: Blame, reason: &str) {
    let judged = job(&JobFacts {
        end: &given.end,
        problem: given.problem,
        nothing_to_run: given.nothing_to_run,
        out_of_memory: given.out_of_memory,
        stop: given.stop,
        counts: &counts(given.tests),
        unreported: given.unreported,
    });
    let blamed = match (judged.environment, judged.contradiction) {
        (false, false) => Blame::Tests,
        (true, false) => Blame::Environment,
        (false, true) => Blame::Contradiction,
        (true, true) => panic!("both to blame: {judged:?}"),
    };
    assert_eq!((judged.outcome, blamed), (outcome, blame), "{}", judged.reason);
    assert_eq!(judged.reason, reason);
}

#[test]
fn a_job_that_ended_by_itself_is_judged_by_exit_code_and_tests_together() {
    for (given, outcome, reason) in [
        (exited(0, &[(Passed, 3)]), Passed, ""),
        (exited(0, &[(Passed, 3), (Skipped, 2)]), Passed, ""),
        (exited(0, &[(Skipped, 2)]), Skipped, "every test was skipped"),
        (exited(0, &[]), Empty, "it has no tests"),
        (exited(0, &[(Passed, 1), (Flaky, 1)]), Flaky, "1 test passed only when tried again"),
        (exited(1, &[(Passed, 1), (Failed, 2)]), Failed, "2 tests did not pass"),
        (exited(1, &[(Failed, 1), (Errored, 1)]), Failed, "2 tests did not pass"),
        (exited(1, &[(Errored, 1)]), Errored, "1 test did not pass"),
        (exited(1, &[(TimedOut, 1)]), TimedOut, "1 test timed out"),
        (exited(1, &[(TimedOut, 1), (Failed, 1)]), Failed, "1 test did not pass"),
        // What failed in quarantine explains the exit code and decides nothing.
        (exited(1, &[(Passed, 2), (Quarantined, 1)]), Passed, ""),
        (exited(1, &[(Quarantined, 1)]), Quarantined, "every test that ran failed in quarantine"),
        (exited(1, &[(Quarantined, 1), (Failed, 1)]), Failed, "1 test did not pass"),
        // A failed test counts even when the framework says that all is well.
        (exited(0, &[(Failed, 1)]), Failed, "1 test did not pass"),
    ] {
        check_job(given, outcome, Blame::Tests, reason);
    }
}

#[test]
fn what_ran_out_of_memory_is_errored_whatever_else_is_known() {
    let out = Some(OutOfMemory { limit_mb: 512, peak_mb: Some(512) });
    let reason = "out of memory: the jobs of its layer may use 512 MB together, its processes \
                  reached 512 MB; raise `resource_limits.max_memory_mb` or lower \
                  `max_parallel_instances`";
    for given in [
        exited(0, &[(Passed, 3)]),
        exited(1, &[(Failed, 1)]),
        stopped(StopCause::FailFast, &[(Failed, 1)]),
        Job { end: ProcessEnd::Signalled(9), ..exited(0, &[]) },
    ] {
        check_job(Job { out_of_memory: out, ..given }, Errored, Blame::Tests, reason);
    }
}

#[test]
fn an_exit_code_without_a_failed_test_is_a_contradiction() {
    let no_failure = "exit code 3, and no test failed";
    check_job(exited(3, &[(Passed, 1)]), Errored, Blame::Contradiction, no_failure);
    check_job(exited(3, &[]), Errored, Blame::Contradiction, no_failure);
    let signalled = Job { end: ProcessEnd::Signalled(11), ..exited(0, &[(Passed, 1)]) };
    check_job(signalled, Errored, Blame::Contradiction, "killed by signal 11");
    // pytest ends with 5 when it has nothing to run.
    check_job(
        Job { nothing_to_run: true, ..exited(5, &[]) },
        Empty,
        Blame::Tests,
        "it has no tests",
    );
}

#[test]
fn a_report_that_cannot_be_trusted_is_never_green() {
    let unreadable = |tests| Job { problem: Some("no report was written"), ..exited(0, tests) };
    let why = "no report was written";
    check_job(unreadable(&[(Passed, 4)]), Errored, Blame::Contradiction, why);
    check_job(unreadable(&[(Failed, 1)]), Failed, Blame::Contradiction, why);
    let missing = Job { unreported: 2, ..exited(0, &[(Passed, 4)]) };
    let why = "2 tests were announced and not reported";
    check_job(missing, Errored, Blame::Contradiction, why);
}

#[test]
fn a_job_that_never_started_is_the_environments_fault() {
    let end = ProcessEnd::NotStarted("`node` was not found".to_owned());
    let given = Job { end, ..exited(0, &[]) };
    check_job(given, Errored, Blame::Environment, "`node` was not found");
}

#[test]
fn a_job_that_was_ended_takes_the_outcome_of_the_cause() {
    for cause in StopCause::ALL {
        check_job(
            stopped(cause, &[(Passed, 1)]),
            cause.outcome_of_running(),
            Blame::Tests,
            cause.describe(),
        );
        // A time limit stays one; every other cause does not hide a failure.
        let with_failure = if cause.is_time_limit() { TimedOut } else { Failed };
        check_job(stopped(cause, &[(Failed, 1)]), with_failure, Blame::Tests, cause.describe());
    }
}

#[test]
fn a_category_is_as_bad_as_its_worst_job_unless_its_time_was_up() {
    for worst in Outcome::ALL {
        assert_eq!(category(worst, "why".to_owned(), false), (worst, "why".to_owned()));
        assert_eq!(category(worst, "why".to_owned(), true).0, TimedOut);
        let lets = matches!(worst, Passed | Flaky | Quarantined | Skipped | Cached | Empty);
        assert_eq!(lets_dependants_run(worst), lets, "{worst}");
    }
}

const STRICT: SuccessCriteria = SuccessCriteria {
    min_pass_rate: 1.0,
    max_failures: 0,
    critical_tests_must_pass: true,
    allow_partial_success: false,
};
const TOLERANT: SuccessCriteria = SuccessCriteria {
    min_pass_rate: 0.5,
    max_failures: 2,
    critical_tests_must_pass: true,
    allow_partial_success: true,
};

/// A layer that began and whose tests ended like this.
fn began(tests: &[(Outcome, u32)]) -> LayerFacts {
    LayerFacts { counts: counts(tests), began: true, ..LayerFacts::default() }
}

/// A layer that began, with the outcomes of its categories.
fn with_categories(mut facts: LayerFacts, outcomes: &[Outcome]) -> LayerFacts {
    for (name, &outcome) in ["api", "unit", "e2e"].iter().zip(outcomes) {
        facts.add_category(&CategoryName::new(name).unwrap(), outcome, true);
    }
    facts
}

#[track_caller]
fn check_layer(facts: &LayerFacts, criteria: &SuccessCriteria, verdict: Verdict, reason: &str) {
    assert_eq!(layer(facts, criteria), (verdict, reason.to_owned()));
}

#[test]
fn a_layer_that_never_began_says_why() {
    let never = LayerFacts::default();
    let stopped = LayerFacts { stopped: Some("layer a did not pass".to_owned()), ..never.clone() };
    check_layer(&stopped, &STRICT, Verdict::Blocked, "layer a did not pass");
    let cut = LayerFacts { cut: true, ..never.clone() };
    check_layer(&cut, &STRICT, Verdict::BudgetExceeded, "it never began");
    let interrupted = LayerFacts { interrupted: true, ..never.clone() };
    check_layer(&interrupted, &STRICT, Verdict::Cancelled, "it never began");
    check_layer(&never, &STRICT, Verdict::Empty, "it never began");
}

#[test]
fn a_layer_without_failures_passes_or_is_empty() {
    check_layer(&began(&[(Passed, 2), (Skipped, 1)]), &STRICT, Verdict::Passed, "");
    check_layer(&began(&[(Skipped, 1)]), &STRICT, Verdict::Passed, "");
    check_layer(&began(&[(Flaky, 1)]), &STRICT, Verdict::Passed, "");
    check_layer(&began(&[]), &STRICT, Verdict::Empty, "it has no tests");
}

#[test]
fn criteria_of_success_are_a_number_a_rate_and_critical_tests() {
    let failed = began(&[(Passed, 9), (Failed, 1)]);
    check_layer(&failed, &STRICT, Verdict::Failed, "1 test failed, none may (max_failures)");
    let within = "1 test failed, 2 may; 90.0 % of the tests passed, 50.0 % must";
    check_layer(&failed, &TOLERANT, Verdict::Partial, within);
    let errored = began(&[(Passed, 9), (Errored, 1), (TimedOut, 2)]);
    check_layer(
        &errored,
        &TOLERANT,
        Verdict::Failed,
        "3 tests failed, at most 2 may (max_failures)",
    );
    let half = began(&[(Passed, 1), (Failed, 2)]);
    check_layer(
        &half,
        &TOLERANT,
        Verdict::Failed,
        "33.3 % of the tests passed, 50.0 % must (min_pass_rate)",
    );
    let critical = LayerFacts { critical_failures: 1, ..failed.clone() };
    check_layer(
        &critical,
        &TOLERANT,
        Verdict::Failed,
        "1 test marked critical failed (critical_tests_must_pass)",
    );
    let lenient = SuccessCriteria { critical_tests_must_pass: false, ..TOLERANT };
    check_layer(&critical, &lenient, Verdict::Partial, within);
    let counted = SuccessCriteria { allow_partial_success: false, ..TOLERANT };
    let said = format!("{within}; no success of the run (allow_partial_success)");
    check_layer(&failed, &counted, Verdict::Partial, &said);
}

#[test]
fn every_criterion_that_a_layer_breaks_is_said() {
    let facts = LayerFacts { critical_failures: 2, ..began(&[(Passed, 1), (Failed, 3)]) };
    let said = "2 tests marked critical failed (critical_tests_must_pass); 3 tests failed, at \
                most 2 may (max_failures); 25.0 % of the tests passed, 50.0 % must (min_pass_rate)";
    check_layer(&facts, &TOLERANT, Verdict::Failed, said);
}

#[test]
fn flaky_tests_count_as_failures_only_where_the_policy_says_so() {
    let facts = LayerFacts { flaky_failures: 1, ..began(&[(Passed, 3), (Flaky, 1)]) };
    check_layer(&facts, &STRICT, Verdict::Failed, "1 test failed, none may (max_failures)");
    let within = "1 test failed, 2 may; 75.0 % of the tests passed, 50.0 % must";
    check_layer(&facts, &TOLERANT, Verdict::Partial, within);
}

#[test]
fn tests_that_a_budget_cut_are_the_budgets_fault() {
    let facts = LayerFacts { cut: true, cut_tests: 2, ..began(&[(Passed, 3), (TimedOut, 2)]) };
    check_layer(&facts, &STRICT, Verdict::BudgetExceeded, "its time budget was used up");
    // A failed test weighs more than the budget.
    let failed = LayerFacts { cut: true, ..began(&[(Failed, 1)]) };
    check_layer(&failed, &STRICT, Verdict::Failed, "1 test failed, none may (max_failures)");
}

#[test]
fn what_could_not_run_is_told_from_what_contradicts_itself() {
    let facts = with_categories(began(&[(Passed, 1)]), &[Errored, Passed]);
    let environment = LayerFacts { environment: true, ..facts.clone() };
    check_layer(&environment, &STRICT, Verdict::Errored, "could not run: api");
    let contradiction = LayerFacts { contradiction: true, ..facts };
    check_layer(&contradiction, &STRICT, Verdict::Failed, "could not run: api");
}

#[test]
fn a_category_that_timed_out_fails_its_layer_whatever_it_allows() {
    let facts = with_categories(began(&[(Passed, 9)]), &[Passed, TimedOut]);
    check_layer(&facts, &TOLERANT, Verdict::Failed, "timed out: unit");
}

#[test]
fn a_category_that_a_budget_cut_is_the_budgets_fault() {
    let mut facts = LayerFacts { cut: true, ..began(&[(Passed, 9)]) };
    facts.add_category(&CategoryName::new("unit").unwrap(), TimedOut, false);
    check_layer(&facts, &STRICT, Verdict::BudgetExceeded, "its time budget was used up");
}

#[test]
fn a_layer_of_which_part_did_not_run_is_not_green() {
    for outcome in [Cancelled, NotRun, Deferred, Blocked] {
        let facts = with_categories(began(&[(Passed, 1)]), &[outcome]);
        check_layer(&facts, &STRICT, Verdict::Blocked, "part of it did not run");
        let interrupted = LayerFacts { interrupted: true, ..facts.clone() };
        check_layer(&interrupted, &STRICT, Verdict::Cancelled, "a signal stopped it");
        let stopped = LayerFacts {
            stopped: Some("fail-fast".to_owned()),
            ..with_categories(began(&[(Passed, 9), (Failed, 1)]), &[outcome])
        };
        check_layer(&stopped, &TOLERANT, Verdict::Failed, "fail-fast");
    }
}

#[test]
fn what_a_budget_left_out_by_choice_fails_nothing_and_is_said() {
    let criteria = TOLERANT;
    let facts = LayerFacts { deferred: 2, ..began(&[(Passed, 3)]) };
    let said = "2 jobs were deferred, which would not have ended within the budget";
    check_layer(&facts, &criteria, Verdict::Passed, said);
    let facts = LayerFacts { deferred: 1, ..began(&[(Passed, 3), (Failed, 1)]) };
    let said = "1 test failed, 2 may; 75.0 % of the tests passed, 50.0 % must; 1 job was deferred, \
                which would not have ended within the budget";
    check_layer(&facts, &criteria, Verdict::Partial, said);
    let nothing = LayerFacts { deferred: 1, ..began(&[]) };
    let said = "1 job was deferred, which would not have ended within the budget";
    check_layer(&nothing, &criteria, Verdict::Empty, said);
}
