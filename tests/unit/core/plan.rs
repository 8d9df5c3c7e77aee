//! Plans from configurations and found work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::{CategoryName, CommandLine, RunnerKind};
use apex_core::plan::{
    CategoryWork, FoundWork, JobSpec, Past, PlannedCategory, PlannedLayer, PlannedService, Work,
    WorkError, WorkErrorKind, build,
};
use apex_core::select::{Request, Target, select};
use apex_core::{History, Plan};

use super::support::{config, config_in};

fn job() -> JobSpec {
    JobSpec {
        runner: RunnerKind::Command,
        working_directory: "".into(),
        work: Work::Command {
            command: CommandLine::Shell("true".to_owned()),
            discover: None,
            report: None,
        },
        env: Arc::new(BTreeMap::new()),
        shard: None,
        part: None,
        found_by: "".into(),
    }
}

/// The plan of a request; every category has one job unless `work` says otherwise.
#[track_caller]
fn plan_with(config: &Config, target: Target, special: FoundWork) -> Plan {
    let selection = select(config, &Request::new(target)).unwrap();
    let mut work: FoundWork =
        config.categories.keys().map(|name| (name.clone(), Ok(vec![job().into()]))).collect();
    work.extend(special);
    build(config, &selection, work, Past { history: &History::default(), unix_millis: 0 }).unwrap()
}

#[track_caller]
fn everything(config: &Config) -> Plan {
    plan_with(config, Target::Mode("nightly".to_owned()), FoundWork::new())
}

#[track_caller]
fn categories(config: &Config, names: &[&str]) -> Plan {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    plan_with(config, Target::Categories(names), FoundWork::new())
}

#[track_caller]
fn layer<'p>(plan: &'p Plan, id: &str) -> &'p PlannedLayer {
    plan.layers.iter().find(|layer| layer.id.as_str() == id).unwrap()
}

#[track_caller]
fn category<'p>(plan: &'p Plan, name: &str) -> &'p PlannedCategory {
    plan.categories.iter().find(|category| category.name.as_str() == name).unwrap()
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.categories.iter().map(|category| category.name.as_str()).collect()
}

#[test]
fn layers_are_planned_by_phase_and_priority() {
    let config = config(
        "
layers:
  last: {name: L, priority: 1, dependencies: [first, second], categories: [{name: e2e}]}
  second: {name: S, priority: 2, categories: [{name: api}]}
  first: {name: F, priority: 1, categories: [{name: unit}]}
",
    );
    let plan = everything(&config);
    let order: Vec<(&str, u32)> =
        plan.layers.iter().map(|layer| (layer.id.as_str(), layer.phase)).collect();
    assert_eq!(order, [("first", 0), ("second", 0), ("last", 1)]);
    let before: Vec<&str> =
        layer(&plan, "last").after.iter().map(|&before| plan.layer(before).id.as_str()).collect();
    assert_eq!(before, ["first", "second"]);
    assert_eq!(names(&plan), ["unit", "api", "e2e"]);
}

#[test]
fn categories_of_a_layer_are_planned_by_priority_order() {
    let config = config(
        "
layers:
  one:
    name: One
    categories:
      - {name: api, priority_order: 3}
      - {name: unit, priority_order: 1}
      - {name: smoke, priority_order: 2}
",
    );
    assert_eq!(names(&everything(&config)), ["unit", "smoke", "api"]);
}

#[test]
fn conflicts_hold_from_both_sides() {
    let config = config(
        "
layers:
  one: {name: One, conflicts: [two], categories: [{name: unit}, {name: api, conflicts_with: [unit]}]}
  two: {name: Two, categories: [{name: e2e}]}
",
    );
    let plan = everything(&config);
    for (one, other) in [("one", "two"), ("two", "one")] {
        let conflicts = &layer(&plan, one).conflicts;
        let conflicts: Vec<&str> =
            conflicts.iter().map(|&layer| plan.layer(layer).id.as_str()).collect();
        assert_eq!(conflicts, [other]);
    }
    for (one, other) in [("unit", "api"), ("api", "unit")] {
        let conflicts: Vec<&str> = category(&plan, one)
            .conflicts
            .iter()
            .map(|&category| plan.category(category).name.as_str())
            .collect();
        assert_eq!(conflicts, [other]);
    }
}

