//! The queue of background tasks: which facts fit, what is started next, what is not done twice.

use std::collections::BTreeMap;
use std::time::Duration;

use apex_core::RunId;
use apex_core::background::{
    End, Enqueued, Fact, Foreground, Order, Queue, Refusal, Room, Task, TaskId, TaskState,
    UnixMillis, Weight,
};

const ROOM: Room = Room { heavy: 1, light: 2, heavy_may_start: true };
const HOUR: Duration = Duration::from_secs(3_600);

fn order(task: &str) -> Order {
    Order {
        task: TaskId::new(task),
        title: task.to_owned(),
        selection: task.to_owned(),
        arguments: Vec::new(),
        env: BTreeMap::new(),
        commit: Some("c0ffee".to_owned()),
        is_changed: false,
        weight: Weight::Heavy,
        priority: 5,
        retries: 0,
        time_limit: None,
        patience: HOUR,
    }
}

fn queued(order: Order) -> Fact {
    Fact::Queued(Box::new(order))
}

fn started(task: &str) -> Fact {
    Fact::Started { task: TaskId::new(task), run: RunId::new(task) }
}

fn ended(task: &str, end: End) -> Fact {
    Fact::Ended { task: TaskId::new(task), end }
}

fn interrupted() -> End {
    End::Interrupted("why".to_owned())
}

/// A queue after facts, a millisecond each.
fn after(facts: Vec<Fact>) -> Queue {
    let mut queue = Queue::default();
    for (at, fact) in (0..).zip(facts) {
        queue.apply(UnixMillis(at), fact).expect("facts that fit");
    }
    queue
}

fn word(queue: &Queue, task: &str) -> &'static str {
    queue.task(&TaskId::new(task)).expect("a task").state.as_str()
}

fn next(queue: &Queue, room: Room) -> Option<String> {
    queue.next(room).map(|task: &Task| task.order.task.to_string())
}

#[test]
fn a_fact_that_cannot_have_happened_changes_nothing() {
    let before: [(&str, Vec<Fact>); 4] = [
        ("queued", vec![queued(order("a"))]),
        ("running", vec![queued(order("a")), started("a")]),
        ("finished", vec![queued(order("a")), started("a"), ended("a", End::Finished(1))]),
        ("interrupted", vec![queued(order("a")), started("a"), ended("a", interrupted())]),
    ];
    let facts = [
        started("a"),
        Fact::CancelAsked(TaskId::new("a")),
        ended("a", End::Finished(0)),
        ended("a", interrupted()),
        ended("a", End::Cancelled),
        ended("a", End::Expired),
        ended("a", End::TimedOut),
        Fact::Requeued(TaskId::new("a")),
    ];
    let fits = |state: &str, fact: &Fact| match fact {
        Fact::Started { .. } => state == "queued",
        Fact::CancelAsked(_) => state == "running",
        Fact::Ended { end: End::Cancelled, .. } => state != "finished",
        Fact::Ended { end: End::Expired, .. } => state == "queued",
        Fact::Ended { .. } => state == "running",
        Fact::Requeued(_) => state == "finished" || state == "interrupted",
        _ => false,
    };
    for (state, history) in before {
        for fact in &facts {
            let mut queue = after(history.clone());
            assert_eq!(word(&queue, "a"), state);
            let untouched = queue.clone();
            let answer = queue.apply(UnixMillis(9), fact.clone());
            assert_eq!(answer.is_ok(), fits(state, fact), "{fact:?} while {state}");
            assert!(answer.is_ok() || queue == untouched, "{fact:?} while {state}");
        }
    }
}

#[test]
fn the_same_work_is_not_done_twice() {
    let same = |other: Order| Order { selection: "work".to_owned(), ..other };
    let first = same(order("a"));
    let changed = Order { is_changed: true, ..first.clone() };
    let running = |order: &Order| vec![queued(order.clone()), started("a")];
    let again = || same(order("b"));
    let cases: [(&str, Vec<Fact>, Order, bool); 7] = [
        ("it waits", vec![queued(first.clone())], again(), true),
        ("it waits, with changes", vec![queued(changed.clone())], again(), true),
        ("it runs", running(&first), again(), true),
        ("it runs, with changes", running(&changed), again(), false),
        (
            "it is being cancelled",
            [running(&first), vec![Fact::CancelAsked(TaskId::new("a"))]].concat(),
            again(),
            false,
        ),
        (
            "another commit",
            vec![queued(first.clone())],
            Order { commit: Some("beef".to_owned()), ..again() },
            false,
        ),
        ("other work", vec![queued(first)], order("b"), false),
    ];
    for (name, history, order, is_same) in cases {
        let answer = after(history).enqueue(order).expect("room");
        assert_eq!(matches!(answer, Enqueued::Same(_)), is_same, "{name}: {answer:?}");
    }
}

#[test]
fn priority_decides_then_age_and_light_tasks_pass_heavy_ones() {
    let with = |task: &str, priority, weight| Order { priority, weight, ..order(task) };
    let heavy = [
        queued(with("late", 5, Weight::Heavy)),
        queued(with("first", 1, Weight::Heavy)),
        queued(with("second", 1, Weight::Heavy)),
    ];
    let mut queue = after(heavy.to_vec());
    assert_eq!(next(&queue, ROOM).as_deref(), Some("first"));
    queue.apply(UnixMillis(5), started("first")).expect("it waits");
    assert_eq!(next(&queue, ROOM), None, "one heavy task at a time");
    queue.apply(UnixMillis(6), queued(with("light", 9, Weight::Light))).expect("a new one");
    assert_eq!(next(&queue, ROOM).as_deref(), Some("light"));
    queue.apply(UnixMillis(7), ended("first", End::Finished(0))).expect("it runs");
    let hindered = Room { heavy_may_start: false, ..ROOM };
    assert_eq!(next(&queue, hindered).as_deref(), Some("light"), "a run in front is at risk");
    assert_eq!(next(&queue, ROOM).as_deref(), Some("second"));
}

