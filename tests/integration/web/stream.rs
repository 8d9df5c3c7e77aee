//! The stream: nothing lost, nothing doubled, nobody waits for anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use apex_monitor::web::Limits;
use apex_tests::processes::wait_until;
use apex_tests::random::Random;

use super::journal::Journal;
use super::place::{Client, LONG, Place};

/// Reads events from a number on, up to a number of them or the end.
fn read(client: &mut Client, mut next: u64, most: u64) -> (u64, bool) {
    for _ in 0..most {
        let Ok(line) = client.next() else { return (next, true) };
        if line["schema"] == "apex.stream/1" {
            assert_eq!(line["type"], "end", "{line}");
            assert_eq!(line["next"], next, "{line}");
            return (next, true);
        }
        assert_eq!(line["seq"], next, "lost or doubled");
        next += 1;
    }
    (next, false)
}

#[test]
fn a_snapshot_comes_first_and_then_every_event_behind_it() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    journal.run_tests(&[("a", "passed", ""), ("b", "failed", "boom")]);
    let mut client = place.stream("run=one");
    let snapshot = client.next().unwrap();
    assert_eq!(snapshot["schema"], "apex.view/1");
    assert_eq!(snapshot["state"], "running");
    assert_eq!(
        (&snapshot["tests"]["passed"], &snapshot["tests"]["failed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(snapshot["failed"][0]["message"], "boom");
    let next = snapshot["next"].as_u64().unwrap();
    assert_eq!(next, journal.next);
    journal.warn(100, 100);
    assert_eq!(read(&mut client, next, 100), (journal.next, false));
    journal.finish();
    assert_eq!(read(&mut client, journal.next - 1, 10), (journal.next, true));
    assert_eq!(client.closed_with(), 1000);
}

#[test]
fn the_newest_run_is_meant_when_none_is_named() {
    let place = Place::new();
    assert_eq!(place.try_stream("", &[]).err(), Some(404), "there is none");
    let _old = Journal::begin(place.state(), "a");
    let _new = Journal::begin(place.state(), "b");
    assert_eq!(place.stream("").next().unwrap()["run"], "b");
    assert_eq!(place.try_stream("run=c", &[]).err(), Some(404));
    for query in ["what=all", "catch_up=never", "what=view&from=1"] {
        assert_eq!(place.try_stream(query, &[]).err(), Some(400), "{query}");
    }
}

#[test]
fn reconnects_at_random_lose_nothing_and_double_nothing() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = {
        let is_over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            let mut random = Random::new(7);
            while !is_over.load(Ordering::Relaxed) {
                journal.warn(
                    random.within(0, 39),
                    80 + usize::try_from(random.within(0, 299)).unwrap(),
                );
                std::thread::sleep(Duration::from_millis(1));
            }
            journal.finish();
            journal.next
        })
    };
    let mut random = Random::new(11);
    let mut next = 0;
    for _ in 0..1_000 {
        let mut client = place.stream(&format!("run=one&from={next}"));
        // Cut in the middle of whatever is under way.
        (next, _) = read(&mut client, next, random.within(0, 59));
        drop(client);
    }
    is_over.store(true, Ordering::Relaxed);
    let all = writer.join().unwrap();
    let mut client = place.stream(&format!("run=one&from={next}"));
    assert_eq!(read(&mut client, next, u64::MAX), (all, true));
}

#[test]
fn a_client_reads_on_after_the_server_was_restarted() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    journal.warn(500, 100);
    let mut client = place.stream("run=one&from=0");
    let (next, _) = read(&mut client, 0, 200);
    let mut old = place.stream("run=one");
    old.next().unwrap();
    let place = place.restart();
    assert_eq!(old.closed_with(), 1012, "a server that ends says so");
    journal.warn(500, 100);
    journal.finish();
    let mut client = place.stream(&format!("run=one&from={next}"));
    assert_eq!(read(&mut client, next, u64::MAX), (journal.next, true));
}

