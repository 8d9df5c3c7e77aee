//! Random plans: every mode, cap, dependency, conflict and limit that a plan can have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, CommandLine, ConflictResolution, ExecutionMode, FailFast, FailureLimits,
    FlakyPolicy, LayerId, Load, Priority, Quarantined, RetryCauses, RetryOn, RetryWhen, RunMode,
    RunnerKind, ServiceName, SuccessCriteria,
};
use apex_core::plan::{
    CategoryWork, Cutting, Forecast, JobSpec, Plan, PlannedCategory, PlannedJob, PlannedLayer,
    PlannedService, ServiceScope, Standing, Work,
};
use apex_core::{CategoryIx, JobIx, LayerIx, ServiceIx};

use apex_tests::random::Random;

use super::crowds;

/// How much of everything a random plan may have.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Whether time limits may be shorter than the work.
    pub tight_limits: bool,
}

pub fn random_plan(random: &mut Random, shape: Shape) -> Plan {
    let mut plan = any_plan(random, shape);
    if random.percent(4) {
        crowds::around_one(random, &mut plan);
    }
    plan
}

fn any_plan(random: &mut Random, shape: Shape) -> Plan {
    let mut plan = Plan {
        slots: random.within(1, 5) as u32,
        run_mode: random.pick(&[
            RunMode::Sequential,
            RunMode::Waterfall,
            RunMode::WaterfallWithBackground,
            RunMode::Parallel,
        ]),
        admission: random.pick(&[
            ConflictResolution::PriorityBased,
            ConflictResolution::FirstComeFirstServe,
            ConflictResolution::RoundRobin,
        ]),
        ..Plan::default()
    };
    if random.percent(20) {
        plan.inter_layer_delay = Duration::from_secs(random.within(1, 5));
    }
    if shape.tight_limits && random.percent(15) {
        plan.budget = Some(Duration::from_secs(random.within(1, 120)));
    }
    if random.percent(40) {
        plan.slots_up_to = plan.slots + random.within(0, 4) as u32;
    }
    if random.percent(30) {
        plan.max_memory_mb = Some(random.within(4, 30) as u32 * 100);
    }
    if random.percent(15) {
        plan.quarantine.push(quarantine_of_every_second_test());
    }
    if random.percent(80) {
        plan.failure_limits = failure_limits(random);
    }
    services(random, &mut plan);
    for position in 0..random.within(1, 4) as usize {
        layer(random, &mut plan, position, shape);
    }
    conflicts(random, &mut plan);
    own_services(random, &mut plan);
    for job in (0..plan.jobs.len()).filter(|_| random.percent(10)) {
        // The first test of the job, whatever its attempts find.
        plan.known_flaky.push((plan.jobs[job].category, format!("{job}::0").into()));
    }
    plan.known_flaky.sort();
    plan
}

/// Limits that a few tests within seconds can reach.
fn failure_limits(random: &mut Random) -> FailureLimits {
    FailureLimits {
        critical_failures: random.within(1, 3) as u32,
        in_a_row: random.within(1, 4) as u32,
        share: random.pick(&[0.02, 0.1, 0.25, 0.3, 0.5]),
        window: Duration::from_secs(random.within(1, 30)),
        least_results: random.within(1, 8) as u32,
    }
}

fn retry_causes(random: &mut Random) -> RetryCauses {
    if random.percent(60) {
        return RetryCauses::default();
    }
    RetryCauses::of(RetryOn::ALL.into_iter().filter(|_| random.percent(50)))
}

fn quarantine_of_every_second_test() -> Quarantined {
    Quarantined {
        test: "*::1".to_owned(),
        category: None,
        owner: "somebody".to_owned(),
        reason: "unsteady".to_owned(),
        expires: "2999-01-01".to_owned(),
    }
}

fn services(random: &mut Random, plan: &mut Plan) {
    if random.percent(60) {
        return;
    }
    for position in 0..random.within(1, 3) as usize {
        let after = (0..position).filter(|_| random.percent(40)).map(ServiceIx::at).collect();
        plan.services.push(PlannedService {
            name: ServiceName::new(&format!("service{position}")).unwrap(),
            after,
            ready_within: Duration::from_secs(10),
            reason: String::new(),
            scope: ServiceScope::Run,
            memory_mb: if random.percent(30) { random.within(1, 2000) as u32 } else { 0 },
        });
    }
}

