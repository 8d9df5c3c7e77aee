//! The older files load unchanged and mean what they meant.

use apex_config::model::{
    Category, Dialect, FailFast, LayerConflict, Load, Priority, ReadinessCheck, ServiceName,
};
use apex_config::{Document, Severity};

use super::support::{
    COMPLETE, MINIMAL, OLDER_V1, Project, category, layer, lines, minutes, of, seconds,
};

#[test]
fn without_a_file_the_built_in_layers_hold_and_nothing_is_said() {
    let resolved = Project::default().resolved();
    assert!(resolved.notes.is_empty(), "{}", lines(&resolved.notes));
    let config = resolved.config;
    assert_eq!(config.dialect, Dialect::BuiltIn);
    let ids: Vec<&str> = config.layers.keys().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["fast_feedback", "core_integration", "service_integration", "e2e_background"]);
    assert_eq!(config.categories.len(), 23);
    assert!(config.layers.values().all(|l| l.categories.iter().all(|c| c.recipe.is_empty())));
    assert_eq!(layer(&config, "core_integration").fail_fast, FailFast::Category);
    assert_eq!(config.sets.default.len(), 3);
    assert_eq!(config.sets.named["all"].len(), 21);
    assert_eq!(config.sets.named["critical_path"].len(), 3);
    assert_eq!(config.sets.named["level:unit"].len(), 1);
    assert_eq!(config.sets.named["service:backend"].len(), 7);
    assert_eq!(config.modes.len(), 8);
}

#[test]
fn a_file_without_layers_leaves_the_built_in_ones() {
    let config =
        Project::new("apex: 1\nservices: {redis: {external: {url: \"redis://x\"}}}").config();
    assert_eq!(config.layers.len(), 4);
    assert!(config.layer("e2e_performance").is_some(), "the other id of the fourth layer");
    let config = Project::new("apex: 1\nlayers: {}").config();
    assert!(config.layers.is_empty());
}

#[test]
fn the_minimal_file_takes_what_it_leaves_out_from_the_standard_layers() {
    let resolved = Project::new(MINIMAL).resolved();
    assert!(resolved.notes.is_empty(), "{}", lines(&resolved.notes));
    let config = resolved.config;
    assert_eq!(config.dialect, Dialect::Compatible);
    let core = layer(&config, "core_integration");
    assert_eq!((core.priority, core.execution_order), (2, 2));
    assert_eq!(core.name, "core_integration");
    assert_eq!(core.limits.max_memory_mb, 1024);
    assert_eq!(category(&config, "database").timeout, seconds(600));
    assert_eq!(category(&config, "rust").timeout, seconds(120));
    assert_eq!(category(&config, "smoke").priority, Priority::Critical);
    assert!(layer(&config, "e2e_background").background);
}

#[test]
fn a_standard_layer_never_brings_a_dependency_that_the_file_leaves_out() {
    let config =
        Project::new("layers: {service_integration: {categories: [{name: agent}]}}").config();
    assert!(layer(&config, "service_integration").dependencies.is_empty());
    assert_eq!(config.layers.len(), 1);
    let text = "layers: {core_integration: {categories: [{name: api}]}, fast_feedback: {categories: [{name: unit}]}}";
    let config = Project::new(text).config();
    assert_eq!(layer(&config, "core_integration").dependencies[0].as_str(), "fast_feedback");
    let ids: Vec<&str> = config.layers.keys().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["core_integration", "fast_feedback"], "in the order of the file");
}

#[test]
fn the_two_ids_of_the_fourth_layer_are_one_when_only_one_exists() {
    let config = Project::new(OLDER_V1).environment("development").config();
    let fourth = layer(&config, "e2e_performance");
    assert_eq!(fourth.budget, minutes(30));
    assert_eq!(fourth.fail_fast, FailFast::Disabled);
    assert_eq!(fourth.limits.max_parallel, 3);
    assert_eq!(fourth.limits.max_memory_mb, 4096, "from the built-in layer");
    assert_eq!(fourth.categories.len(), 1, "performance is left out in development");
    let fast = layer(&config, "fast_feedback");
    assert!(
        matches!(&fast.conflicts[..], [LayerConflict::Layer(id)] if id.as_str() == "e2e_performance")
    );
}

#[test]
fn older_truth_values_and_health_checks_are_understood() {
    let config = Project::new(OLDER_V1).config();
    assert!(layer(&config, "e2e_performance").background);
    assert!(!layer(&config, "fast_feedback").background);
    let unit = category(&config, "unit");
    let services: Vec<&str> = unit.services.iter().map(ServiceName::as_str).collect();
    assert_eq!(services, ["redis", "backend_service"]);
    assert_eq!(unit.filters.include, ["*unit*"]);
    let service = |name: &str| &config.services[&ServiceName::new(name).unwrap()];
    let postgresql = service("postgresql");
    assert_eq!(postgresql.readiness.timeout, seconds(20));
    assert_eq!(postgresql.host_ports["main"], 5433);
    assert_eq!(postgresql.readiness.checks, [ReadinessCheck::Tcp { port: "main".to_owned() }]);
    assert_eq!(service("backend_service").readiness.checks.len(), 2);
    assert!(
        layer(&config, "fast_feedback")
            .required_services
            .iter()
            .any(|name| name.as_str() == "postgresql")
    );
}

