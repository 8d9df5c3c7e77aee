//! The queue in random worlds: people ask, cancel and try again; supervisors start and are lost;
//! runs end in every way. An oracle that reads nothing but the facts judges what was written.
//!
//! `APEX_SIMULATION_RUNS=n` changes the number of worlds, `APEX_SIMULATION_SEED=n` repeats one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use apex_core::background::{
    End, Enqueued, Fact, Order, Queue, Room, TaskId, TaskState, UnixMillis, Weight,
};
use apex_tests::random::Random;

use super::times;

/// Worlds, unless the variable says something else.
const WORLDS: u32 = 300;

/// Steps of a world in which things happen, and steps in which it may come to rest.
const STEPS: u64 = 400;
const REST: u64 = 2_000;

/// A world: the queue, and what really goes on.
struct World {
    random: Random,
    queue: Queue,
    facts: Vec<(UnixMillis, Fact)>,
    /// Runs that really go on.
    alive: BTreeSet<TaskId>,
    now: UnixMillis,
    room: Room,
    asked: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (heavy, light) = (random.within(1, 2) as u32, random.within(1, 3) as u32);
        let room = Room { heavy, light, heavy_may_start: true };
        let (queue, now) = (Queue::default(), UnixMillis(0));
        let (facts, alive) = (Vec::new(), BTreeSet::new());
        Self { random, queue, facts, alive, now, room, asked: 0 }
    }

    fn write(&mut self, fact: Fact) {
        self.queue.apply(self.now, fact.clone()).expect("decisions fit the state");
        self.facts.push((self.now, fact));
    }

    fn ask(&mut self) {
        self.asked += 1;
        let random = &mut self.random;
        let order = Order {
            task: TaskId::new(&format!("t{:05}", self.asked)),
            title: String::new(),
            selection: random.within(0, 6).to_string(),
            arguments: Vec::new(),
            env: BTreeMap::new(),
            commit: random.percent(80).then(|| random.within(0, 2).to_string()),
            is_changed: random.percent(30),
            weight: random.pick(&[Weight::Heavy, Weight::Light]),
            priority: random.within(1, 9) as u8,
            retries: random.within(0, 2) as u32,
            time_limit: random.percent(30).then(|| Duration::from_secs(random.within(1, 20))),
            patience: Duration::from_secs(random.within(5, 60)),
        };
        if let Enqueued::New(fact) = self.queue.enqueue(order).expect("room") {
            self.write(fact);
        }
    }

    fn someone(&mut self) -> Option<TaskId> {
        let count = self.queue.tasks().len() as u64;
        let at = if count == 0 { return None } else { self.random.within(0, count - 1) };
        Some(self.queue.tasks()[at as usize].order.task.clone())
    }

    /// A look of a supervisor: ends are written down, what is unwanted ends, what is due starts.
    fn supervise(&mut self) {
        for fact in self.queue.overdue(self.now) {
            self.write(fact);
        }
        let unwanted: Vec<TaskId> =
            self.queue.unwanted(self.now).map(|task| task.order.task.clone()).collect();
        for task in unwanted {
            if self.alive.contains(&task) {
                self.end(&task, Some(143));
            }
        }
        let lost: Vec<TaskId> = self.queue.running().map(|task| task.order.task.clone()).collect();
        for task in lost {
            if !self.alive.contains(&task) {
                self.end(&task, None);
            }
        }
        self.room.heavy_may_start = self.random.percent(70);
        while let Some(task) = self.queue.next(self.room) {
            let (task, run) = (task.order.task.clone(), task.next_run());
            self.write(Fact::Started { task: task.clone(), run });
            if self.random.percent(95) {
                self.alive.insert(task);
            }
        }
    }

    fn end(&mut self, task: &TaskId, exit_code: Option<u8>) {
        self.alive.remove(task);
        let found = self.queue.task(task).expect("a task");
        let end = Queue::end_of_try(found, exit_code, self.now);
        self.write(Fact::Ended { task: task.clone(), end });
        if let Some(again) = self.queue.follow_up(task) {
            self.write(again);
        }
    }

    fn step(&mut self, people_are_there: bool) {
        self.now = self.now.plus(Duration::from_millis(self.random.within(1, 2_000)));
        match self.random.within(0, 9) {
            0 | 1 if people_are_there => self.ask(),
            2 if people_are_there => {
                if let Some(task) = self.someone()
                    && let Ok(fact) = self.queue.cancel(&task)
                {
                    self.write(fact);
                }
            }
            3 if people_are_there => {
                if let Some(task) = self.someone()
                    && let Ok(fact) = self.queue.retry(&task)
                {
                    self.write(fact);
                }
            }
            4 | 5 => {
                if let Some(task) = self.alive.iter().next().cloned() {
                    let code = self.random.pick(&[0, 0, 1, 3, 6, 130, 137]);
                    self.end(&task, Some(code));
                }
            }
            // A run is lost without a word.
            6 => drop(self.alive.pop_first()),
            _ => self.supervise(),
        }
    }
}

