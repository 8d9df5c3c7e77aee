//! What a failure stops, from the layer file to the plan.

use std::time::Duration;

use apex_config::model::{CategoryName, ExecutionMode, FailFast, FailureLimits};
use apex_core::plan::{FoundWork, Past, build};
use apex_core::select::{Request, Target, select};
use apex_core::{History, Plan};

use super::support::config;

const CATEGORIES: &str = "
categories:
  lint: {priority: high}
  unit: {priority: high}
  api: {depends_on: [unit]}
";

fn plan(execution: &str, request: impl FnOnce(&mut Request)) -> Plan {
    let config = config(&format!("{execution}{CATEGORIES}"));
    let names = ["lint", "unit", "api"].map(str::to_owned).to_vec();
    let mut wanted = Request::new(Target::Categories(names));
    request(&mut wanted);
    let selection = select(&config, &wanted).unwrap();
    let past = Past { history: &History::default(), unix_millis: 0 };
    build(&config, &selection, FoundWork::new(), past).unwrap()
}

#[test]
fn every_strategy_of_the_layer_file_is_the_rule_of_a_run_without_layers() {
    for (word, rule) in [
        ("disabled", FailFast::Disabled),
        ("dependency_aware", FailFast::Layer),
        ("first_failure", FailFast::Immediate),
        ("category_failure", FailFast::Phase),
        ("critical_failure", FailFast::Critical),
        ("threshold_based", FailFast::Threshold),
        ("smart_adaptive", FailFast::Adaptive),
    ] {
        let plan = plan(&format!("execution: {{fail_fast_mode: {word}}}"), |_| {});
        assert_eq!(plan.layers[0].fail_fast, rule, "{word}");
    }
    let plan = plan("execution: {fail_fast_mode: disabled}", |request| {
        request.fail_fast = Some(FailFast::Critical);
    });
    assert_eq!(plan.layers[0].fail_fast, FailFast::Critical, "what is asked for wins");
}

#[test]
fn phases_are_barriers_only_where_the_rule_stops_between_them() {
    let phases = |plan: &Plan| {
        let categories = plan.categories.iter();
        categories.map(|one| (one.name.to_string(), one.priority_order)).collect::<Vec<_>>()
    };
    let barriers = plan("execution: {fail_fast_mode: category_failure}", |_| {});
    assert_eq!(barriers.layers[0].execution_mode, ExecutionMode::Hybrid);
    let expected = [("lint", 1), ("unit", 1), ("api", 2)];
    assert_eq!(phases(&barriers), expected.map(|(name, phase)| (name.to_owned(), phase)));
    let free = plan("", |_| {});
    assert_eq!(free.layers[0].execution_mode, ExecutionMode::Parallel);
}

#[test]
fn limits_of_a_run_without_layers_are_those_of_the_file() {
    let text = "execution: {failure_rate_threshold: 0.5, critical_failure_count: 3, consecutive_failures: 7, \
                evaluation_window_minutes: 2, min_sample_size: 20, timeout_minutes: 4, \
                memory_limit_mb: 900}";
    let plan = plan(text, |_| {});
    let expected = FailureLimits {
        critical_failures: 3,
        in_a_row: 7,
        share: 0.5,
        window: Duration::from_mins(2),
        least_results: 20,
    };
    assert_eq!(plan.failure_limits, expected);
    assert_eq!(plan.budget, Some(Duration::from_mins(4)));
    assert_eq!(plan.layers[0].max_memory_mb, Some(900));
    assert_eq!(self::plan("", |_| {}).failure_limits, FailureLimits::default());
}

#[test]
fn what_is_tried_again_is_what_the_category_lists() {
    let name = CategoryName::new("unit").unwrap();
    let causes = |text: &str| {
        let config = config(&format!("categories: {{unit: {{retries: 1{text}}}}}"));
        let category = &config.categories[&name];
        category.retry_on.iter().map(|cause| cause.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(causes(""), ["failed", "errored", "timed_out"]);
    assert_eq!(causes(", retry_on: [out_of_memory, failed]"), ["failed", "out_of_memory"]);
    assert_eq!(causes(", retry_on: []"), Vec::<&str>::new());
}