#[test]
fn older_truth_values_are_refused_in_a_native_file() {
    let problems =
        Project::new("apex: 1\nlayers: {a: {fail_fast: yes, categories: [{name: unit}]}}")
            .problems();
    let errors = of(&problems, Severity::Error);
    assert_eq!(errors[0].message, "wanted true or false, found the text `yes`");
}

#[test]
fn an_older_category_file_is_read_with_its_own_names() {
    let text = "
categories:
  payments:
    description: Money
    priority: HIGH
    category_type: security
    estimated_duration_minutes: 7
    dependencies: [unit]
    conflicts: [performance]
    max_parallel_instances: 3
    retry_count: 2
    success_rate_threshold: 0.9
    memory_intensive: true
    database_dependent: true
    requires_staging_environment: true
    auto_split: {enabled: true, target_window_minutes: 4, max_splits: 6}
rollup_categories:
  money: [payments, api]
legacy_mapping:
  pay: payments
";
    let mut project = Project::default();
    project.documents.categories.push(Document::new("test_categories.yml", text));
    let config = project.config();
    let payments: &Category = category(&config, "payments");
    assert_eq!(payments.priority, Priority::High);
    assert_eq!(payments.estimate, minutes(7));
    assert_eq!(payments.depends_on[0].as_str(), "unit");
    assert_eq!(payments.conflicts_with[0].as_str(), "performance");
    assert_eq!((payments.max_parallel, payments.retries), (3, 2));
    assert_eq!(payments.load, [Load::Memory, Load::Database]);
    assert_eq!(payments.only_in[0].as_str(), "staging");
    assert_eq!((payments.split.window, payments.split.max_shards), (minutes(4), 6));
    assert_eq!(config.sets.named["money"].len(), 2);
    assert_eq!(config.sets.named["pay"][0].as_str(), "payments");
    assert!(config.sets.named["all"].contains(&payments.name));
}

#[test]
fn a_file_of_services_may_leave_the_section_name_out() {
    let mut project =
        Project::new("layers: {a: {categories: [{name: unit}], required_services: [cache]}}");
    project.documents.services =
        Some(Document::new("services.yaml", "cache: {process: {command: [cached]}}"));
    let resolved = project.resolved();
    assert!(resolved.notes.is_empty(), "{}", lines(&resolved.notes));
    assert!(resolved.config.services.contains_key("cache"));
}

/// The form with `metadata`, filters of bare words and blocks inside of layers.
const OLDER_V2: &str = "
metadata: {version: 2.0.0, config_schema_version: 2.0, created_at: 2025-09-01}
layers:
  fast_feedback:
    name: Fast
    description: quick
    priority: 1
    execution_order: 1
    max_duration_minutes: 2
    execution_mode: sequential
    fail_fast: true
    resource_limits: {max_memory_mb: 512, max_cpu_percent: 50, max_parallel_instances: 2}
    categories:
      - name: smoke
        timeout_seconds: 60
        priority_order: 1
        filters: {include_patterns: [smoke, quick], exclude_patterns: [slow]}
    success_criteria: {min_pass_rate: 1.0, max_failures: 0}
    environment_overrides:
      development: {max_duration_minutes: 5, timeout_multiplier: 2.0}
      production: {max_parallel_instances: 1}
  e2e_background:
    name: E2E
    description: slow
    priority: 4
    execution_order: 4
    max_duration_minutes: 90
    background_execution: true
    dependencies: [fast_feedback]
    conflicts: [performance]
    categories: [{name: cypress, timeout_seconds: 1800}]
execution_config: {global_timeout_minutes: 90}
";

#[test]
fn the_second_older_form_loads_and_keeps_its_oddities_as_warnings() {
    let resolved = Project::new(OLDER_V2).environment("dev").resolved();
    let found: Vec<&str> = resolved.notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(
        found,
        [
            "layer `e2e_background` may take 100 % of the whole run (90 min)",
            "the layers add up to 100 min, the whole run has 90 min"
        ]
    );
    let config = resolved.config;
    assert_eq!(layer(&config, "fast_feedback").budget, minutes(10));
    assert_eq!(category(&config, "smoke").timeout, seconds(120));
    let conflicts = &layer(&config, "e2e_background").conflicts;
    assert!(
        matches!(&conflicts[..], [LayerConflict::Category(name)] if name.as_str() == "performance")
    );
    assert_eq!(category(&config, "smoke").filters.exclude, ["slow"]);
}

#[test]
fn modes_mean_the_first_layers_where_the_standard_ones_are_missing() {
    let config = Project::new("apex: 1\nlayers: {quick: {categories: [{name: unit}]}}").config();
    let mode = |name: &str| format!("{:?}", config.modes.get(name).unwrap().layers);
    assert_eq!(mode("fast_feedback"), "FirstForeground(1)");
    assert_eq!(mode("commit"), "FirstForeground(2)");
    let config = Project::new(COMPLETE).config();
    assert!(format!("{:?}", config.modes.get("commit").unwrap().layers).starts_with("Named"));
}
