//! Processes with everything below them, and how all of it is stopped and killed.

use std::collections::HashSet;

use rustix::process::{Pid, Signal, kill_process_group};

use super::signal;
use super::table::{self, Entry};

/// How often one call looks for processes that appeared since the look before. Each look stops
/// what it finds, so that only what is not found yet can go on starting more; the callers come
/// again until nothing is left.
const LOOKS: usize = 32;

/// Processes that one look takes in at most: no more than a machine can have (`pid_max`), so that
/// a walk through a storm ends.
const MOST: usize = 4_194_304;

/// These processes and everything below them, dead ones left out; each once.
pub(crate) fn below(roots: Vec<Entry>) -> Vec<Entry> {
    let mut seen: HashSet<i32> = roots.iter().map(|root| root.id).collect();
    let mut found = roots;
    let mut next = 0;
    while let Some(id) = found.get(next).map(|entry| entry.id)
        && found.len() < MOST
    {
        let children = table::children(id).into_iter().filter(|child| seen.insert(*child));
        found.extend(children.filter_map(Entry::of));
        next += 1;
    }
    found.retain(|entry| !entry.is_dead);
    found
}

/// Stops everything that `find` finds until it finds nothing new, then kills all of it. What is
/// stopped can neither start further processes nor reap those it has, so that their numbers stay
/// theirs.
pub(crate) fn kill(find: impl Fn() -> Vec<Entry>) {
    let mut stopped: HashSet<(i32, u64)> = HashSet::new();
    let mut found = Vec::new();
    for _ in 0..LOOKS {
        found = find();
        let fresh: Vec<&Entry> =
            found.iter().filter(|entry| stopped.insert((entry.id, entry.start))).collect();
        if fresh.is_empty() {
            break;
        }
        let groups = groups_of(&fresh);
        // The system stops all members of a group between two steps of any of them.
        groups.iter().for_each(|group| send_to_group(*group, Signal::STOP));
        for entry in fresh {
            if !groups.contains(&entry.group) {
                signal::send(entry, Signal::STOP);
            }
        }
    }
    for group in groups_of(&found.iter().collect::<Vec<_>>()) {
        send_to_group(group, Signal::KILL);
    }
    found.iter().for_each(|entry| signal::send(entry, Signal::KILL));
}

/// Groups that some of these processes lead: such a group was made below them, and nobody from
/// elsewhere is in it.
fn groups_of(entries: &[&Entry]) -> HashSet<i32> {
    entries.iter().filter(|entry| entry.id == entry.group).map(|entry| entry.group).collect()
}

fn send_to_group(group: i32, signal: Signal) {
    // The only error that can occur is that nobody is there any more.
    let _ = Pid::from_raw(group).map(|group| kill_process_group(group, signal));
}