/// What the oracle knows of a task: nothing but facts.
#[derive(Default)]
struct Known {
    is_running: bool,
    has_ended: bool,
    is_cancel_asked: bool,
    runs: BTreeSet<String>,
    tries_since_asked: u32,
    last_end: Option<End>,
}

/// What is wrong with a stream of facts.
fn judge(facts: &[(UnixMillis, Fact)], room: Room) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut orders: BTreeMap<TaskId, Order> = BTreeMap::new();
    let mut known: BTreeMap<TaskId, Known> = BTreeMap::new();
    for (at, fact) in facts {
        let mut law = |holds: bool, law: &str| {
            if !holds {
                wrong.push(format!("{law}: {fact:?} at {at:?}"));
            }
        };
        if let Fact::Queued(order) = fact {
            law(!orders.contains_key(&order.task), "a task is asked for once");
            orders.insert(order.task.clone(), (**order).clone());
        }
        let order = &orders[fact.task()];
        let one = known.entry(fact.task().clone()).or_default();
        match fact {
            Fact::Queued(_) | Fact::Spawned { .. } => {}
            Fact::Started { run, .. } => {
                law(!one.is_running && !one.has_ended, "only what waits starts");
                law(one.runs.insert(run.to_string()), "no run has the name of another one");
                (one.is_running, one.is_cancel_asked) = (true, false);
                one.tries_since_asked += 1;
                law(one.tries_since_asked <= order.retries + 1, "tries are bounded");
            }
            Fact::CancelAsked(_) => {
                law(one.is_running, "only what runs is asked to end");
                one.is_cancel_asked = true;
            }
            Fact::Ended { end, .. } => {
                let is_lost = matches!(one.last_end, Some(End::Interrupted(_)));
                let fits = match end {
                    End::Expired => !one.is_running && !one.has_ended,
                    End::Cancelled if one.is_running => one.is_cancel_asked,
                    End::Cancelled => !one.has_ended || is_lost,
                    _ => one.is_running,
                };
                law(fits, "an end fits what went before");
                law(
                    !(one.is_cancel_asked && matches!(end, End::Interrupted(_) | End::TimedOut)),
                    "what was cancelled is not told as something else",
                );
                (one.is_running, one.has_ended) = (false, true);
                one.last_end = Some(end.clone());
            }
            Fact::Requeued(_) => {
                law(one.has_ended, "only what ended is tried again");
                law(one.last_end != Some(End::Finished(0)), "a pass is not tried again");
                let by_itself = matches!(one.last_end, Some(End::Finished(3 | 6)));
                if !by_itself || one.tries_since_asked > order.retries {
                    one.tries_since_asked = 0;
                }
                one.has_ended = false;
            }
        }
        let running = |weight| {
            let of = |task: &&TaskId| orders[task].weight == weight;
            known.iter().filter(|(_, one)| one.is_running).map(|(task, _)| task).filter(of).count()
        };
        let (heavy, light) = (running(Weight::Heavy), running(Weight::Light));
        if heavy > room.heavy as usize || light > room.light as usize {
            wrong.push(format!("{heavy} heavy and {light} light ones run at once"));
        }
    }
    wrong
}

#[test]
fn in_random_worlds_every_task_comes_to_one_end_and_no_law_is_broken() {
    let seeds = match std::env::var("APEX_SIMULATION_SEED").ok().and_then(|text| text.parse().ok())
    {
        Some(seed) => seed..seed + 1,
        None => 0..u64::from(times("APEX_SIMULATION_RUNS", WORLDS)),
    };
    for seed in seeds {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step(true));
        for _ in 0..REST {
            world.step(false);
        }
        let wrong = judge(&world.facts, world.room);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        let open: Vec<&TaskState> = world
            .queue
            .tasks()
            .iter()
            .map(|task| &task.state)
            .filter(|one| !one.is_ended())
            .collect();
        assert!(open.is_empty(), "seed {seed}: still open: {open:?}");
        let mut read = Queue::default();
        for (at, fact) in world.facts {
            read.apply(at, fact).expect("what was written can be read");
        }
        assert_eq!(read, world.queue, "seed {seed}: the facts are all there is to know");
    }
}
