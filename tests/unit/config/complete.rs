//! The complete example lands in the model, field by field.

use apex_config::Severity;
use apex_config::model::{
    BudgetPolicy, CommandLine, Dialect, ExecutionMode, FailFast, ImageSource, LayerSelection,
    ModeName, Preset, Readiness, ReadinessCheck, RunMode, RunnerKind, ServiceName, ServiceSource,
    Shards,
};

use super::support::{COMPLETE, Project, category, layer, lines, minutes, of, seconds};

#[test]
fn the_complete_example_has_no_errors_and_its_warnings_are_known() {
    let notes = Project::new(COMPLETE).resolved().notes;
    let warnings: Vec<_> = of(&notes, Severity::Warning);
    let messages: Vec<&str> = warnings.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        ["the layers add up to 7680 MB of memory, the whole run has 6144"],
        "{}",
        lines(&notes)
    );
}

#[test]
fn what_has_no_effect_yet_is_noted_once_each() {
    let notes = Project::new(COMPLETE).resolved().notes;
    let mut fields: Vec<&str> =
        of(&notes, Severity::Note).iter().map(|problem| problem.text.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["websocket"]);
}

#[test]
fn layers_land_in_the_model() {
    let config = Project::new(COMPLETE).config();
    assert_eq!(config.dialect, Dialect::Native);
    assert_eq!(config.metadata.config_schema_version.as_deref(), Some("1.0"));
    let fast = layer(&config, "fast_feedback");
    assert_eq!(fast.name, "Fast Feedback");
    assert_eq!((fast.priority, fast.execution_order), (1, 1));
    assert_eq!(fast.budget, minutes(2));
    assert_eq!(fast.execution_mode, ExecutionMode::Sequential);
    assert_eq!(fast.fail_fast, FailFast::Immediate);
    assert_eq!(fast.budget_policy, BudgetPolicy::Select);
    assert_eq!(
        (fast.limits.max_memory_mb, fast.limits.max_cpu_percent, fast.limits.max_parallel),
        (512, 50, 2)
    );
    assert!((fast.success.min_pass_rate - 0.98).abs() < 1e-9);
    assert_eq!(fast.success.max_failures, 2);
    assert!(fast.success.critical_tests_must_pass);
    let background = layer(&config, "e2e_background");
    assert!(background.background);
    assert_eq!(background.fail_fast, FailFast::Disabled);
    assert!(!background.success.critical_tests_must_pass);
    assert!(background.success.allow_partial_success);
    assert_eq!(background.dependencies[0].as_str(), "service_integration");
    assert_eq!(background.required_services.len(), 5);
}

#[test]
fn categories_land_in_the_model() {
    let config = Project::new(COMPLETE).config();
    let unit = category(&config, "unit");
    assert_eq!(unit.timeout, seconds(120));
    assert_eq!(unit.max_parallel, 4);
    assert_eq!(unit.recipe.paths, ["tests/unit/**"]);
    assert_eq!(unit.layer.as_ref().unwrap().as_str(), "fast_feedback");
    assert_eq!(unit.priority_order, 2);
    assert_eq!(category(&config, "integration").retries, 1);
    assert_eq!(category(&config, "agent").min_memory_mb, 512);
    let frontend = category(&config, "frontend");
    assert_eq!(frontend.recipe.runner, Some(RunnerKind::Vitest));
    assert_eq!(frontend.recipe.working_directory.as_deref(), Some("web"));
    assert_eq!(frontend.recipe.inputs, ["web/src/**"]);
    assert_eq!(category(&config, "e2e").shards, Shards::Auto);
    let performance = category(&config, "performance");
    assert!(performance.dedicated);
    let Some(CommandLine::Arguments(arguments)) = &performance.recipe.command else {
        panic!("a list is an argument vector")
    };
    assert_eq!(arguments[5], "--junitxml={out}");
    for layer in config.layers.values() {
        for category in &layer.categories {
            assert_eq!(config.categories.get(&category.name), Some(category));
        }
    }
}

#[test]
fn the_run_lands_in_the_model() {
    let config = Project::new(COMPLETE).config();
    let execution = &config.execution;
    assert_eq!(execution.run_mode, RunMode::WaterfallWithBackground);
    assert_eq!(execution.global_timeout, minutes(95));
    assert_eq!((execution.max_parallel, execution.max_memory_mb), (8, 6144));
    assert_eq!(execution.max_cpu_percent, 90);
    assert_eq!(execution.max_background_layers, 1);
    let mode = &config.modes[&ModeName::new("pre_release").unwrap()];
    assert_eq!(mode.budget, Some(minutes(45)));
    assert_eq!(mode.environment.as_ref().unwrap().as_str(), "staging");
    assert!(matches!(&mode.layers, LayerSelection::Named(layers) if layers.len() == 3));
}

