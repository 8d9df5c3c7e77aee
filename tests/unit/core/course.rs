//! What a watch does next, after each thing that happens.

use apex_core::course::{Course, Happened, Scope, Step};

const CHANGED: Happened = Happened::Changed;
const PASSED: Happened = Happened::Ended { has_failures: false };
const FAILED: Happened = Happened::Ended { has_failures: true };
const ALL: Happened = Happened::Wanted(Scope::All);
const FAILING: Happened = Happened::Wanted(Scope::Failing);

const RUN_ALL: Step = Step::Run(Scope::All);
const RUN_FAILING: Step = Step::Run(Scope::Failing);
const RUN_AFFECTED: Step = Step::Run(Scope::Affected);

fn check(restarts: bool, steps: &[(Happened, Step)]) {
    let mut course = Course::new(restarts);
    for (number, (happened, expected)) in steps.iter().enumerate() {
        assert_eq!(course.take(*happened), *expected, "step {number}: {happened:?}");
    }
}

#[test]
fn a_change_runs_what_is_affected_or_first_what_failed() {
    check(false, &[(ALL, RUN_ALL), (PASSED, Step::Wait), (CHANGED, RUN_AFFECTED)]);
    check(
        false,
        &[
            (ALL, RUN_ALL),
            (FAILED, Step::Wait),
            (CHANGED, RUN_FAILING),
            (FAILED, Step::Wait),
            (CHANGED, RUN_FAILING),
            (PASSED, RUN_AFFECTED),
            (PASSED, Step::Wait),
        ],
    );
}

#[test]
fn changes_in_a_run_are_gathered_into_one_run_behind_it() {
    check(
        false,
        &[
            (ALL, RUN_ALL),
            (CHANGED, Step::Wait),
            (CHANGED, Step::Wait),
            (PASSED, RUN_AFFECTED),
            (PASSED, Step::Wait),
        ],
    );
}

#[test]
fn a_change_restarts_a_run_where_that_is_wanted_and_asks_once() {
    check(
        true,
        &[
            (ALL, RUN_ALL),
            (FAILED, Step::Wait),
            (ALL, RUN_ALL),
            (CHANGED, Step::Stop),
            (CHANGED, Step::Wait),
            // What was stopped proves nothing: what failed before is still first.
            (PASSED, RUN_FAILING),
            (PASSED, RUN_AFFECTED),
            (CHANGED, Step::Stop),
            (PASSED, RUN_AFFECTED),
        ],
    );
}

#[test]
fn wishes_wait_for_nothing_and_nobody_runs_twice_at_once() {
    check(
        false,
        &[
            (ALL, RUN_ALL),
            (ALL, Step::Wait),
            (FAILED, Step::Wait),
            (FAILING, RUN_FAILING),
            (FAILED, Step::Wait),
            (ALL, RUN_ALL),
            (PASSED, Step::Wait),
            (FAILING, Step::Wait),
            (PASSED, Step::Wait),
        ],
    );
}