#[test]
fn what_was_forgotten_is_read_from_the_journal_or_told_as_missed() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    // More than is kept in memory.
    for _ in 0..12 {
        journal.warn(1_000, 1_000);
    }
    let mut client = place.stream("run=one&from=3");
    assert_eq!(read(&mut client, 3, journal.next - 3), (journal.next, false));
    let mut client = place.stream("run=one&from=3&catch_up=snapshot");
    let missed = client.next().unwrap();
    assert_eq!((&missed["type"], &missed["from"]), (&"missed".into(), &3.into()));
    assert_eq!(missed["to"], journal.next - 1);
    let snapshot = client.next().unwrap();
    assert_eq!(
        (&snapshot["schema"], &snapshot["next"]),
        (&"apex.view/1".into(), &journal.next.into())
    );
    journal.warn(10, 100);
    assert_eq!(read(&mut client, journal.next - 10, 10), (journal.next, false));
    assert_eq!(place.json("/api/status")["missed_events"], journal.next - 10 - 3);
}

/// What this process has resident, in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn of_a_hundred_clients_neither_the_silent_nor_the_slow_one_holds_up_the_others() {
    // On a loaded machine, the test itself is slower than a server waits.
    let place = Place::with(Limits { patience: LONG * 10, ..Limits::default() });
    let mut journal = Journal::begin(place.state(), "one");
    let client = |_| place.stream("run=one&from=1");
    let silent: Vec<Client> = (0..20).map(client).collect();
    let mut slow = place.stream("run=one&from=1");
    let mut quick: Vec<Client> = (0..79).map(client).collect();
    let before = resident();
    // 24 MB: far more than sockets hold. Kept for each silent one it would be 480 MB; what other
    // tests of this process hold meanwhile counts, too.
    let all = 24 * 1_000;
    let mut read_by_slow = 1;
    for round in 0..24 {
        // Writing is all that the run does: it waits for nobody.
        journal.warn(1_000, 1_000);
        if round % 4 == 0 {
            (read_by_slow, _) = read(&mut slow, read_by_slow, 3);
        }
        for client in &mut quick {
            let first = 1 + round * 1_000;
            assert_eq!(read(client, first, 1_000), (first + 1_000, false));
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 240 << 20, "{} MiB more", grown >> 20);
    let status = place.json("/api/status");
    assert_eq!((&status["clients"], &status["missed_events"]), (&100.into(), &0.into()));
    journal.finish();
    // The slow one gets everything in the end, in its own time.
    assert_eq!(read(&mut slow, read_by_slow, u64::MAX), (all + 2, true));
    drop(silent);
    drop(quick);
    wait_until("the clients are gone", || place.json("/api/status")["clients"] == 0);
}

#[test]
fn a_view_comes_again_after_changes_and_the_last_one_is_the_end() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    let mut client = place.stream("run=one&what=view");
    assert_eq!(client.next().unwrap()["tests"]["selected"], 0);
    journal.run_tests(&[("a", "passed", ""); 50]);
    journal.finish();
    let mut last = None;
    while let Ok(line) = client.next() {
        if line["schema"] == "apex.view/1" {
            last = Some(line);
        } else {
            assert_eq!(line["type"], "end");
        }
    }
    let last = last.unwrap();
    assert_eq!((&last["tests"]["passed"], &last["verdict"]), (&50.into(), &"passed".into()));
}

#[test]
fn a_run_whose_apex_was_killed_is_lost_and_a_damaged_journal_is_told() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "killed");
    journal.warn(3, 100);
    drop(journal);
    let mut client = place.stream("run=killed&from=0");
    let mut end = client.next().unwrap();
    while end["schema"] != "apex.stream/1" {
        end = client.next().unwrap();
    }
    assert_eq!((&end["state"], &end["next"]), (&"lost".into(), &4.into()));
    assert_eq!(place.json("/api/runs/killed")["state"], "lost");

    let mut journal = Journal::begin(place.state(), "damaged");
    journal.next += 1;
    journal.warn(1, 100);
    let damaged = place.json("/api/runs/damaged");
    assert_eq!(damaged["state"], "damaged");
    assert!(damaged["damage"].as_str().unwrap().contains("event 1"), "{damaged}");
}

#[test]
fn a_client_that_takes_nothing_is_closed_when_the_patience_is_over() {
    let place = Place::with(Limits { patience: Duration::from_millis(300), ..Limits::default() });
    let mut journal = Journal::begin(place.state(), "one");
    let silent = place.stream("run=one&from=0");
    for _ in 0..20 {
        journal.warn(1_000, 1_000);
    }
    wait_until("it is closed", || place.json("/api/status")["clients"] == 0);
    drop(silent);
}
