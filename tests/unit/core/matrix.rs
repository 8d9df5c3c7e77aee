//! Plans for several machines: which part of them each machine runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, CommandLine, ExecutionMode, FailFast, FlakyPolicy, LayerId, Priority,
    RetryCauses, RetryWhen, RunnerKind, SuccessCriteria,
};
use apex_core::plan::{
    CategoryWork, Forecast, JobSpec, PlannedCategory, PlannedJob, PlannedLayer, Standing, Work,
};
use apex_core::{CategoryIx, JobIx, LayerIx, Plan};
use apex_tests::random::Random;

/// A job of a test: its category, milliseconds, what it holds.
#[derive(Clone, Debug)]
struct Piece {
    category: usize,
    name: String,
    millis: u64,
    holds: Vec<&'static str>,
    is_optional: bool,
}

impl Piece {
    fn new(category: usize, name: &str, millis: u64) -> Self {
        Self { category, name: name.to_owned(), millis, holds: Vec::new(), is_optional: false }
    }

    fn holding(mut self, name: &'static str) -> Self {
        self.holds.push(name);
        self
    }

    fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }
}

fn job(piece: &Piece) -> PlannedJob {
    let spec = JobSpec {
        runner: RunnerKind::Command,
        working_directory: "".into(),
        work: Work::Command {
            command: CommandLine::Shell(piece.name.clone()),
            discover: None,
            report: None,
        },
        env: Arc::new(BTreeMap::new()),
        shard: None,
        part: None,
        found_by: "".into(),
    };
    let expected = Duration::from_millis(piece.millis);
    PlannedJob {
        forecast: Some(Forecast { expected, high: expected, runs: 3, peak_memory_mb: None }),
        holds: piece.holds.iter().map(|&name| name.into()).collect(),
        standing: if piece.is_optional { Standing::IfItFits } else { Standing::Required },
        ..PlannedJob::new(CategoryIx::at(piece.category), Vec::new(), spec)
    }
}

fn category(position: usize, layer: usize, work: CategoryWork) -> PlannedCategory {
    PlannedCategory {
        cutting: apex_core::plan::Cutting::default(),
        name: CategoryName::new(&format!("category{position}")).unwrap(),
        layer: LayerIx::at(layer),
        reason: "".into(),
        requested: true,
        named: false,
        priority: Priority::Medium,
        priority_order: 1,
        after: Vec::new(),
        conflicts: Vec::new(),
        parallel_safe: true,
        load: Vec::new(),
        exclusive: false,
        timeout: Duration::from_secs(60),
        grace: Duration::ZERO,
        slow_after: Duration::from_secs(60),
        no_output_timeout: None,
        max_parallel: 9,
        memory_mb: 0,
        retries: 0,
        retry_when: RetryWhen::AtEnd,
        retry_on: RetryCauses::default(),
        flaky: FlakyPolicy::Pass,
        critical: false,
        estimate: Duration::from_secs(1),
        fingerprint: None,
        is_sample: false,
        work,
    }
}

fn layer(position: usize) -> PlannedLayer {
    PlannedLayer {
        id: LayerId::new(&format!("layer{position}")).unwrap(),
        name: String::new(),
        reason: String::new(),
        priority: 1,
        execution_order: 1,
        phase: 0,
        after: Vec::new(),
        conflicts: Vec::new(),
        budget: None,
        retry_budget: None,
        execution_mode: ExecutionMode::Parallel,
        fail_fast: FailFast::Layer,
        background: false,
        max_parallel: 9,
        max_memory_mb: None,
        success: SuccessCriteria {
            min_pass_rate: 1.0,
            max_failures: 0,
            critical_tests_must_pass: true,
            allow_partial_success: false,
        },
        grace: Duration::ZERO,
        categories: Vec::new(),
    }
}