#[test]
fn what_waits_longer_than_it_is_worth_expires() {
    let queue = after(vec![queued(order("a")), queued(order("b")), started("b")]);
    assert_eq!(queue.overdue(UnixMillis(0).plus(HOUR)), []);
    let late = UnixMillis(1).plus(HOUR);
    assert_eq!(queue.overdue(late), [ended("a", End::Expired)]);
}

#[test]
fn how_a_try_ended_is_told_by_its_exit_code_else_by_what_was_asked() {
    let limited = Order { time_limit: Some(HOUR), ..order("a") };
    let cases = [
        (Some(0), false, 1, End::Finished(0)),
        (Some(1), true, 1, End::Finished(1)),
        (Some(143), true, 1, End::Cancelled),
        (None, true, 1, End::Cancelled),
        (Some(143), false, 2, End::TimedOut),
        (None, false, 2, End::Interrupted("its process ended before its run did".to_owned())),
        (Some(137), false, 1, End::Interrupted("signal 9 ended its run".to_owned())),
        (None, false, 1, End::Interrupted("its process ended before its run did".to_owned())),
    ];
    for (exit_code, is_cancelled, hours, expected) in cases {
        let mut queue = after(vec![queued(limited.clone()), started("a")]);
        if is_cancelled {
            queue.apply(UnixMillis(3), Fact::CancelAsked(TaskId::new("a"))).expect("it runs");
        }
        let task = queue.task(&TaskId::new("a")).expect("a task");
        let now = UnixMillis(1).plus(HOUR * hours);
        assert_eq!(Queue::end_of_try(task, exit_code, now), expected, "{exit_code:?}");
    }
}

#[test]
fn only_what_could_not_run_is_tried_again_by_itself_and_not_for_ever() {
    for (code, is_again) in [(0, false), (1, false), (3, true), (4, false), (6, true)] {
        let order = Order { retries: 1, ..order("a") };
        let mut queue = after(vec![queued(order), started("a"), ended("a", End::Finished(code))]);
        let again = queue.follow_up(&TaskId::new("a"));
        assert_eq!(again.is_some(), is_again, "exit code {code}");
        if let Some(again) = again {
            queue.apply(UnixMillis(4), again).expect("it ended");
            let run = queue.task(&TaskId::new("a")).expect("a task").next_run();
            assert_eq!(run.as_str(), "a-2", "no run has the name of an earlier one");
            queue.apply(UnixMillis(5), started("a")).expect("it waits");
            queue.apply(UnixMillis(6), ended("a", End::Finished(code))).expect("it runs");
            assert_eq!(queue.follow_up(&TaskId::new("a")), None, "the retries are used up");
        }
    }
}

#[test]
fn requests_mean_what_the_state_of_a_task_allows() {
    let task = TaskId::new("a");
    let waits = vec![queued(order("a"))];
    let runs = [waits.clone(), vec![started("a")]].concat();
    let passed = [runs.clone(), vec![ended("a", End::Finished(0))]].concat();
    let failed = [runs.clone(), vec![ended("a", End::Finished(1))]].concat();
    let lost = [runs.clone(), vec![ended("a", interrupted())]].concat();
    let refused = |state| Refusal::NotNow { task: task.clone(), state };
    let cancelled = || Ok(ended("a", End::Cancelled));
    let again = || Ok(Fact::Requeued(task.clone()));
    let cases = [
        ("waits", waits, cancelled(), Err(refused("queued"))),
        ("runs", runs, Ok(Fact::CancelAsked(task.clone())), Err(refused("running"))),
        ("passed", passed, Err(refused("finished")), Err(refused("finished"))),
        ("failed", failed, Err(refused("finished")), again()),
        ("interrupted", lost, cancelled(), again()),
    ];
    for (name, history, cancel, retry) in cases {
        let queue = after(history);
        assert_eq!(queue.cancel(&task), cancel, "{name}");
        assert_eq!(queue.retry(&task), retry, "{name}");
    }
    let unknown = TaskId::new("b");
    assert_eq!(Queue::default().cancel(&unknown), Err(Refusal::Unknown(unknown)));
}

#[test]
fn a_task_runs_from_its_start_to_its_end() {
    let queue = after(vec![queued(order("a")), started("a")]);
    let task = queue.task(&TaskId::new("a")).expect("a task");
    let TaskState::Running { since, .. } = &task.state else { panic!("{:?}", task.state) };
    assert_eq!((*since, task.asked), (UnixMillis(1), UnixMillis(0)));
    assert!(queue.has_work());
}

#[test]
fn a_run_in_front_is_at_risk_when_it_will_use_most_of_its_budget() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let cases = [
        (None, Some(minutes(90)), minutes(80), false),
        (Some(minutes(10)), Some(minutes(5)), minutes(1), false),
        (Some(minutes(10)), Some(minutes(9)), minutes(1), true),
        (Some(minutes(10)), Some(minutes(5)), minutes(9), true),
        (Some(minutes(10)), None, minutes(3), false),
        (Some(minutes(10)), None, minutes(5), true),
    ];
    for (budget, expected, spent, is_at_risk) in cases {
        let front = Foreground { budget, expected, spent };
        assert_eq!(front.is_at_risk(), is_at_risk, "{front:?}");
    }
}