const SERVICES: &str = "
layers:
  one:
    name: One
    required_services: []
    categories:
      - {name: smoke, services: []}
      - {name: api, services: [shop_api]}
      - {name: unit, services: [shop_api, redis]}
services:
  shop_api: {process: {command: [serve]}, depends_on: [store]}
  store: {process: {command: [store]}}
  unused: {process: {command: [store]}}
";

#[test]
fn services_come_with_what_they_depend_on_and_a_reason() {
    let plan = everything(&config(SERVICES));
    let planned: Vec<(&str, &str)> = plan
        .services
        .iter()
        .map(|service| (service.name.as_str(), service.reason.as_str()))
        .collect();
    assert_eq!(planned, [("shop_api", "required by api"), ("store", "shop_api depends on it")]);
    let before = &plan.services[0].after;
    assert_eq!(plan.service(before[0]).name.as_str(), "store");
    let needs = |name: &str| {
        let position = plan.categories.iter().position(|one| one.name.as_str() == name).unwrap();
        let job = plan.jobs.iter().find(|job| job.category.position() == position).unwrap();
        job.services.len()
    };
    assert_eq!((needs("smoke"), needs("api"), needs("unit")), (0, 2, 2));
}

#[test]
fn a_service_comes_up_once_for_each_whom_its_scope_names() {
    let text = |scope: &str, more: &str| {
        format!(
            "layers:
  a: {{categories: [{{name: one, services: [db]}}, {{name: two, services: [db]}}]}}
  b: {{categories: [{{name: three, services: [db, app]}}]}}
services:
  db: {{process: {{command: [db]}}, scope: {scope}{more}}}
  app: {{process: {{command: [app]}}, scope: category, depends_on: [db]}}
"
        )
    };
    let rows = [
        ("run", "", "db, app of three"),
        ("layer", "", "db of layer a, db of layer b, app of three"),
        ("category", "", "db of one, db of two, db of three, app of three"),
        ("layer", ", ports: {main: 7000}", "db, app of three"),
    ];
    for (scope, more, expected) in rows {
        let plan = everything(&config(&text(scope, more)));
        let labels: Vec<String> = plan.services.iter().map(PlannedService::label).collect();
        assert_eq!(labels.join(", "), expected, "{scope}{more}");
        // The one of `three` needs the database that the jobs of `three` have.
        let (app, needs) = (plan.services.last().unwrap(), &plan.jobs.last().unwrap().services);
        assert!(app.after.iter().all(|before| needs.contains(before)), "{scope}: {needs:?}");
        let is_told = plan.notes.iter().any(|note| {
            note == "service db is one for the whole run: its port 7000 is a fixed one"
        });
        assert_eq!(is_told, !more.is_empty(), "{:?}", plan.notes);
    }
}

#[test]
fn what_lives_longer_does_not_lose_the_service_it_needs() {
    let plan = everything(&config(
        "layers:
  a: {categories: [{name: one, services: [app]}]}
services:
  db: {process: {command: [db]}, scope: category}
  app: {process: {command: [app]}, scope: run, depends_on: [db]}
",
    ));
    let labels: Vec<String> = plan.services.iter().map(PlannedService::label).collect();
    assert_eq!(labels, ["app", "db"]);
    let note = "service db is one for the whole run: app needs it, which lives longer";
    assert_eq!(plan.notes, [note]);
}

#[test]
fn a_service_that_nobody_defines_is_a_note_and_no_obstacle() {
    let plan = everything(&config(SERVICES));
    assert_eq!(plan.notes, ["service redis is defined nowhere; unit runs without it"]);
    assert!(matches!(category(&plan, "unit").work, CategoryWork::Jobs { .. }));
}

#[test]
fn a_category_of_other_environments_is_skipped_and_needs_no_service() {
    let body = "
layers:
  one:
    name: One
    categories:
      - {name: api, only_in: [staging], services: [shop_api]}
services:
  shop_api: {process: {command: [serve]}}
";
    let plan = everything(&config_in(Some("test"), body));
    let CategoryWork::Skipped { reason } = &category(&plan, "api").work else {
        panic!("{:?}", category(&plan, "api").work)
    };
    assert_eq!(reason, "runs only in staging, not in test");
    assert!(plan.services.is_empty() && plan.jobs.is_empty());
    let plan = everything(&config_in(Some("staging"), body));
    assert!(matches!(category(&plan, "api").work, CategoryWork::Jobs { .. }));
}