/// A plan of so many categories, two in each layer, on one slot.
fn plan(categories: usize, pieces: &[Piece]) -> Plan {
    let mut plan = Plan { slots: 1, ..Plan::default() };
    for position in 0..categories {
        if position % 2 == 0 {
            plan.layers.push(layer(position / 2));
        }
        let own: Vec<&Piece> = pieces.iter().filter(|piece| piece.category == position).collect();
        let work = if own.is_empty() {
            CategoryWork::Empty { looked: String::new() }
        } else {
            let first = JobIx::at(plan.jobs.len());
            CategoryWork::Jobs { first, count: own.len() as u32 }
        };
        plan.layers[position / 2].categories.push(CategoryIx::at(position));
        plan.categories.push(category(position, position / 2, work));
        plan.jobs.extend(own.into_iter().map(job));
    }
    plan
}

fn name(job: &PlannedJob) -> &str {
    match &job.spec.work {
        Work::Command { command: CommandLine::Shell(text), .. } => text,
        other => panic!("{other:?}"),
    }
}

/// The part of every job, by its name.
fn parts(plan: &Plan) -> BTreeMap<String, u32> {
    let parts = &plan.matrix.as_ref().unwrap().parts;
    plan.jobs.iter().zip(&**parts).map(|(job, part)| (name(job).to_owned(), *part)).collect()
}

fn digest(plan: &Plan) -> String {
    plan.matrix.as_ref().unwrap().digest.to_string()
}

/// Milliseconds that each part is expected to take.
fn loads(plan: &Plan) -> Vec<u64> {
    let loads = plan.matrix.as_ref().unwrap().loads.iter();
    loads.map(|load| u64::try_from(load.expected.as_millis()).unwrap()).collect()
}

fn random_pieces(random: &mut Random, categories: usize) -> Vec<Piece> {
    let count = random.within(1, 40) as usize;
    let piece = |at: usize, random: &mut Random| {
        let category = random.within(0, categories as u64 - 1) as usize;
        let mut piece = Piece::new(category, &format!("job{at}"), random.within(1, 400) * 10);
        if random.percent(15) {
            piece = piece.holding(random.pick(&["port", "disk"]));
        }
        if random.percent(20) { piece.optional() } else { piece }
    };
    (0..count).map(|at| piece(at, random)).collect()
}

fn random_plan(random: &mut Random) -> (Plan, Vec<Piece>) {
    let categories = random.within(1, 6) as usize;
    let pieces = random_pieces(random, categories);
    (related(plan(categories, &pieces), random), pieces)
}

/// Adds dependencies and conflicts, the same for the same numbers.
fn related(mut plan: Plan, random: &mut Random) -> Plan {
    for one in 1..plan.categories.len() {
        if one % 2 == 1 && random.percent(20) {
            plan.categories[one].after.push(CategoryIx::at(one - 1));
        }
        if random.percent(10) {
            plan.categories[one].conflicts.push(CategoryIx::at(0));
            plan.categories[0].conflicts.push(CategoryIx::at(one));
        }
    }
    for one in 1..plan.layers.len() {
        plan.layers[one].after.push(LayerIx::at(one - 1));
    }
    plan
}

#[test]
fn every_job_and_every_category_without_work_is_in_exactly_one_part() {
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let (plan, _) = random_plan(&mut random);
        let of = random.within(1, 5) as u32;
        let whole = plan.split_among(of);
        let mut jobs = BTreeSet::new();
        let mut without_work = Vec::new();
        for number in 1..=of {
            let part = whole.part(number);
            for one in &part.jobs {
                assert!(jobs.insert(name(one).to_owned()), "seed {seed}: {} twice", name(one));
            }
            let empty = part.categories.iter();
            let empty = empty.filter(|one| !matches!(one.work, CategoryWork::Jobs { .. }));
            without_work.extend(empty.map(|one| one.name.clone()));
            for (position, category) in part.categories.iter().enumerate() {
                let ix = CategoryIx::at(position);
                assert!(part.layer(category.layer).categories.contains(&ix), "seed {seed}");
                assert!(part.jobs_of(ix).all(|job| part.job(job).category == ix), "seed {seed}");
            }
        }
        assert_eq!(jobs.len(), whole.jobs.len(), "seed {seed}");
        without_work.sort();
        let expected = whole.categories.iter();
        let expected = expected.filter(|one| !matches!(one.work, CategoryWork::Jobs { .. }));
        let mut expected: Vec<CategoryName> = expected.map(|one| one.name.clone()).collect();
        expected.sort();
        assert_eq!(without_work, expected, "seed {seed}");
    }
}

