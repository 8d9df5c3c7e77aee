//! The success criteria of a layer: which of them its tests break, and by which it is a success
//! in spite of failures. Each is named as in the layer file.

use apex_config::model::SuccessCriteria;

use super::{LayerFacts, tests};

/// Every criterion that a layer with failures breaks, if it breaks one.
pub(super) fn broken(
    facts: &LayerFacts,
    criteria: &SuccessCriteria,
    failures: u32,
) -> Option<String> {
    if failures == 0 {
        return None;
    }
    let mut said = Vec::new();
    if criteria.critical_tests_must_pass && facts.critical_failures > 0 {
        let failed = tests(facts.critical_failures, "marked critical failed");
        said.push(format!("{failed} (critical_tests_must_pass)"));
    }
    if failures > criteria.max_failures {
        let failed = tests(failures, "failed");
        said.push(match criteria.max_failures {
            0 => format!("{failed}, none may (max_failures)"),
            most => format!("{failed}, at most {most} may (max_failures)"),
        });
    }
    let rate = pass_rate(facts, failures);
    // Where none may fail, that all must pass says nothing more.
    let is_said = criteria.max_failures == 0 && criteria.min_pass_rate >= 1.0;
    if rate < criteria.min_pass_rate && !is_said {
        said.push(format!(
            "{} of the tests passed, {} must (min_pass_rate)",
            percent(rate),
            percent(criteria.min_pass_rate)
        ));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// By which criteria a layer with failures is a success all the same.
pub(super) fn kept(facts: &LayerFacts, criteria: &SuccessCriteria, failures: u32) -> String {
    let failed = tests(failures, "failed");
    let rate = percent(pass_rate(facts, failures));
    let must = percent(criteria.min_pass_rate);
    let mut said =
        format!("{failed}, {} may; {rate} of the tests passed, {must} must", criteria.max_failures);
    if !criteria.allow_partial_success {
        said.push_str("; no success of the run (allow_partial_success)");
    }
    said
}

fn pass_rate(facts: &LayerFacts, failures: u32) -> f64 {
    f64::from(facts.passed()) / f64::from(facts.passed() + failures)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
