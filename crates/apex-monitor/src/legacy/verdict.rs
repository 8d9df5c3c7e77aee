//! What a run amounts to for the earlier command line: only what was asked for decides, and
//! nothing is green that did not run.

use apex_core::event::RunResult;
use apex_core::plan::PlannedCategory;
use apex_core::{Outcome, RunView};

/// What flags say of the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// A run in which nothing ran may be green.
    pub allow_empty: bool,
    /// Green means that a test failed as a test.
    pub expect_failures: bool,
    /// A failed category that was only added counts.
    pub fail_on_dependency: bool,
    /// A skipped test counts as failed.
    pub no_skip: bool,
    /// Codes 3 to 7 are told apart.
    pub fine: bool,
    /// Whether layers run: then these decide, not the categories.
    pub by_layers: bool,
}

/// What a run amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The exit code.
    pub code: u8,
    /// Why it is not 0, for people; empty when it is.
    pub reason: String,
    /// Categories that failed and were not asked for.
    pub failed_dependencies: Vec<String>,
}

/// Everything is well.
const GREEN: u8 = 0;
/// A test failed, timed out or crashed.
const TESTS: u8 = 1;
/// Something outside the tests could not run.
const ENVIRONMENT: u8 = 3;
/// Nothing was selected or ran.
const NOTHING: u8 = 4;
/// A time budget was used up.
const BUDGET: u8 = 5;
/// A fault of Apex itself.
const INTERNAL: u8 = 6;

/// Judges a run that ended; one without an end has an internal error.
#[must_use]
pub fn decide(view: &RunView, rules: &Rules) -> Decision {
    let failed_dependencies = failed_dependencies(view);
    let (code, reason) = match view.result() {
        None => (INTERNAL, "the run has no end".to_owned()),
        Some(result) => judged(view, result, rules, &failed_dependencies),
    };
    let folded = matches!(code, ENVIRONMENT..=7) && !rules.fine;
    let code = if folded { TESTS } else { code };
    Decision { code, reason, failed_dependencies }
}

fn judged(
    view: &RunView,
    result: &RunResult,
    rules: &Rules,
    failed_dependencies: &[String],
) -> (u8, String) {
    if let Some(error) = &result.internal_error {
        return (INTERNAL, error.clone());
    }
    if let Some(signal) = result.signal {
        let code = 128_u8.saturating_add(u8::try_from(signal).unwrap_or(0));
        return (code, format!("stopped by signal {signal}"));
    }
    let counts = view.counts();
    let of_parts = if rules.by_layers { by_layers(result) } else { by_categories(view, result) };
    if rules.expect_failures {
        return expected(of_parts, counts.of(Outcome::Failed));
    }
    let skipped = counts.of(Outcome::Skipped);
    let found = [
        Some(of_parts),
        (rules.fail_on_dependency && !failed_dependencies.is_empty())
            .then(|| (TESTS, format!("dependency failed: {}", failed_dependencies.join(", ")))),
        (rules.no_skip && skipped > 0).then(|| (TESTS, format!("{skipped} skipped, none may be"))),
        (counts.executed() == 0).then(|| (NOTHING, "no test ran".to_owned())),
    ];
    let worst = found.into_iter().flatten().min_by_key(|(code, _)| weight(*code));
    match worst {
        Some((NOTHING, _)) if rules.allow_empty => (GREEN, String::new()),
        Some(worst) => worst,
        None => (GREEN, String::new()),
    }
}

/// The order in which codes count when several hold.
const fn weight(code: u8) -> u8 {
    match code {
        INTERNAL => 0,
        TESTS => 1,
        ENVIRONMENT => 2,
        BUDGET => 3,
        NOTHING => 4,
        _ => 5,
    }
}

/// The inverted verdict: what is wrong beyond failed tests stays wrong.
fn expected(of_parts: (u8, String), failed: u32) -> (u8, String) {
    match of_parts {
        (TESTS, _) if failed > 0 => (GREEN, String::new()),
        (GREEN | NOTHING, _) => (TESTS, "a failure was expected, and no test failed".to_owned()),
        other => other,
    }
}

fn by_layers(result: &RunResult) -> (u8, String) {
    let why = |what: &str| what.to_owned();
    if result.tests_failed {
        (TESTS, why("a layer did not pass"))
    } else if result.environment_failed {
        (ENVIRONMENT, why("something outside the tests could not run"))
    } else if result.budget_exceeded {
        (BUDGET, why("a time budget was used up"))
    } else if result.nothing_ran {
        (NOTHING, why("no test ran"))
    } else {
        (GREEN, String::new())
    }
}

fn by_categories(view: &RunView, result: &RunResult) -> (u8, String) {
    let of_each =
        planned(view).filter(|(category, _)| category.requested).map(|(category, seen)| {
            let outcome = seen.unwrap_or(Outcome::NotRun);
            let code = match outcome {
                Outcome::Passed
                | Outcome::Flaky
                | Outcome::Quarantined
                | Outcome::Skipped
                | Outcome::Cached => GREEN,
                Outcome::Empty if category.named => NOTHING,
                Outcome::Empty => GREEN,
                Outcome::Deferred => BUDGET,
                Outcome::Errored if result.environment_failed => ENVIRONMENT,
                Outcome::TimedOut | Outcome::NotRun if result.budget_exceeded => BUDGET,
                _ => TESTS,
            };
            (code, format!("{} is {outcome}", category.name))
        });
    let bad = of_each.filter(|(code, _)| *code != GREEN);
    bad.min_by_key(|(code, _)| weight(*code)).unwrap_or((GREEN, String::new()))
}

fn planned(view: &RunView) -> impl Iterator<Item = (&PlannedCategory, Option<Outcome>)> {
    let seen = view.categories().iter();
    view.plan()
        .categories
        .iter()
        .zip(seen)
        .map(|(planned, seen)| (planned, seen.progress.ending().map(|ending| ending.outcome)))
}

fn failed_dependencies(view: &RunView) -> Vec<String> {
    planned(view)
        .filter(|(category, outcome)| !category.requested && outcome.is_some_and(Outcome::is_bad))
        .map(|(category, _)| category.name.to_string())
        .collect()
}