/// Gives each layer or category an own one of some services that nothing else depends on.
fn own_services(random: &mut Random, plan: &mut Plan) {
    for position in 0..plan.services.len() {
        let shared = ServiceIx::at(position);
        let is_needed = plan.services.iter().any(|service| service.after.contains(&shared));
        if is_needed || random.percent(50) {
            continue;
        }
        let of_layers = random.percent(50);
        for job in 0..plan.jobs.len() {
            let category = plan.category(plan.jobs[job].category);
            let scope = if of_layers {
                ServiceScope::Layer(plan.layer(category.layer).id.clone())
            } else {
                ServiceScope::Category(category.name.clone())
            };
            let Some(at) = plan.jobs[job].services.iter().position(|&one| one == shared) else {
                continue;
            };
            let own = PlannedService { scope, ..plan.services[position].clone() };
            let is_it = |one: &PlannedService| one.name == own.name && one.scope == own.scope;
            let known = plan.services.iter().position(is_it).unwrap_or_else(|| {
                plan.services.push(own.clone());
                plan.services.len() - 1
            });
            plan.jobs[job].services[at] = ServiceIx::at(known);
        }
    }
}

fn layer(random: &mut Random, plan: &mut Plan, position: usize, shape: Shape) {
    let after: Vec<LayerIx> =
        (0..position).filter(|_| random.percent(45)).map(LayerIx::at).collect();
    let phase = after.iter().map(|&before| plan.layer(before).phase + 1).max().unwrap_or(0);
    let conflicts = (0..position).filter(|_| random.percent(10)).map(LayerIx::at).collect();
    let first = plan.categories.len();
    let count = random.within(1, 4) as usize;
    let ix = LayerIx::at(position);
    let budget = if shape.tight_limits && random.percent(40) {
        Some(Duration::from_secs(random.within(1, 60)))
    } else {
        random.percent(50).then(|| Duration::from_secs(100_000))
    };
    let execution_mode =
        random.pick(&[ExecutionMode::Sequential, ExecutionMode::Parallel, ExecutionMode::Hybrid]);
    plan.layers.push(PlannedLayer {
        id: LayerId::new(&format!("layer{position}")).unwrap(),
        name: String::new(),
        reason: String::new(),
        priority: random.within(1, 3) as u8,
        execution_order: random.within(1, 3) as u8,
        phase,
        after,
        conflicts,
        budget,
        retry_budget: random.percent(40).then(|| Duration::from_secs(random.within(0, 12))),
        execution_mode,
        fail_fast: random.pick(&FailFast::ALL),
        background: random.percent(25),
        max_parallel: random.within(1, 4) as u32,
        max_memory_mb: random.percent(40).then(|| random.within(4, 20) as u32 * 100),
        success: SuccessCriteria {
            min_pass_rate: random.pick(&[0.0, 0.5, 0.95, 1.0]),
            max_failures: random.within(0, 5) as u32,
            critical_tests_must_pass: random.percent(50),
            allow_partial_success: random.percent(30),
        },
        grace: Duration::from_secs(random.within(0, 10)),
        categories: (first..first + count).map(CategoryIx::at).collect(),
    });
    let mut order = 1;
    for member in 0..count {
        order += random.within(0, 1) as u32;
        // Dependencies inside a layer go with the parallel mode; other modes have an own order.
        let may_depend = execution_mode == ExecutionMode::Parallel;
        category(random, plan, Place { layer: ix, member, order, may_depend, shape });
    }
}

struct Place {
    layer: LayerIx,
    member: usize,
    order: u32,
    may_depend: bool,
    shape: Shape,
}

fn category(random: &mut Random, plan: &mut Plan, place: Place) {
    let ix = CategoryIx::at(plan.categories.len());
    let first_member = ix.position() - place.member;
    let after: Vec<CategoryIx> = (first_member..ix.position())
        .filter(|_| place.may_depend && random.percent(25))
        .map(CategoryIx::at)
        .collect();
    let left_out_too = after.iter().any(|&before| may_be_left_out(plan, before));
    let timeout = if place.shape.tight_limits && random.percent(25) {
        Duration::from_secs(random.within(1, 30))
    } else {
        Duration::from_secs(100_000)
    };
    let work = match random.within(0, 20) {
        0 => CategoryWork::Empty { looked: String::new() },
        1 if place.shape.tight_limits => CategoryWork::Unavailable { reason: String::new() },
        2 => CategoryWork::Skipped { reason: String::new() },
        _ => {
            let first = JobIx::at(plan.jobs.len());
            // Crowds, so that there is somebody to pass over.
            let count = if random.percent(8) { random.within(10, 40) } else { random.within(1, 3) };
            for _ in 0..count {
                job(random, plan, ix, left_out_too);
            }
            cut_on_trust(random, plan, first);
            CategoryWork::Jobs { first, count: count as u32 }
        }
    };
    let marks = [Load::Memory, Load::Cpu, Load::Database, Load::Network];
    plan.categories.push(PlannedCategory {
        name: CategoryName::new(&format!("category{}", ix.0)).unwrap(),
        layer: place.layer,
        reason: "".into(),
        requested: true,
        named: random.percent(10),
        priority: Priority::Medium,
        priority_order: place.order,
        after,
        conflicts: Vec::new(),
        parallel_safe: random.percent(85),
        load: marks.into_iter().filter(|_| random.percent(15)).collect(),
        exclusive: random.percent(5),
        timeout,
        slow_after: Duration::from_millis(random.within(100, 8_000)),
        no_output_timeout: random
            .percent(50)
            .then(|| Duration::from_millis(random.within(1_000, 60_000))),
        grace: Duration::from_secs(random.within(0, 10)),
        max_parallel: random.within(1, 3) as u32,
        memory_mb: random.within(0, 6) as u32 * 100,
        retries: if random.percent(30) { random.within(1, 2) as u32 } else { 0 },
        retry_when: random.pick(&[RetryWhen::AtOnce, RetryWhen::AtEnd]),
        retry_on: retry_causes(random),
        flaky: random.pick(&[FlakyPolicy::Pass, FlakyPolicy::Warn, FlakyPolicy::Fail]),
        critical: random.percent(10),
        estimate: Duration::from_secs(1),
        fingerprint: None,
        is_sample: false,
        cutting: Cutting::AsWritten,
        work,
    });
}