#[test]
fn services_land_in_the_model() {
    let config = Project::new(COMPLETE).variable("TEST_DB_PASSWORD", "s3").config();
    let service = |name: &str| &config.services[&ServiceName::new(name).unwrap()];
    let postgresql = service("postgresql");
    let ServiceSource::Container(container) = &postgresql.source else { panic!("no container") };
    assert_eq!(container.image, ImageSource::Named("postgres:16-alpine".to_owned()));
    assert_eq!(container.limits.memory_mb, Some(512));
    assert_eq!(postgresql.env["POSTGRES_PASSWORD"], "s3");
    assert_eq!(
        postgresql.exports["DATABASE_URL"],
        "postgresql://postgres:s3@{host}:{port}/postgres"
    );
    assert!(postgresql.aliases.contains(&"postgres".to_owned()));
    assert_eq!(
        service("redis").readiness,
        Readiness {
            checks: vec![ReadinessCheck::Tcp { port: "main".to_owned() }],
            interval: std::time::Duration::from_millis(250),
            timeout: seconds(10),
        }
    );
    let backend = service("backend_service");
    assert!(
        matches!(&backend.source, ServiceSource::Process { working_directory: Some(folder), .. } if folder == "services/api")
    );
    assert_eq!(backend.ports["main"], 8000);
    assert_eq!(backend.readiness.timeout, seconds(45));
    assert_eq!(
        service("frontend_service").source,
        ServiceSource::External { url: "http://localhost:3000".to_owned() }
    );
}

#[test]
fn variables_are_filled_in_everywhere_inside_of_services() {
    let text = "
apex: 1
layers: {a: {categories: [{name: unit}], required_services: [backend]}}
services:
  backend:
    process: {command: [serve, \"${MODE:-fast}\"], working_directory: \"${FOLDER:-api}\"}
    ports: {main: \"${PORT:-8000}\"}
    readiness: {http: {path: \"/${PROBE}\"}}
    remote_url: \"${ONLY_IN_STAGING}\"
";
    let config = Project::new(text).variable("PORT", "9000").variable("PROBE", "live").config();
    let backend = config.service("backend").unwrap();
    assert_eq!(backend.name.as_str(), "backend_service");
    assert_eq!(backend.ports["main"], 9000);
    assert_eq!(
        backend.source,
        ServiceSource::Process {
            command: CommandLine::Arguments(vec!["serve".to_owned(), "fast".to_owned()]),
            working_directory: Some("api".to_owned()),
        }
    );
    assert_eq!(
        backend.readiness.checks,
        [ReadinessCheck::Http {
            port: "main".to_owned(),
            path: "/live".to_owned(),
            status: None,
            body: None,
            tls: None
        }]
    );
    let problems = Project::new(text).environment("staging").problems();
    let unset: Vec<&str> =
        of(&problems, Severity::Error).iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        unset,
        ["variable `PROBE` is not set", "variable `ONLY_IN_STAGING` is not set"],
        "{}",
        lines(&problems)
    );
}

#[test]
fn in_staging_a_service_is_where_its_remote_url_says() {
    let project = Project::new(COMPLETE)
        .environment("stage")
        .variable("STAGING_BACKEND_URL", "https://backend.example");
    let config = project.config();
    let backend = &config.services[&ServiceName::new("backend_service").unwrap()];
    assert_eq!(
        backend.source,
        ServiceSource::External { url: "https://backend.example".to_owned() }
    );
}

#[test]
fn usual_services_export_what_they_have_always_been_known_by() {
    let text = "apex: 1\nservices:\n  test-postgres:\n    image: x\n    env: \
                {POSTGRES_USER: me, POSTGRES_PASSWORD: 'a b@c', POSTGRES_DB: shop}\n  redis: {image: \
                y, exports: {REDIS_HOST: mine}}\n";
    let project = Project::new(text).variable("REDIS_URL", "redis://elsewhere");
    let config = project.config();
    let postgresql = config.service("postgres").unwrap();
    assert_eq!(postgresql.name.as_str(), "postgresql", "one table of names");
    let exports = &postgresql.exports;
    assert_eq!(exports["DATABASE_URL"], "postgresql://me:a%20b%40c@{host}:{port}/shop");
    assert_eq!(exports["POSTGRES_PORT"], "{port}");
    let redis = &config.service("test-redis").unwrap().exports;
    assert_eq!(redis["REDIS_HOST"], "mine", "what is written counts");
    assert!(!redis.contains_key("REDIS_URL"), "what is set counts");
    assert_eq!(redis["TEST_REDIS_PORT"], "{port}");
}

#[test]
fn containers_are_asked_in_the_language_of_their_sort() {
    let text = "apex: 1\nservices:\n  cache: {image: 'registry:5000/x/valkey:8'}\n  \
                store: {image: 'a/postgis@sha256:0'}\n  web: {image: nginx, ports: {main: 80}}\n  \
                job: {image: redis, oneshot: true}\n";
    let config = Project::new(text).config();
    let checks = |name: &str| config.service(name).unwrap().readiness.checks.clone();
    let preset = |preset| vec![ReadinessCheck::Preset { preset, port: "main".to_owned() }];
    assert_eq!(checks("cache"), preset(Preset::Redis));
    assert_eq!(checks("store"), preset(Preset::Postgres));
    assert_eq!(config.service("store").unwrap().ports["main"], 5432);
    assert_eq!(checks("web"), [ReadinessCheck::Tcp { port: "main".to_owned() }]);
    assert_eq!(checks("job"), []);
}