#[test]
fn the_order_in_which_work_was_found_does_not_decide() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let categories = random.within(1, 6) as usize;
        let mut pieces = random_pieces(&mut random, categories);
        let relations = random.next();
        let split = |pieces: &[Piece]| {
            let plan = related(plan(categories, pieces), &mut Random::new(relations));
            parts(&plan.split_among(3))
        };
        let expected = split(&pieces);
        for at in (1..pieces.len()).rev() {
            pieces.swap(at, random.within(0, at as u64) as usize);
        }
        assert_eq!(split(&pieces), expected, "seed {seed}");
    }
}

#[test]
fn what_must_not_overlap_and_what_depends_on_each_other_stays_together() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let (plan, pieces) = random_plan(&mut random);
        let whole = plan.split_among(4);
        let parts = parts(&whole);
        let together = |names: Vec<&str>, why: &str| {
            let homes: BTreeSet<u32> = names.iter().map(|name| parts[*name]).collect();
            assert!(homes.len() < 2, "seed {seed}: {why}: {names:?} are in parts {homes:?}");
        };
        for held in ["port", "disk"] {
            let holding = pieces.iter().filter(|piece| piece.holds.contains(&held));
            together(holding.map(|piece| piece.name.as_str()).collect(), held);
        }
        let of = |category: CategoryIx| whole.jobs_of(category).map(|job| name(whole.job(job)));
        for (position, planned) in whole.categories.iter().enumerate() {
            for &other in planned.after.iter().chain(&planned.conflicts) {
                let names = of(CategoryIx::at(position)).chain(of(other)).collect();
                together(names, "a relation of categories");
            }
        }
    }
}

#[test]
fn no_part_takes_much_longer_than_the_best_split_would() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let count = random.within(1, 9) as usize;
        let of = random.within(2, 3) as u32;
        let millis: Vec<u64> = (0..count).map(|_| random.within(1, 100) * 10).collect();
        let pieces: Vec<Piece> =
            (0..count).map(|at| Piece::new(0, &format!("job{at}"), millis[at])).collect();
        let whole = plan(1, &pieces).split_among(of);
        let longest = loads(&whole).into_iter().max().unwrap();
        // Graham's bound: 4/3 - 1/(3 N) of the best.
        let bound = best(&millis, of as usize) * u64::from(4 * of - 1);
        assert!(longest * u64::from(3 * of) <= bound, "seed {seed}: {millis:?} on {of}: {longest}");
        assert_eq!(loads(&whole).iter().sum::<u64>(), millis.iter().sum::<u64>(), "seed {seed}");
    }
}

/// The least time in which so many machines can be done, by trying everything.
fn best(millis: &[u64], machines: usize) -> u64 {
    let ways = machines.pow(millis.len() as u32);
    let longest = |mut way: usize| {
        let mut sums = vec![0; machines];
        for one in millis {
            sums[way % machines] += one;
            way /= machines;
        }
        sums.into_iter().max().unwrap()
    };
    (0..ways).map(longest).min().unwrap()
}

#[test]
fn every_part_has_its_share_of_what_must_run() {
    let required = (0..4).map(|at| Piece::new(0, &format!("must{at}"), 100));
    let optional = (0..4).map(|at| Piece::new(0, &format!("may{at}"), 900).optional());
    let pieces: Vec<Piece> = required.chain(optional).collect();
    let parts = parts(&plan(1, &pieces).split_among(2));
    let in_first = |word: &str| {
        parts.iter().filter(|(name, part)| name.starts_with(word) && **part == 1).count()
    };
    assert_eq!((in_first("must"), in_first("may")), (2, 2));
}

#[test]
fn work_that_needs_a_machine_to_itself_counts_with_all_its_slots() {
    let alone = [Piece::new(0, "alone", 1000)];
    let others: Vec<Piece> = (0..8).map(|at| Piece::new(1, &format!("job{at}"), 500)).collect();
    let pieces: Vec<Piece> = alone.into_iter().chain(others).collect();
    let mut plan = plan(2, &pieces);
    plan.slots = 4;
    plan.categories[0].exclusive = true;
    let whole = plan.split_among(2);
    assert_eq!(loads(&whole), [1000, 1000], "one second alone is worth eight halves on four slots");
    assert_eq!(parts(&whole)["alone"], 1);
    assert_eq!(whole.part(1).jobs.len(), 1);
}