fn job(random: &mut Random, plan: &mut Plan, category: CategoryIx, left_out_too: bool) {
    let mut services: Vec<ServiceIx> =
        (0..plan.services.len()).filter(|_| random.percent(30)).map(ServiceIx::at).collect();
    // A job names its services with everything these need.
    for position in (0..plan.services.len()).rev() {
        if services.contains(&ServiceIx::at(position)) {
            for &before in &plan.services[position].after {
                if !services.contains(&before) {
                    services.push(before);
                }
            }
        }
    }
    let names = if random.percent(30) { random.within(1, 2) } else { 0 };
    let holds = (0..names).map(|_| random.pick(&["port", "database", "disk"]).into()).collect();
    let turn = if random.percent(50) { random.within(0, 9) as u32 } else { 0 };
    let forecast = random.percent(40).then(|| forecast(random));
    let standing =
        if left_out_too || random.percent(25) { Standing::IfItFits } else { Standing::Required };
    let job = PlannedJob::new(category, services, trivial_spec());
    plan.jobs.push(PlannedJob { holds, turn, forecast, standing, ..job });
}

/// Makes some jobs of a category, from this one on, parts of one work or of two.
fn cut_on_trust(random: &mut Random, plan: &mut Plan, first: JobIx) {
    if random.percent(60) {
        return;
    }
    let works = random.within(1, 2);
    for job in &mut plan.jobs[first.position()..] {
        let folder = format!("work{}", random.within(1, works)).into();
        let whole = JobSpec { working_directory: folder, ..trivial_spec() };
        job.undivided = random.percent(90).then(|| Arc::new(whole));
    }
}

/// Whether a category may be left out as a whole, so that what needs it has to be, too.
fn may_be_left_out(plan: &Plan, category: CategoryIx) -> bool {
    let mut jobs = plan.jobs_of(category).peekable();
    jobs.peek().is_some() && jobs.all(|job| plan.job(job).standing == Standing::IfItFits)
}

fn forecast(random: &mut Random) -> Forecast {
    // Some are expected to take longer than any budget.
    let longest = if random.percent(8) { 200_000 } else { 20 };
    let expected = Duration::from_secs(random.within(1, longest));
    Forecast {
        expected,
        high: expected * random.within(1, 3) as u32,
        runs: random.within(1, 20) as u32,
        peak_memory_mb: random.percent(50).then(|| random.within(0, 12) as u32 * 100),
    }
}

pub fn trivial_spec() -> JobSpec {
    JobSpec {
        runner: RunnerKind::Command,
        working_directory: "".into(),
        work: Work::Command {
            command: CommandLine::Shell(String::new()),
            discover: None,
            report: None,
        },
        env: Arc::new(BTreeMap::new()),
        shard: None,
        part: None,
        found_by: "".into(),
    }
}

fn conflicts(random: &mut Random, plan: &mut Plan) {
    let count = plan.categories.len();
    for one in 0..count {
        for other in 0..one {
            if random.percent(6) {
                plan.categories[one].conflicts.push(CategoryIx::at(other));
                plan.categories[other].conflicts.push(CategoryIx::at(one));
            }
        }
    }
    // A layer's conflicts hold both ways.
    for one in 0..plan.layers.len() {
        for other in plan.layers[one].conflicts.clone() {
            plan.layers[other.position()].conflicts.push(LayerIx::at(one));
        }
    }
}
