//! A sample of the first version of each document, read for ever and true to its schema.

use apex_monitor::compare::Difference;
use apex_monitor::run_dir::Listing;
use apex_monitor::summary::Summary;
use apex_monitor::wire::{decode_plan, plan_schema, runs_diff_schema, runs_schema, summary_schema};
use serde_json::Value;

const PLAN: &str = include_str!("../../fixtures/wire/plan-1.json");
const SUMMARY: &str = include_str!("../../fixtures/wire/summary-1.json");
const RUNS: &str = include_str!("../../fixtures/wire/runs-1.json");
const RUNS_DIFF: &str = include_str!("../../fixtures/wire/runs_diff-1.json");

#[test]
fn documents_of_the_first_version_are_read_for_ever() {
    let plan = decode_plan(PLAN.as_bytes()).unwrap();
    assert!(plan.is_sound() && !plan.jobs.is_empty());
    let summary: Summary = serde_json::from_str(SUMMARY).unwrap();
    assert_eq!(summary.counts.selected, 47);
    let runs: Listing = serde_json::from_str(RUNS).unwrap();
    assert!(!runs.runs.is_empty());
    let difference: Difference = serde_json::from_str(RUNS_DIFF).unwrap();
    assert!(!difference.removed.is_empty());
}

#[test]
fn documents_conform_to_the_schemas_that_the_program_prints() {
    for (name, sample, schema) in [
        ("plan", PLAN, plan_schema()),
        ("summary", SUMMARY, summary_schema()),
        ("runs", RUNS, runs_schema()),
        ("runs_diff", RUNS_DIFF, runs_diff_schema()),
    ] {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut document: Value = serde_json::from_str(sample).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        document["schema"] = "apex.other/9".into();
        assert!(!validator.is_valid(&document), "{name}: another version is refused");
    }
}