#[test]
fn jobs_that_hold_a_name_take_at_least_as_long_as_one_after_the_other() {
    let pieces = [
        Piece::new(0, "a", 300).holding("port"),
        Piece::new(0, "b", 300).holding("port"),
        Piece::new(0, "c", 100),
    ];
    let mut plan = plan(1, &pieces);
    plan.slots = 4;
    let whole = plan.split_among(2);
    assert_eq!(loads(&whole), [600, 100], "and a job as long as itself, however many slots");
}

#[test]
fn a_layer_waits_for_what_was_before_a_layer_that_is_in_another_part() {
    let pieces = [Piece::new(0, "a", 500), Piece::new(2, "b", 900), Piece::new(4, "c", 300)];
    let mut plan = plan(6, &pieces);
    plan.layers[1].after.push(LayerIx(0));
    plan.layers[2].after.push(LayerIx(1));
    for position in [1, 3, 5] {
        plan.categories[position].work = CategoryWork::Empty { looked: String::new() };
    }
    // `b` is the longest and has a part for itself; `a` and `c` share the other.
    let whole = plan.split_among(2);
    let second = whole.part(2);
    let ids: Vec<&str> = second.layers.iter().map(|layer| layer.id.as_str()).collect();
    assert_eq!(ids, ["layer0", "layer2"]);
    assert_eq!(second.layers[1].after, [LayerIx(0)]);
    assert!(second.is_part() && whole.is_joined());
    assert_eq!(
        second.notes,
        ["part 2 of 2: 2 of 3 jobs, about 0.8 s; the parts take 0.8 to 0.9 s"]
    );
}

#[test]
fn a_part_into_which_nothing_falls_is_empty_and_says_so() {
    let whole = plan(1, &[Piece::new(0, "a", 500)]).split_among(3);
    let third = whole.part(3);
    assert!(third.layers.is_empty() && third.jobs.is_empty());
    assert_eq!(third.notes, ["nothing falls into part 3 of 3; the 1 jobs are in other parts"]);
}

#[test]
fn the_digest_tells_what_the_split_was_made_from() {
    let pieces = [Piece::new(0, "a", 500), Piece::new(1, "b", 900)];
    let usual = plan(2, &pieces);
    let expected = digest(&usual.clone().split_among(2));
    assert_eq!(digest(&usual.clone().split_among(2)), expected);
    type Change = fn(&mut Plan);
    let others: [(&str, Change); 6] = [
        ("a duration", |plan| plan.jobs[0].forecast.as_mut().unwrap().expected *= 2),
        ("no duration", |plan| plan.jobs[0].forecast = None),
        ("the slots", |plan| plan.slots = 2),
        ("a selector", |plan| plan.request.selectors.push("a".to_owned())),
        ("the standing", |plan| plan.jobs[0].standing = Standing::IfItFits),
        ("work", |plan| {
            plan.jobs[0].spec.working_directory = "elsewhere".into();
        }),
    ];
    for (what, change) in others {
        let mut other = usual.clone();
        change(&mut other);
        assert_ne!(digest(&other.split_among(2)), expected, "{what}");
    }
    assert_ne!(digest(&usual.clone().split_among(3)), expected, "the number of parts");
    let same: [(&str, Change); 3] = [
        ("a difference that no machine repeats", |plan| {
            plan.jobs[0].forecast.as_mut().unwrap().expected += Duration::from_millis(2);
        }),
        ("an environment", |plan| {
            plan.jobs[0].spec.env = Arc::new([("HOME".to_owned(), "/home/a".to_owned())].into());
        }),
        ("the order of the jobs in a run", |plan| plan.jobs[0].turn = 7),
    ];
    for (what, change) in same {
        let mut other = usual.clone();
        change(&mut other);
        assert_eq!(digest(&other.split_among(2)), expected, "{what}");
    }
}