#[test]
fn missing_work_says_what_was_looked_for() {
    let config = config("layers: {one: {name: One, categories: [{name: unit}, {name: api}]}}");
    let wrong = |kind, message: &str| Err(WorkError { kind, message: message.to_owned() });
    let special = FoundWork::from([
        (CategoryName::new("unit").unwrap(), wrong(WorkErrorKind::Nothing, "looked in tests/unit")),
        (CategoryName::new("api").unwrap(), wrong(WorkErrorKind::ToolMissing, "no pytest")),
    ]);
    let plan = plan_with(&config, Target::Mode("nightly".to_owned()), special);
    let looked = CategoryWork::Empty { looked: "looked in tests/unit".to_owned() };
    assert_eq!(category(&plan, "unit").work, looked);
    let unavailable = CategoryWork::Unavailable { reason: "no pytest".to_owned() };
    assert_eq!(category(&plan, "api").work, unavailable);
}

#[test]
fn jobs_of_a_category_are_one_range() {
    let config = config("layers: {one: {name: One, categories: [{name: unit}, {name: api}]}}");
    let special = FoundWork::from([(
        CategoryName::new("unit").unwrap(),
        Ok(vec![job().into(), job().into(), job().into()]),
    )]);
    let plan = plan_with(&config, Target::Mode("nightly".to_owned()), special);
    for (position, planned) in plan.categories.iter().enumerate() {
        let ix = apex_core::CategoryIx::at(position);
        let jobs: Vec<_> = plan.jobs_of(ix).collect();
        assert_eq!(jobs.len(), if planned.name.as_str() == "unit" { 3 } else { 1 });
        assert!(jobs.iter().all(|&job| plan.job(job).category == ix));
    }
}

#[test]
fn categories_by_name_follow_dependencies_then_priority_then_name() {
    let config = config(
        "
layers:
  one:
    name: One
    categories:
      - {name: api, priority: high, depends_on: [unit]}
      - {name: unit, priority: low}
      - {name: smoke, priority: critical}
      - {name: cli, priority: low}
",
    );
    let plan = categories(&config, &["api", "smoke", "cli"]);
    assert_eq!(names(&plan), ["smoke", "cli", "unit", "api"]);
    assert_eq!(plan.layers.len(), 1);
    assert_eq!(plan.layers[0].id.as_str(), "selection");
    assert_eq!(plan.layers[0].budget, None);
    let before = &category(&plan, "api").after;
    assert_eq!(plan.category(before[0]).name.as_str(), "unit");
}

#[test]
fn the_factor_of_a_mode_stretches_budgets_and_timeouts() {
    let config = config(
        "
layers: {one: {name: One, max_duration_minutes: 2, categories: [{name: unit, timeout_seconds: 30}]}}
modes: {careful: {layers: [one], timeout_multiplier: 3}}
",
    );
    let plan = plan_with(&config, Target::Mode("careful".to_owned()), FoundWork::new());
    assert_eq!(plan.layers[0].budget, Some(Duration::from_secs(360)));
    assert_eq!(plan.categories[0].timeout, Duration::from_secs(90));
}

#[test]
fn serial_names_and_needs_of_memory_reach_the_plan() {
    let config = config(
        "
layers:
  only:
    resource_limits: {max_memory_mb: 700}
    categories:
      - {name: plain}
      - {name: alone, serial: true, resource_requirements: {min_memory_mb: 300}}
      - {name: named, serial: database}
      - {name: both, serial: [database, port]}
      - {name: none, serial: false}
",
    );
    let plan = everything(&config);
    let holds = |name: &str| {
        let CategoryWork::Jobs { first, .. } = category(&plan, name).work else { panic!("{name}") };
        plan.job(first).holds.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ")
    };
    let held = ["plain", "alone", "named", "both", "none"].map(holds);
    assert_eq!(held, ["", "serial", "database", "database port", ""]);
    assert_eq!(category(&plan, "alone").memory_mb, 300);
    assert_eq!(category(&plan, "plain").memory_mb, 64);
    assert_eq!(layer(&plan, "only").max_memory_mb, Some(700));
    assert_eq!(plan.max_memory_mb, Some(6144));
}
